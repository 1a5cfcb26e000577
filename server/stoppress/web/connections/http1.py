"""uvicorn's HTTP/1.1 protocol with deadlines, open to readers' handshakes that follow other requests.

Each request of a connection must arrive at a minimum speed. uvicorn alone would wait for ever for the rest of a head or
body. Browsers open a new connection for a WebSocket, but reverse proxies reuse one that they keep open to the node.
"""

from __future__ import annotations

from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from stoppress.telemetry.counts import Counts
from stoppress.web.connections.deadlines import BODY_TICKS, BYTES_PER_TICK, EARNING_BYTES, HEAD_TICKS, Deadlines
from stoppress.web.connections.handshake import Handshake
from stoppress.web.connections.websocket import WebSocketEndpoint

HEAD_BYTES = 16 * 1024
"""Limit of a request's head."""

TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class HTTP1Connection(HttpToolsProtocol):
    """A connection that carries one request after another.

    Args:
        live: takes readers' handshakes.
        deadlines: the deadlines of all connections.
        counts: counts the rejections.
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
        """Bytes of an incomplete head, and of older bytes that came in the same pieces."""
        self._head = b""
        """The beginning of a head that follows an answered request."""
        self._body_bytes = 0
        self._in_body = False

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadlines.clear(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_idle():
            self._collect(data)
            if b"\r\n\r\n" not in self._head and len(self._head) <= HEAD_BYTES:
                return  # only a complete head shows whether it is a handshake
            data, self._head = self._head, b""
            if (reader := Handshake.parse(data)) is not None:
                self._hand_over(reader)
                return
        if not self._in_body:
            if not self._head_bytes:
                self._deadlines.set(self, HEAD_TICKS)
            self._head_bytes += len(data)
        self._feed(data)
        if not self._in_body and self._head_bytes > HEAD_BYTES:
            self._counts.count_rejection("head_too_long")
            self._hang_up(TOO_LONG)

    def _collect(self, data: bytes) -> None:
        """Keep a piece of a head that follows an answered request."""
        if not self._head:
            self._unset_keepalive_if_required()
            self._deadlines.set(self, HEAD_TICKS)
        self._head += data

    def _hand_over(self, reader: Handshake) -> None:
        self._deadlines.clear(self)
        self.connections.discard(self)
        self._live.connect(self.transport, reader)

    def _feed(self, data: bytes) -> None:
        """Parse bytes. Ignore upgrades to other protocols (RFC 9110, section 7.8), and go on with HTTP/1.1."""
        self._unset_keepalive_if_required()
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                data = data[upgrade.args[0] :]
                self.parser = httptools.HttpRequestParser(self)
            except httptools.HttpParserError:
                self._hang_up(_BAD_REQUEST)
                return
            else:
                return

    def _is_idle(self) -> bool:
        """Return whether a request was answered and no other has begun, so that the next bytes begin a head."""
        return (
            not self._in_body and not self._head_bytes and self.cycle is not None and bool(self.cycle.response_complete)
        )

    def on_headers_complete(self) -> None:
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() == "1.1"):
            raise ValueError("not one Host header")  # RFC 9112, section 3.2; the parser turns it into an error
        self._in_body = True
        self._head_bytes = self._body_bytes = 0
        self._deadlines.set(self, BODY_TICKS)
        before = self.cycle
        super().on_headers_complete()
        if before is not None and not before.response_complete:
            before.message_event.set()  # uvicorn pauses until the answer is complete: tell it that a request waits

    def on_body(self, body: bytes) -> None:
        before, self._body_bytes = self._body_bytes, min(self._body_bytes + len(body), EARNING_BYTES)
        self._deadlines.extend(self, self._body_bytes // BYTES_PER_TICK - before // BYTES_PER_TICK)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_body = False
        self._deadlines.clear(self)
        super().on_message_complete()

    def too_slow(self) -> None:
        """Reject the request; `Deadlines` calls this."""
        if self.flow.read_paused:  # this side has paused reading
            self._deadlines.set(self, HEAD_TICKS)
            return
        self._counts.count_rejection("body_too_slow" if self._in_body else "head_too_slow")
        self._hang_up(TOO_SLOW)

    def _hang_up(self, last_words: bytes) -> None:
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(last_words)
        self.transport.close()
