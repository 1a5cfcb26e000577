"""gzip for responses to readers (RFC 9110, section 8.4.1.3). The same bytes are compressed once for all clients.

A compressed response is another representation, so it has its own ETag: the plain one with `-gzip` at the end. The
application sees only plain ETags in requests and responses.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stoppress.web.byte_cache import ByteCache
from stoppress.web.negotiation import Wanted

MIN_BYTES = 1_400
"""Shorter responses stay uncompressed, because they fit into one packet."""

_MAX_BYTES = 4 * 1024 * 1024
"""Longer responses stay uncompressed."""

MAX_INLINE_BYTES = 64 * 1024
"""Longer responses are compressed in a thread, because they would block the event loop for over two milliseconds."""

_KEPT_BYTES = 16 * 1024 * 1024
"""The most bytes of compressed bodies that are kept."""

_TYPES = re.compile(r"text/(?!event-stream)|image/svg\+xml|application/([\w.-]+\+)?(json|xml|javascript)\b")

_GZIP_SUFFIX = b'-gzip"'


class GzipMiddleware:
    """Compresses the responses of an application, except those to editors, whose ETags are versions for `If-Match`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._made = ByteCache(_KEPT_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and "authorization" not in headers:
            scope["headers"] = [
                (name, value.replace(_GZIP_SUFFIX, b'"') if name == b"if-none-match" else value)
                for name, value in headers.raw
            ]
            send = _Answer(send, self._made, Wanted(headers), scope["method"]).take
        await self._app(scope, receive, send)


class _Answer:
    """One response on its way to the client."""

    def __init__(self, send: Send, made: ByteCache, wanted: Wanted, method: str) -> None:
        self._send = send
        self._made = made
        self._wanted = wanted
        self._method = method
        self._start: Message | None = None  # held back until the body is complete
        self._body = b""

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            has_body = message["status"] != 304
            if not has_body or _is_compressible(headers):
                headers.add_vary_header("Accept-Encoding")
            if has_body and _is_compressible(headers) and self._wanted.accepts_gzip():
                self._start = message
                return
            if not has_body and self._wanted.names(_gzip_tag(headers)):
                headers["etag"] = _gzip_tag(headers)
        elif self._start is not None:
            self._body += message.get("body", b"")
            if message.get("more_body", False):
                return
            message = {**message, "body": await self._compress(MutableHeaders(raw=self._start["headers"]))}
            await self._send(self._start)
        await self._send(message)

    async def _compress(self, headers: MutableHeaders) -> bytes:
        headers["content-encoding"] = "gzip"
        if "etag" in headers:
            headers["etag"] = _gzip_tag(headers)
        if self._method == "HEAD" and not self._body:  # the length is unknown without the body
            del headers["content-length"]
            return b""
        key = hashlib.sha256(self._body).digest()
        body = self._made.get(key)
        if body is None:
            inline = len(self._body) <= MAX_INLINE_BYTES
            body = _gzip(self._body) if inline else await asyncio.to_thread(_gzip, self._body)
            self._made.put(key, body)
        headers["content-length"] = str(len(body))
        return body


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, 6, mtime=0)


def _gzip_tag(headers: Headers) -> str:
    """Return the ETag of the compressed variant."""
    return headers.get("etag", "")[:-1] + _GZIP_SUFFIX.decode()


def _is_compressible(headers: Headers) -> bool:
    length = headers.get("content-length", "")
    return (
        "content-encoding" not in headers
        and length.isdecimal()
        and MIN_BYTES <= int(length) <= _MAX_BYTES
        and _TYPES.match(headers.get("content-type", "")) is not None
    )
