"""gzip for responses to readers (RFC 9110, section 8.4.1.3). The same bytes are compressed once for all clients.

A compressed response is another representation, so it has its own ETag: the plain one with `-gzip` at the end. The
application sees only plain ETags in requests and responses.
"""

from __future__ import annotations

import asyncio
import gzip
import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stoppress.web.byte_cache import ByteCache
from stoppress.web.negotiation import Wanted, gzip_tag, plain_tags

MIN_BYTES = 1_400
"""Shorter responses stay uncompressed, because they fit into one packet."""

_MAX_BYTES = 4 * 1024 * 1024
"""Longer responses stay uncompressed."""

MAX_INLINE_BYTES = 64 * 1024
"""Longer responses are compressed in a thread, because they would block the event loop for over two milliseconds."""

_KEPT_BYTES = 16 * 1024 * 1024
"""The most bytes that are kept, bodies and their compressed forms together."""

_TYPES = re.compile(r"text/(?!event-stream)|image/svg\+xml|application/([\w.-]+\+)?(json|xml|javascript)\b")


class GzipMiddleware:
    """Compresses the responses of an application, except those to editors, whose ETags are versions for `If-Match`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._made = ByteCache(_KEPT_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD") or "authorization" in headers:
            await self._app(scope, receive, send)
            return
        scope["headers"] = plain_tags(scope["headers"])
        await self._app(scope, receive, _Answer(send, self, Wanted(headers), scope["method"]).take)

    async def compressed(self, body: bytes) -> bytes:
        """Return a body compressed with gzip."""
        made = self._made.get(body)
        if made is None:
            made = _gzip(body) if len(body) <= MAX_INLINE_BYTES else await asyncio.to_thread(_gzip, body)
            self._made.put(body, made)
        return made


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, 6, mtime=0)


class _Answer:
    """One response on its way to the client."""

    def __init__(self, send: Send, compression: GzipMiddleware, wanted: Wanted, method: str) -> None:
        self._send = send
        self._compression = compression
        self._wanted = wanted
        self._method = method
        self._start: Message | None = None  # held back until the body is complete
        self._body = b""

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            if message["status"] == 304:
                self._keep_tag(headers)
            elif _is_compressible(headers):
                headers.add_vary_header("Accept-Encoding")
                if self._wanted.accepts_gzip():
                    self._start = message
                    return
        elif self._start is not None:
            self._body += message.get("body", b"")
            if message.get("more_body", False):
                return
            message = {**message, "body": await self._compress(self._start)}
            await self._send(self._start)
        await self._send(message)

    async def _compress(self, start: Message) -> bytes:
        headers = MutableHeaders(raw=start["headers"])
        headers["content-encoding"] = "gzip"
        if etag := headers.get("etag"):
            headers["etag"] = gzip_tag(etag)
        if self._method == "HEAD" and not self._body:  # the length is unknown without the body
            del headers["content-length"]
            return b""
        body = await self._compression.compressed(self._body)
        headers["content-length"] = str(len(body))
        return body

    def _keep_tag(self, headers: MutableHeaders) -> None:
        headers.add_vary_header("Accept-Encoding")
        etag = headers.get("etag", "")
        if self._wanted.names(gzip_tag(etag)):
            headers["etag"] = gzip_tag(etag)


def _is_compressible(headers: Headers) -> bool:
    length = headers.get("content-length", "")
    return (
        "content-encoding" not in headers
        and length.isdecimal()
        and MIN_BYTES <= int(length) <= _MAX_BYTES
        and _TYPES.match(headers.get("content-type", "")) is not None
    )
