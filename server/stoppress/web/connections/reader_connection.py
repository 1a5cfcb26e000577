"""One reader's WebSocket after the handshake: the smallest object that can be at a hub.

It sends what the hub gives it, and tells the hub when the connection is full, takes data again, or is gone. Readers
rarely send anything (pings, a close), so it has a parser only while a message is arriving.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from stoppress.live.fd_group import FdGroup
from stoppress.live.hub import Hub
from stoppress.live.passes import NO_PASS
from stoppress.model import Cursor
from stoppress.web.connections.sample_answers import painted_cursor
from stoppress.web.connections.websocket_parser import WebSocketParser
from stoppress.web.rate_limit import RateLimit
from stoppress.wire.close_reasons import TOO_MANY_MESSAGES, CloseReason
from stoppress.wire.encodings import Compression, WebSocket
from stoppress.wire.frames import close_frame

USER_TIMEOUT_MILLISECONDS = 120_000
"""The kernel ends a connection whose peer has not acknowledged data for this time (TCP_USER_TIMEOUT, RFC 5482). Beats
are sent all the time, so this detects every peer that has gone."""

_SLICE_BYTES = 512
"""Bytes that are parsed between two checks of the reader's rate."""

_BURST_SECONDS = 8.0
"""The limit up to which a reader may save its allowance."""

_FRAME_SECONDS, _BYTE_SECONDS = 0.1, 1 / 4_096
"""The cost of a frame (or a piece of one) and of a byte. The allowance is 10 frames, or 4 KB, a second for ever."""

_BROKEN_RULES = {1002: "broken_frame", 1007: "broken_frame", 1009: "message_too_long"}
"""Reasons for the metrics, by the close code with which `websockets` ends a connection."""

_CLOSE_SECONDS = 1.0
"""Maximum time in which a client hangs up after a close frame."""


class ReaderConnection(asyncio.Protocol):
    """A reader's connection.

    Args:
        hub: the hub of the blog.
        encoding: the encoding that the handshake agreed on.
        cursor: the cursor of the client; None: it has nothing.
        gone: called when the connection is lost.
        ends: the Unix time in seconds until which the reader may read a private blog; see `live/passes.py`.
    """

    __slots__ = (
        "_allowance",
        "_closing",
        "_gone",
        "_hub",
        "_incoming",
        "_transport",
        "cursor",
        "encoding",
        "ends",
        "fd",
        "fd_group",
        "slot",
    )

    def __init__(
        self,
        hub: Hub,
        encoding: WebSocket,
        cursor: Cursor | None,
        gone: Callable[[], None] | None = None,
        ends: int = NO_PASS,
    ) -> None:
        self.encoding = encoding
        self.cursor = cursor
        self.fd_group: FdGroup | None = None
        self.slot = 0
        self._hub = hub
        self._incoming: WebSocketParser | None = None
        self._allowance: RateLimit | None = None
        self.ends = ends
        self._closing = False
        self._gone = gone

    def open(self, transport: asyncio.Transport, opening: bytes) -> None:
        """Take over a connection and join the hub. `opening` is the answer to the handshake, which is sent first."""
        self._transport = transport
        self.fd: int = transport.get_extra_info("socket").fileno()
        # A connection is full as soon as it buffers anything; then the group must not write to `fd`
        transport.set_write_buffer_limits(0)
        transport.set_protocol(self)
        self._hub.join(self, opening)

    # From the event loop

    def pause_writing(self) -> None:
        self._set_user_timeout(0)  # Linux also counts the time without room, but a slow reader stays connected
        self._hub.pause(self)

    def resume_writing(self) -> None:
        self._set_user_timeout(USER_TIMEOUT_MILLISECONDS)
        self._hub.resume(self)

    def _set_user_timeout(self, milliseconds: int) -> None:
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self._hub.leave(self)
        if self._gone is not None:
            self._gone()

    def data_received(self, data: bytes) -> None:
        if self in self._hub.sample and self._take_answer(data):
            return
        for begin in range(0, len(data), _SLICE_BYTES):
            if not self._closing:
                self._receive(data[begin : begin + _SLICE_BYTES])

    def _take_answer(self, data: bytes) -> bool:
        """Take the answer of a sampled reader. Return False if it is something else, or comes too often."""
        if self._incoming is not None or self._closing:
            return False
        cursor = painted_cursor(data, compressed=self.encoding.compression is not Compression.NONE)
        if cursor is None or not self._afford(_FRAME_SECONDS + len(data) * _BYTE_SECONDS):
            return False
        self._hub.sample.painted(self, cursor)
        return True

    def _receive(self, data: bytes) -> None:
        incoming = self._incoming or WebSocketParser(compressed=self.encoding.compression is not Compression.NONE)
        frames, reply = incoming.receive(data)
        if not self._afford(max(frames, 1) * _FRAME_SECONDS + len(data) * _BYTE_SECONDS):
            self._hub.counts.count_rejection("too_many_messages")
            self._end(close_frame(TOO_MANY_MESSAGES))
        elif incoming.is_over:
            if incoming.close_code in _BROKEN_RULES:
                self._hub.counts.count_rejection(_BROKEN_RULES[incoming.close_code])
            self._end(reply)
        else:
            if reply and not self._is_full():  # do not answer pings of a reader that is not reading
                self.send(reply)
            self._incoming = None if incoming.is_between_messages else incoming

    def _afford(self, cost: float) -> bool:
        if self._allowance is None:  # most readers never send anything
            self._allowance = RateLimit(_BURST_SECONDS)
        return self._allowance.spend(cost, asyncio.get_running_loop().time())

    def _end(self, last_words: bytes) -> None:
        """Send a close frame and wait a moment for the client to hang up.

        Hanging up first, with input unread, would make the kernel throw away the close frame (RFC 1122, 4.2.2.13).
        """
        self._hub.leave(self)
        self._closing = True
        self._incoming = None
        if self._is_full():
            self._transport.abort()
            return
        self.send(last_words)
        if self._transport.can_write_eof():
            self._transport.write_eof()
        asyncio.get_running_loop().call_later(_CLOSE_SECONDS, self._transport.abort)

    def _is_full(self) -> bool:
        return self._transport.get_write_buffer_size() > 0

    # From the hub

    def send(self, data: bytes) -> None:
        self._transport.write(data)

    def buffer(self, rest: memoryview) -> bool:
        self._transport.write(rest)
        return self._is_full()

    def abort(self) -> None:
        self._transport.abort()

    def close(self, close_reason: CloseReason) -> None:
        """Send a close frame and hang up; abort a connection that takes no data."""
        if self._is_full():
            self._transport.abort()
        else:
            self.send(close_frame(close_reason))
            self._transport.close()
