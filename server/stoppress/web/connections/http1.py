"""uvicorn's HTTP protocol, with deadlines, and open to readers' handshakes that come behind other requests.

Each request must come in at a pace, the first on a connection and all others; uvicorn waits for ever for the rest of
a head or a body that has begun. Browsers make a connection of its own for a WebSocket, but reverse proxies take one
that is kept open to the node.
"""

from __future__ import annotations

from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from stoppress.telemetry.counts import Counts
from stoppress.web.bodies import MAX_BODY_BYTES
from stoppress.web.connections import handshake
from stoppress.web.connections.deadlines import Deadlines
from stoppress.web.connections.websocket import WebSocketEndpoint

HEAD_BYTES = 16 * 1024
"""How long the head of a request may be."""

HEAD_TICKS = 6
"""How long a head may take from its first byte: at most 1.75 seconds."""

BODY_TICKS = 20
"""How long a body may take, beside what it earns: 5 seconds."""

BYTES_PER_TICK = 1_024
"""What earns a body another tick: 4 KB a second is fast enough."""

EARNING_BYTES = MAX_BODY_BYTES
"""What comes after them earns nothing: so a body takes at most 69 seconds."""

TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class HTTP1Connection(HttpToolsProtocol):
    """A connection with one request after the other.

    Args:
        live: takes in readers.
        deadlines: of all connections.
        counts: gets those who miss them.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        live: WebSocketEndpoint,
        deadlines: Deadlines,
        counts: Counts,
    ) -> None:
        super().__init__(config, server_state, app_state)
        self._live = live
        self._deadlines = deadlines
        self._counts = counts
        self._head_bytes = 0
        """Of a head that has begun and is not complete, and of what else has come before it."""
        self._body_bytes = 0
        self._in_body = False

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadlines.clear(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_idle() and (reader := handshake.read(data)) is not None:
            self._unset_keepalive_if_required()
            self.connections.discard(self)
            self._live.connect(self.transport, reader)
            return
        if not self._in_body:
            if not self._head_bytes:
                self._deadlines.set(self, HEAD_TICKS)
            self._head_bytes += len(data)
        super().data_received(data)
        if not self._in_body and self._head_bytes > HEAD_BYTES:
            self._counts.count_rejection("head_too_long")
            self._hang_up(TOO_LONG)

    def _is_idle(self) -> bool:
        """Whether a request was answered and none has begun: else what comes is its head or body, whatever it is."""
        return (
            not self._in_body and not self._head_bytes and self.cycle is not None and bool(self.cycle.response_complete)
        )

    def on_headers_complete(self) -> None:
        self._in_body = True
        self._head_bytes = self._body_bytes = 0
        self._deadlines.set(self, BODY_TICKS)
        before = self.cycle
        super().on_headers_complete()
        if before is not None and not before.response_complete:
            before.message_event.set()  # uvicorn reads no further until it is answered: it is told that somebody waits

    def on_body(self, body: bytes) -> None:
        before, self._body_bytes = self._body_bytes, min(self._body_bytes + len(body), EARNING_BYTES)
        self._deadlines.extend(self, self._body_bytes // BYTES_PER_TICK - before // BYTES_PER_TICK)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_body = False
        self._deadlines.clear(self)
        super().on_message_complete()

    def too_slow(self) -> None:
        """From `Deadlines`."""
        if self.flow.read_paused:  # it is us who do not read on
            self._deadlines.set(self, HEAD_TICKS)
            return
        self._counts.count_rejection("body_too_slow" if self._in_body else "head_too_slow")
        self._hang_up(TOO_SLOW)

    def _hang_up(self, last_words: bytes) -> None:
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(last_words)
        self.transport.close()
