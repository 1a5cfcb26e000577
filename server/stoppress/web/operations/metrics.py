"""`/metrics`, for Prometheus and not for the public: what a node has counted, and what there is now."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from ipaddress import ip_address

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress.sync.follower import Follower
from stoppress.telemetry.counts import Counts
from stoppress.telemetry.metrics import CONTENT_TYPE, State, exposition
from stoppress.telemetry.worker_metrics import MetricsExchange, WorkerId
from stoppress.web.bearer import check_bearer
from stoppress.web.operations.health import Health
from stoppress.web.problems import HTTPError
from stoppress.wire.encodings import Compression, WebSocket

_PROXIED = ("forwarded", "via", "x-forwarded-for", "x-real-ip")
"""Headers that proxies add to a request."""

_LABELS = [
    ("websocket", codec, compression.name.lower())
    for codec in ("json", "msgpack", "html")
    for compression in Compression
]
"""The transport, encoding and compression of readers."""


class Metrics:
    """The metrics of a node, or of all workers if it is one of several.

    Args:
        blogs: how many blogs are named, those with most readers.
        token: must come as `Authorization: Bearer`; if empty, only this machine may read, and not through a proxy.
    """

    def __init__(
        self, follower: Follower, counts: Counts, health: Health, blogs: int, token: str, worker: WorkerId | None
    ) -> None:
        self.exchange = MetricsExchange(worker, self._own) if worker else None
        self._follower = follower
        self._counts = counts
        self._health = health
        self._blogs = blogs
        self._token = token

    def routes(self) -> list[Route]:
        return [Route("/metrics", self.metrics, methods=["GET"])]

    async def metrics(self, request: Request) -> Response:
        """Return the metrics in Prometheus's text format. Raises `HTTPError` (401, 403)."""
        if self._token:
            advice = "Send the token of STOPPRESS_METRICS_TOKEN_FILE as `Authorization: Bearer TOKEN`."
            check_bearer(request.headers, [self._token], advice, "stoppress metrics")
        elif not _is_local(request):
            raise HTTPError(403, "Metrics are only for this machine. For others, set STOPPRESS_METRICS_TOKEN_FILE.")
        text = await (self.exchange.collect() if self.exchange else self._own())
        return Response(text, 200, {"cache-control": "no-store"}, media_type=CONTENT_TYPE)

    async def _own(self) -> bytes:
        ready = await self._health.problem() is None
        hubs = self._follower.hubs
        readers = dict.fromkeys(_LABELS, 0)
        for hub in hubs:
            for encoding, number in hub.census().items():
                assert isinstance(encoding, WebSocket)
                readers["websocket", encoding.codec.name, encoding.compression.name.lower()] += number
        for transport in ("sse", "long_poll"):
            readers[transport, "json", "none"] = self._counts.open[transport]
        largest = Counter({hub.replica.blog: hub.reader_count for hub in hubs}) if self._blogs else Counter[str]()
        state = State(
            ready=ready,
            store_up=self._health.store_up,
            blogs=len(hubs),
            behind=self._follower.behind,
            damaged=self._follower.damaged,
            clock_skew=self._health.clock_skew,
            slow=sum(hub.slow_count for hub in hubs),
            tasks=len(asyncio.all_tasks()),
            readers=readers,
            blog_readers=dict(largest.most_common(self._blogs)),
        )
        return exposition(self._counts, state)


def _is_local(request: Request) -> bool:
    """Return whether a request comes from this machine, is for this machine, and passed no proxy."""
    client = request.client.host if request.client else ""
    host = re.sub(r":\d+$", "", request.headers.get("host", "")).strip("[]")
    return _is_loopback(client) and _is_loopback(host) and not any(name in request.headers for name in _PROXIED)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
