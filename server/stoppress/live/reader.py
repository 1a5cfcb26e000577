"""One reader's WebSocket after the handshake: the smallest thing that can hold a place at the hub.

It sends what the hub gives it and tells the hub when the connection is full, takes data again, or is gone.
What comes in is rare (pongs, pings, a close), so its parser is made when the first byte comes.
"""

from __future__ import annotations

import asyncio
from typing import cast

from websockets.protocol import State
from websockets.server import ServerProtocol

from stoppress.live.hub import Hub
from stoppress.model import Cursor
from stoppress.wire.encodings import Encoding, close_frame

MESSAGE_BYTES = 4_096
"""The longest message that a reader may send. Nothing that readers send means anything yet."""

CREDIT = 8.0
"""Seconds of sending that a reader may be ahead of its allowance."""

FRAME_COST, BYTE_COST = 0.1, 1 / 4_096
"""Seconds of allowance that a frame and a byte take: 10 frames or 4 KB a second may go on for ever."""

CLOSE_SECONDS = 1.0
"""How long a client that was sent a close frame may take to hang up."""


class Reader(asyncio.Protocol):
    """A connection that was handed over by its handshake.

    Args:
        hub: the blog's.
        encoding: what the handshake agreed on.
        cursor: where the client is; None for nowhere.
    """

    __slots__ = ("_allowed_from", "_closing", "_parser", "_transport", "cursor", "encoding", "hub")

    def __init__(self, hub: Hub, encoding: Encoding, cursor: Cursor | None) -> None:
        self.hub = hub
        self.encoding = encoding
        self.cursor = cursor
        self._parser: ServerProtocol | None = None
        self._allowed_from = 0.0
        self._closing = False

    # From the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.hub.join(self)

    def pause_writing(self) -> None:
        self.hub.pause(self)

    def resume_writing(self) -> None:
        self.hub.resume(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.hub.leave(self)

    def data_received(self, data: bytes) -> None:
        if self._closing:
            return
        if self._parser is None:
            self._parser = ServerProtocol(state=State.OPEN, max_size=MESSAGE_BYTES)
        self._parser.receive_data(data)
        frames = len(self._parser.events_received())
        if not self._afford(frames * FRAME_COST + len(data) * BYTE_COST):
            self._end(close_frame(1008, "too many messages: this line is for listening"))
            return
        output = b"".join(self._parser.data_to_send())
        if self._parser.close_expected():
            self._end(output)
        elif output and not self._is_full():  # who reads nothing needs no pongs
            self.send(output)

    def _end(self, last_words: bytes) -> None:
        """Send a close frame and wait a moment for the client to hang up.

        Hanging up first, with input unread, would make the kernel throw away the close frame (RFC 1122, 4.2.2.13).
        """
        self.hub.leave(self)
        self._closing = True
        if self._is_full():
            self._transport.abort()
            return
        self.send(last_words)
        if self._transport.can_write_eof():
            self._transport.write_eof()
        asyncio.get_running_loop().call_later(CLOSE_SECONDS, self._transport.abort)

    def _is_full(self) -> bool:
        return self._transport.get_write_buffer_size() > self._transport.get_write_buffer_limits()[1]

    def _afford(self, cost: float) -> bool:
        now = asyncio.get_running_loop().time()
        self._allowed_from = max(self._allowed_from, now) + cost
        return self._allowed_from - now <= CREDIT

    # From the hub

    def send(self, data: bytes) -> None:
        self._transport.write(data)

    def close(self, code: int, reason: str) -> None:
        """Say why, and hang up. A connection that takes no data is not waited for."""
        if self._is_full():
            self._transport.abort()
        else:
            self.send(close_frame(code, reason))
            self._transport.close()
