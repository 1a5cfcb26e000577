"""`/metrics`: for Prometheus, not for the public."""

from __future__ import annotations

import hmac
import re
from collections.abc import Awaitable, Callable
from ipaddress import ip_address

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress.telemetry.metrics import CONTENT_TYPE
from stoppress.web.problems import HTTPError

PROXIED = ("forwarded", "via", "x-forwarded-for", "x-real-ip")
"""Headers that a request gets on its way through a proxy."""


class Metrics:
    """The handler.

    Args:
        text: makes what is answered, of all workers where there are several.
        token: what must come as `Authorization: Bearer`; empty: only this machine may read, and not by a proxy.
    """

    def __init__(self, text: Callable[[], Awaitable[bytes]], token: str) -> None:
        self._text = text
        self._token = token

    def routes(self) -> list[Route]:
        return [Route("/metrics", self.metrics, methods=["GET"])]

    async def metrics(self, request: Request) -> Response:
        """The metrics in Prometheus's text format."""
        self._authorise(request)
        return Response(await self._text(), 200, {"cache-control": "no-store"}, media_type=CONTENT_TYPE)

    def _authorise(self, request: Request) -> None:
        """Raises `HTTPError`."""
        if self._token:
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not hmac.compare_digest(self._token.encode(), token.strip().encode()):
                advice = "send the token of STOPPRESS_METRICS_TOKEN_FILE as `Authorization: Bearer TOKEN`"
                raise HTTPError(401, advice, {"www-authenticate": 'Bearer realm="stoppress metrics"'})
        elif not _is_local(request):
            raise HTTPError(403, "metrics are read from the same machine, or with STOPPRESS_METRICS_TOKEN_FILE set")


def _is_local(request: Request) -> bool:
    """Whether it came from this machine, for this machine, and not through a proxy."""
    client = request.client.host if request.client else ""
    host = re.sub(r":\d+$", "", request.headers.get("host", "")).strip("[]")
    return _is_loopback(client) and _is_loopback(host) and not any(name in request.headers for name in PROXIED)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
