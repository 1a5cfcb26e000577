"""The first protocol of every connection: readers' WebSockets go to the fan-out, all other requests to uvicorn.

uvicorn takes any class as its HTTP protocol. Ours waits for the head of the first request, for a limited time and
number of bytes. If the head is a reader's handshake, the fan-out takes the connection over, otherwise uvicorn does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.server import ServerState

from stoppress.telemetry.counts import Counts
from stoppress.web.connections.deadlines import HEAD_TICKS, SILENT_TICKS, Deadlines
from stoppress.web.connections.handshake import Handshake
from stoppress.web.connections.http1 import HEAD_BYTES, TOO_LONG, TOO_SLOW, HTTP1Connection
from stoppress.web.connections.websocket import WebSocketEndpoint
from stoppress.web.problems import HTTPError

_NO_DESCRIPTORS = HTTPError(
    503, "This node has reached its limit of connections. Try again shortly.", {"retry-after": "2"}
).as_bytes()


class ConnectionFactory:
    """Makes the protocol of each new connection.

    Args:
        live: takes readers' handshakes.
        counts: counts the rejections.
        most_descriptors: connections with this file descriptor or a higher one are rejected. The kernel assigns the
            lowest free one, so those above stay free for other files that the node has to open.
    """

    def __init__(self, live: WebSocketEndpoint, counts: Counts, most_descriptors: int) -> None:
        self.live = live
        self.counts = counts
        self.most_descriptors = most_descriptors
        self.deadlines = Deadlines()

    def __call__(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any], _loop: object = None
    ) -> asyncio.Protocol:
        return _NewConnection(self, lambda: self._kept(config, server_state, app_state))

    def _kept(self, config: Config, server_state: ServerState, app_state: dict[str, Any]) -> HTTP1Connection:
        return HTTP1Connection(config, server_state, app_state, self.live, self.deadlines, self.counts)

    def close(self) -> None:
        """Close all connections that have not sent a request yet."""
        for one in self.deadlines:
            if isinstance(one, _NewConnection):
                one.hang_up(b"")


class _NewConnection(asyncio.Protocol):
    """A connection that has not sent the head of its first request yet."""

    __slots__ = ("_entrance", "_head", "_make_http", "_transport")

    def __init__(self, entrance: ConnectionFactory, make_http: Callable[[], HTTP1Connection]) -> None:
        self._entrance = entrance
        self._make_http = make_http
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self._transport.get_extra_info("socket").fileno() >= self._entrance.most_descriptors:
            self._entrance.counts.count_rejection("no_descriptors")
            self.hang_up(_NO_DESCRIPTORS)
        else:
            self._entrance.deadlines.set(self, SILENT_TICKS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._entrance.deadlines.clear(self)

    def data_received(self, data: bytes) -> None:
        begins = not self._head
        self._head += data
        length = self._head.find(b"\r\n\r\n")
        if length > HEAD_BYTES or (length < 0 and len(self._head) > HEAD_BYTES):
            self._entrance.counts.count_rejection("head_too_long")
            self.hang_up(TOO_LONG)
        elif length >= 0:
            self._hand_over()
        elif begins:
            self._entrance.deadlines.set(self, HEAD_TICKS)

    def _hand_over(self) -> None:
        self._entrance.deadlines.clear(self)
        reader = Handshake.parse(self._head)
        if reader is not None:
            self._entrance.live.connect(self._transport, reader)
            return
        http = self._make_http()
        http.connection_made(self._transport)
        self._transport.set_protocol(http)
        http.data_received(self._head)

    def too_slow(self) -> None:
        """Reject the connection; `Deadlines` calls this."""
        if self._head:
            self._entrance.counts.count_rejection("head_too_slow")
        self.hang_up(TOO_SLOW)

    def hang_up(self, last_words: bytes) -> None:
        """Send `last_words` and close the connection."""
        self._entrance.deadlines.clear(self)
        self._transport.write(last_words)
        self._transport.close()
