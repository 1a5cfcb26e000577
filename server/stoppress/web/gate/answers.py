"""The headers of all answers about private blogs: no cache keeps them, and no other page reads them.

The gate notes in a request that its answer is private. So this holds for every surface and every error.
"""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stoppress.web.gate.credentials import ReaderOrigins

_FOR_SHARED_CACHES = ("cache-tag", "surrogate-key", "access-control-allow-origin", "access-control-expose-headers")

_PREFLIGHT_SECONDS = 600


class PrivateAnswers:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, origins: ReaderOrigins) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "OPTIONS" and scope["path"].startswith("/blogs/") and await self._preflight(scope, send):
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and scope.get("state", {}).get("private"):
                self._close(MutableHeaders(raw=message["headers"]), Headers(scope=scope).get("origin"))
            await send(message)

        await self._app(scope, receive, answer)

    def _close(self, headers: MutableHeaders, origin: str | None) -> None:
        for name in _FOR_SHARED_CACHES:
            if name in headers:
                del headers[name]
        headers["cache-control"] = "private, no-store"
        headers["referrer-policy"] = "no-referrer"  # the address may have a token
        headers["x-robots-tag"] = "noindex"
        headers.add_vary_header("authorization, cookie, origin")
        headers.update(self._cross_origin(origin))

    def _cross_origin(self, origin: str | None) -> dict[str, str]:
        """Return the headers for the pages of an origin that the setting names."""
        if origin is None or not self._origins.lists(origin):
            return {}
        return {
            "access-control-allow-origin": origin,
            "access-control-allow-credentials": "true",
            "access-control-expose-headers": "ETag, Retry-After",
        }

    async def _preflight(self, scope: Scope, send: Send) -> bool:
        """Allow pages to send `Authorization`. Return False for a request that is not theirs."""
        headers = Headers(scope=scope)
        allowed = self._cross_origin(headers.get("origin"))
        if not allowed or "access-control-request-method" not in headers:
            return False
        answer = MutableHeaders(allowed)
        answer["access-control-allow-methods"] = "GET, HEAD"
        answer["access-control-allow-headers"] = "authorization"
        answer["access-control-max-age"] = str(_PREFLIGHT_SECONDS)
        answer["vary"] = "origin"
        await send({"type": "http.response.start", "status": 204, "headers": answer.raw})
        await send({"type": "http.response.body", "body": b""})
        return True
