"""Where every connection comes in: readers who come by WebSocket go to the fan-out, all others to uvicorn.

uvicorn takes any class for its HTTP protocol. Ours waits until the head of the first request is there, a limited
time and number of bytes, looks whether it is a reader's handshake, and hands the connection over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.server import ServerState

from stoppress.watch.counts import Counts
from stoppress.web import handshake
from stoppress.web.kept import KeptConnection
from stoppress.web.live import Live

HEAD_BYTES = 16 * 1024
"""How long the head of a request may be."""

TICK_SECONDS = 0.25
"""How often it is looked for those who take too long. Their deadlines are counted in it, which needs no clock."""

HEAD_TICKS = 6
"""How long a head may take from its first byte: at most 1.75 seconds."""

SILENT_TICKS = 40
"""How long a connection may be silent at first: 10 seconds. Browsers open some before they know what for."""

TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Entrance:
    """Makes the protocol of each new connection.

    Args:
        live: takes in readers.
        counts: gets the refusals.
    """

    def __init__(self, live: Live, counts: Counts) -> None:
        self.live = live
        self.counts = counts
        self.tick = 0
        self.deadlines: dict[Newcomer, int] = {}

    def __call__(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any], _loop: object = None
    ) -> asyncio.Protocol:
        return Newcomer(self, lambda: KeptConnection(config, server_state, app_state, self.live))

    async def watch(self) -> None:
        """Send away those who take too long, until cancelled."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self.tick += 1
            for newcomer in [one for one, deadline in self.deadlines.items() if deadline < self.tick]:
                self.counts.refused("head_too_slow")
                newcomer.refuse(TOO_SLOW)

    def close(self) -> None:
        """Send all newcomers away."""
        for newcomer in tuple(self.deadlines):
            newcomer.refuse(b"")


class Newcomer(asyncio.Protocol):
    """A connection whose first request is not known yet."""

    __slots__ = ("_entrance", "_head", "_make_http", "_transport")

    def __init__(self, entrance: Entrance, make_http: Callable[[], KeptConnection]) -> None:
        self._entrance = entrance
        self._make_http = make_http
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._entrance.deadlines[self] = self._entrance.tick + SILENT_TICKS

    def connection_lost(self, exc: Exception | None) -> None:
        self._entrance.deadlines.pop(self, None)

    def data_received(self, data: bytes) -> None:
        begins = not self._head
        self._head += data
        length = self._head.find(b"\r\n\r\n")
        if length > HEAD_BYTES or (length < 0 and len(self._head) > HEAD_BYTES):
            self._entrance.counts.refused("head_too_long")
            self.refuse(TOO_LONG)
        elif length >= 0:
            self._hand_over()
        elif begins:
            self._entrance.deadlines[self] = self._entrance.tick + HEAD_TICKS

    def _hand_over(self) -> None:
        del self._entrance.deadlines[self]
        reader = handshake.read(self._head)
        if reader is not None:
            self._entrance.live.connect(self._transport, reader)
            return
        http = self._make_http()
        http.connection_made(self._transport)
        self._transport.set_protocol(http)
        http.data_received(self._head)

    def refuse(self, last_words: bytes) -> None:
        """Hang up."""
        self._entrance.deadlines.pop(self, None)
        self._transport.write(last_words)
        self._transport.close()
