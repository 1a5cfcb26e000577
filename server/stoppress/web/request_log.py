"""Records HTTP requests: a count by route and status for each; a log record and a trace for an editor's write."""

from __future__ import annotations

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stoppress.telemetry.counts import Counts
from stoppress.telemetry.tracing import Tracing

_METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
"""Methods that are counted by name."""

_WRITES = ("POST", "PUT", "PATCH", "DELETE")

_UNLOGGED = ("/api/blogs/{blog}/presence",)
"""Routes of requests that write nothing and come every few seconds from every open desk."""

log = logging.getLogger("stoppress.requests")


class RequestLog:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, counts: Counts, tracing: Tracing) -> None:
        self._app = app
        self._counts = counts
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, status = time.monotonic(), 500

        async def answer(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            if scope["method"] in _WRITES:
                with self._tracing.span("stoppress.write", _traceparent(scope), method=scope["method"]):
                    await self._app(scope, receive, answer)
            else:
                await self._app(scope, receive, answer)
        finally:
            self._seen(scope, status, time.monotonic() - began)

    def _seen(self, scope: Scope, status: int, seconds: float) -> None:
        """Record a request under its route, because its address may contain anything, even a secret."""
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = getattr(scope.get("route"), "path", "none")
        self._counts.requests[method, route, status] += 1
        if method in _WRITES and route.startswith("/api/") and route not in _UNLOGGED:
            seen = {"method": method, "route": route, "status": status, "seconds": round(seconds, 6)}
            key = scope.get("state", {}).get("key", "none")
            log.info("editor_request", extra={**seen, "blog": scope["path_params"].get("blog"), "key": key})


def _traceparent(scope: Scope) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"traceparent"), "")
