"""The protocol of every connection: readers' WebSockets go to the fan-out, all other requests to uvicorn.

uvicorn takes any class as its HTTP protocol. Ours waits for the head of the first request, for a limited time and
number of bytes. If the head is a reader's handshake, the fan-out takes the connection over, otherwise uvicorn does.

Later requests must arrive at a minimum speed as well: uvicorn alone would wait for ever for the rest of a head or body.
They may also be handshakes: browsers open a new connection for a WebSocket, but reverse proxies reuse one that they
keep open to the node.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from stoppress.telemetry.counts import Counts
from stoppress.web.connections.deadlines import (
    BODY_TICKS,
    HEAD_TICKS,
    SILENT_TICKS,
    Deadlines,
    earned_ticks,
)
from stoppress.web.connections.handshake import Handshake
from stoppress.web.connections.unread import MAX_CONNECTION_BYTES, UnreadAnswers
from stoppress.web.connections.websocket import WebSocketEndpoint
from stoppress.web.problems import HTTPError

_HEAD_BYTES = 16 * 1024
"""Limit of a request's head."""

_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_NO_DESCRIPTORS = HTTPError(
    503, "This node has reached its limit of connections. Try again shortly.", {"retry-after": "2"}
).as_bytes()


class ConnectionFactory:
    """Makes the protocol of each new connection.

    Args:
        most_descriptors: connections with this file descriptor or a higher one are rejected. The kernel assigns the
            lowest free one, so those above stay free for other files that the node has to open.
    """

    def __init__(self, live: WebSocketEndpoint, counts: Counts, most_descriptors: int) -> None:
        self.live = live
        self.counts = counts
        self.most_descriptors = most_descriptors
        self.deadlines = Deadlines()
        self.unread = UnreadAnswers(counts)

    def __call__(self, **uvicorn: Any) -> asyncio.Protocol:
        """Return a protocol; it gives uvicorn's arguments to `HttpToolsProtocol` if it needs one."""
        return _NewConnection(self, uvicorn)

    def close(self) -> None:
        """Close all connections that have not sent a request yet."""
        for one in self.deadlines:
            if isinstance(one, _NewConnection):
                one.hang_up(b"")


class _NewConnection(asyncio.Protocol):
    """A connection that has not sent the head of its first request yet."""

    __slots__ = ("_entrance", "_head", "_transport", "_uvicorn")

    def __init__(self, entrance: ConnectionFactory, uvicorn: dict[str, Any]) -> None:
        self._entrance = entrance
        self._uvicorn = uvicorn
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
        if length > _HEAD_BYTES or (length < 0 and len(self._head) > _HEAD_BYTES):
            self._entrance.counts.count_rejection("head_too_long")
            self.hang_up(_TOO_LONG)
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
        http = _HTTP1Connection(self._entrance, **self._uvicorn)
        http.connection_made(self._transport)
        self._transport.set_protocol(http)
        http.data_received(self._head)

    def too_slow(self) -> None:
        if self._head:
            self._entrance.counts.count_rejection("head_too_slow")
        self.hang_up(_TOO_SLOW)

    def hang_up(self, last_words: bytes) -> None:
        self._entrance.deadlines.clear(self)
        self._transport.write(last_words)
        self._transport.close()


class _HTTP1Connection(HttpToolsProtocol):
    """A connection that carries one request after another."""

    def __init__(self, entrance: ConnectionFactory, **uvicorn: Any) -> None:
        super().__init__(**uvicorn)
        self._entrance = entrance
        self._head_bytes = 0
        """Bytes of an incomplete head, and of older bytes that came in the same pieces."""
        self._head = b""
        """The beginning of a head that follows an answered request."""
        self._body_bytes = 0
        self._in_body = False
        self._answering: RequestResponseCycle | None = None
        """The oldest request that is not answered; uvicorn's `cycle` is the newest."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        transport.set_write_buffer_limits(MAX_CONNECTION_BYTES)

    def connection_lost(self, exc: Exception | None) -> None:
        self._entrance.deadlines.clear(self)
        self._entrance.unread.remove(self.transport)
        if self._answering is not None:
            self._answering.disconnected = True
            self._answering.message_event.set()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        self._answering = self.pipeline[-1][0] if self.pipeline else None
        super().on_response_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._entrance.unread.add(self.transport)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._entrance.unread.remove(self.transport)

    def data_received(self, data: bytes) -> None:
        if self._is_idle():
            self._collect(data)
            if b"\r\n\r\n" not in self._head and len(self._head) <= _HEAD_BYTES:
                return  # only a complete head shows whether it is a handshake
            data, self._head = self._head, b""
            if (reader := Handshake.parse(data)) is not None:
                self._hand_over(reader)
                return
        if not self._in_body:
            if not self._head_bytes:
                self._entrance.deadlines.set(self, HEAD_TICKS)
            self._head_bytes += len(data)
        self._feed(data)
        if not self._in_body and self._head_bytes > _HEAD_BYTES:
            self._entrance.counts.count_rejection("head_too_long")
            self._hang_up(_TOO_LONG)

    def _collect(self, data: bytes) -> None:
        """Keep a piece of a head that follows an answered request."""
        if not self._head:
            self._unset_keepalive_if_required()
            self._entrance.deadlines.set(self, HEAD_TICKS)
        self._head += data

    def _hand_over(self, reader: Handshake) -> None:
        self._entrance.deadlines.clear(self)
        self.connections.discard(self)
        self._entrance.live.connect(self.transport, reader)

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
        self._entrance.deadlines.set(self, BODY_TICKS)
        before = self.cycle
        super().on_headers_complete()
        if before is not None and not before.response_complete:
            before.message_event.set()  # uvicorn pauses until the answer is complete: tell it that a request waits
        else:
            self._answering = self.cycle

    def on_body(self, body: bytes) -> None:
        before = earned_ticks(self._body_bytes)
        self._body_bytes += len(body)
        self._entrance.deadlines.extend(self, earned_ticks(self._body_bytes) - before)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_body = False
        self._entrance.deadlines.clear(self)
        super().on_message_complete()

    def too_slow(self) -> None:
        if self.flow.read_paused:  # this side has paused reading
            self._entrance.deadlines.set(self, HEAD_TICKS)
            return
        self._entrance.counts.count_rejection("body_too_slow" if self._in_body else "head_too_slow")
        self._hang_up(_TOO_SLOW)

    def _hang_up(self, last_words: bytes) -> None:
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(last_words)
        self.transport.close()
