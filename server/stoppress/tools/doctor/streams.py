"""The doctor's checks of WebSocket and server-sent events: the first message, and the silence between two beats."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Mapping

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.typing import Subprotocol

from stoppress.tools.doctor.caching import seq_of
from stoppress.tools.doctor.finding import Finding, fail, ok
from stoppress.tools.doctor.responses import advice_for

FIRST_SECONDS = 5.0
"""Deadline for the first message, also of a busy site."""

_BEAT_SECONDS = 30.0
"""Deadline for the next message. A beat should arrive before it."""

LONGEST_SECONDS = 60.0
"""Limit of the wait for beats if other messages arrive in between."""

_SUBPROTOCOL = Subprotocol("stoppress.v1+json")
_UPGRADE = "make the proxy pass Upgrade and Connection"
_IDLE = "raise its read timeout above STOPPRESS_BEAT (nginx: proxy_read_timeout 75s)"
_PASS_ON = {
    "websocket": "make the proxy pass each message of a WebSocket at once",
    "events": "make the proxy pass event streams unbuffered (`X-Accel-Buffering: no`; nginx: proxy_buffering off)",
}

_Types = AsyncIterator[str]


class StreamCheck:
    """The checks of the streams of a blog.

    Args:
        http: the client for the site.
        tls: the TLS context for WebSocket; None for http.
        page: the address of the blog's page.
        headers: headers that each request needs, such as a password.
    """

    def __init__(
        self, http: httpx.AsyncClient, tls: ssl.SSLContext | None, page: str, headers: Mapping[str, str]
    ) -> None:
        self._http = http
        self._tls = tls
        self._page = page
        self._headers = headers
        self.head: int | None = None
        """The head of the blog when the WebSocket was opened."""
        self.beats: list[float] = []
        """The times of the beats of the WebSocket."""

    async def websocket(self) -> AsyncIterator[Finding]:
        """Check the WebSocket."""
        address = self._page.replace("http", "ws", 1) + "/live"
        opening = connect(
            address, subprotocols=[_SUBPROTOCOL], max_size=None, ssl=self._tls, additional_headers=self._headers
        )
        try:
            async with opening as connection:
                if connection.subprotocol != _SUBPROTOCOL:
                    yield fail("websocket", "no subprotocol; make the proxy pass Sec-WebSocket-Protocol")
                    return
                yield await _until_beat("websocket", self._messages(connection), beats=2)
        except InvalidStatus as error:
            status = error.response.status_code
            advice = advice_for(status) if status in (401, 403, 429) or status >= 500 else _UPGRADE
            yield fail("websocket", f"the handshake was answered with {status}; {advice}")
        except InvalidURI:
            yield fail("websocket", "the site redirects the handshake; let the proxy pass it, or correct --url")
        except InvalidHandshake as error:
            yield fail("websocket", f"the handshake failed ({error}); {_UPGRADE}")

    async def _messages(self, connection: ClientConnection) -> _Types:
        """Yield the type of each message."""
        try:
            while True:
                message = msgspec.json.decode(await connection.recv())
                if self.head is None and "cursor" in message:
                    self.head = seq_of(message)
                if message["type"] == "beat":
                    self.beats.append(time.monotonic())
                yield message["type"]
        except ConnectionClosed as error:
            if error.rcvd is not None and error.rcvd.reason:
                raise ConnectionError(f"{error.rcvd.code} {error.rcvd.reason}") from None

    async def events(self) -> AsyncIterator[Finding]:
        """Check the server-sent events."""
        request = self._http.build_request("GET", f"{self._page}/events", timeout=_BEAT_SECONDS + FIRST_SECONDS)
        try:
            async with asyncio.timeout(FIRST_SECONDS):
                stream = await self._http.send(request, stream=True)
        except TimeoutError:
            yield fail("events", _late("events"))
            return
        try:
            kind = stream.headers.get("content-type", "")
            if stream.status_code != 200:
                text = f"{stream.url.path} answers with {stream.status_code}"
                yield fail("events", f"{text}; {advice_for(stream.status_code)}")
            elif not kind.startswith("text/event-stream"):
                yield fail("events", f"the answer has the type {kind}, not text/event-stream; check the proxy")
            else:
                yield await _until_beat("events", _events(stream), beats=1)
        finally:
            await stream.aclose()


async def _events(stream: httpx.Response) -> _Types:
    """Yield the type of each complete event."""
    kind = ""
    with contextlib.suppress(httpx.HTTPError):  # treat an error like the end of the stream
        async for line in _lines(stream):
            if line.startswith(b"data:"):
                kind = msgspec.json.decode(line.removeprefix(b"data:"))["type"]
            elif not line and kind:
                yield kind
                kind = ""


async def _lines(stream: httpx.Response) -> AsyncIterator[bytes]:
    """Yield complete lines. `aiter_lines` also splits at characters of the text, such as U+2028."""
    rest = b""
    async for part in stream.aiter_bytes():
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r")


async def _until_beat(subject: str, types: _Types, beats: int) -> Finding:
    """Wait for the first message, which must arrive at once, and then for `beats` beats.

    A connection is silent for longest between two beats of a WebSocket and before the first beat of an event stream. If
    updates arrive all the time, the check cannot test this silence, and does not need to.
    """
    began = time.monotonic()
    try:
        async with asyncio.timeout(FIRST_SECONDS):
            if await anext(types, None) is None:
                return fail(subject, "the connection was closed before the first message; check the proxy")
    except TimeoutError:
        return fail(subject, _late(subject))
    first = time.monotonic() - began
    while beats and time.monotonic() - began < LONGEST_SECONDS:
        silent_since = time.monotonic()
        try:
            async with asyncio.timeout(_BEAT_SECONDS):
                kind = await anext(types, None)
        except TimeoutError:
            text = f"no beat within {_BEAT_SECONDS:g} s; set STOPPRESS_BEAT to 20 or less"
            return fail(subject, f"{text}; if it is, {_PASS_ON[subject]}")
        if kind is None:
            silence = time.monotonic() - silent_since
            text = f"the connection was closed after {silence:.1f} s of silence"
            return fail(subject, f"{text}; if a proxy did that, {_IDLE}")
        beats -= kind == "beat"
    lasted = time.monotonic() - began
    return ok(subject, f"first message after {first:.2f} s, still connected after {lasted:.1f} s")


def _late(subject: str) -> str:
    cause = {"websocket": "the site is busy or a proxy holds messages back", "events": "a proxy buffers the stream"}
    return f"nothing arrived within {FIRST_SECONDS:g} s, perhaps because {cause[subject]}; {_PASS_ON[subject]}"
