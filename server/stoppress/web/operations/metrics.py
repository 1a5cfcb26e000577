"""`/metrics`, for Prometheus and not for the public."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from ipaddress import ip_address

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress.telemetry.metrics import CONTENT_TYPE
from stoppress.web.bearer import check_bearer
from stoppress.web.problems import HTTPError

_PROXIED = ("forwarded", "via", "x-forwarded-for", "x-real-ip")
"""Headers that proxies add to a request."""


class Metrics:
    """The handler.

    Args:
        text: makes the metrics, of all workers if there are several.
        token: must come as `Authorization: Bearer`; if empty, only this machine may read, and not through a proxy.
    """

    def __init__(self, text: Callable[[], Awaitable[bytes]], token: str) -> None:
        self._text = text
        self._token = token

    def routes(self) -> list[Route]:
        return [Route("/metrics", self.metrics, methods=["GET"])]

    async def metrics(self, request: Request) -> Response:
        """Return the metrics in Prometheus's text format."""
        self._authorise(request)
        return Response(await self._text(), 200, {"cache-control": "no-store"}, media_type=CONTENT_TYPE)

    def _authorise(self, request: Request) -> None:
        """Raise `HTTPError` (401, 403) if the request may not read the metrics."""
        if self._token:
            advice = "Send the token of STOPPRESS_METRICS_TOKEN_FILE as `Authorization: Bearer TOKEN`."
            check_bearer(request.headers, [self._token], advice, "stoppress metrics")
        elif not _is_local(request):
            raise HTTPError(403, "Metrics are only for this machine. For others, set STOPPRESS_METRICS_TOKEN_FILE.")


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
