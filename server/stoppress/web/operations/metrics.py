"""`/metrics`, for Prometheus and not for the public."""

from __future__ import annotations

import asyncio
import hmac
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from ipaddress import ip_address

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress.sync.follower import Follower
from stoppress.telemetry.counts import Counts
from stoppress.telemetry.metrics import CONTENT_TYPE, State, exposition
from stoppress.web.operations.health import Health
from stoppress.web.problems import HTTPError
from stoppress.wire.encodings import WEBSOCKET, Encoding

PROXIED = ("forwarded", "via", "x-forwarded-for", "x-real-ip")
"""Headers that proxies add to a request."""

LABELS: dict[Encoding, tuple[str, str, str]] = {
    encoding: ("websocket", encoding.codec.name, compression.name.lower())
    for (_, compression), encoding in WEBSOCKET.items()
}
"""The labels transport, encoding and compression of WebSocket readers."""


class Metrics:
    """The handler.

    Args:
        follower: has the readers.
        counts: has the counters.
        health: checks whether the node is ready.
        token: must come as `Authorization: Bearer`; if empty, only this machine may read, and not through a proxy.
        blogs: the number of blogs that are named, those with the most readers first.
    """

    def __init__(self, follower: Follower, counts: Counts, health: Health, token: str, blogs: int) -> None:
        self._follower = follower
        self._counts = counts
        self._health = health
        self._token = token
        self._blogs = blogs
        self.all: Callable[[], Awaitable[bytes]] = self.own
        """Returns the metrics to answer with: those of all workers if there are several."""

    def routes(self) -> list[Route]:
        return [Route("/metrics", self.metrics, methods=["GET"])]

    async def metrics(self, request: Request) -> Response:
        """Return the metrics in Prometheus's text format."""
        self._authorise(request)
        return Response(await self.all(), 200, {"cache-control": "no-store"}, media_type=CONTENT_TYPE)

    def _authorise(self, request: Request) -> None:
        """Raise `HTTPError` (401, 403) if the request may not read the metrics."""
        if self._token:
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not hmac.compare_digest(self._token.encode(), token.strip().encode()):
                advice = "Send the token of STOPPRESS_METRICS_TOKEN_FILE as `Authorization: Bearer TOKEN`."
                raise HTTPError(401, advice, {"www-authenticate": 'Bearer realm="stoppress metrics"'})
        elif not _is_local(request):
            raise HTTPError(403, "Metrics are only for this machine. For others, set STOPPRESS_METRICS_TOKEN_FILE.")

    async def own(self) -> bytes:
        """Return the metrics of this process."""
        problem = await self._health.problem()
        return exposition(self._counts, self._state(ready=problem is None, store_up=self._health.store_up))

    def _state(self, *, ready: bool, store_up: bool) -> State:
        hubs = self._follower.hubs
        readers = dict.fromkeys(LABELS.values(), 0)
        for hub in hubs:
            for encoding, number in hub.census().items():
                readers[LABELS[encoding]] += number
        for transport in ("sse", "long_poll"):
            readers[transport, "json", "none"] = self._counts.open[transport]
        largest = Counter({hub.replica.blog: hub.reader_count for hub in hubs}) if self._blogs else Counter[str]()
        return State(
            ready=ready,
            store_up=store_up,
            blogs=len(hubs),
            behind=self._follower.behind,
            slow=sum(hub.slow_count for hub in hubs),
            tasks=len(asyncio.all_tasks()),
            readers=readers,
            blog_readers=dict(largest.most_common(self._blogs)),
        )


def _is_local(request: Request) -> bool:
    """Return whether a request comes from this machine, is for this machine, and passed no proxy."""
    client = request.client.host if request.client else ""
    host = re.sub(r":\d+$", "", request.headers.get("host", "")).strip("[]")
    return _is_loopback(client) and _is_loopback(host) and not any(name in request.headers for name in PROXIED)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
