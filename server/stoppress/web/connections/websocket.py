"""`/live`: takes readers' WebSocket handshakes, checks them, and hands their connections to the fan-out."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress.errors import BlogNotFound, MalformedCursor, StoreUnavailable
from stoppress.live.hub import Hub
from stoppress.model import Cursor
from stoppress.sync.follower import Follower
from stoppress.telemetry.counts import Counts
from stoppress.web.admission.addresses import Addresses
from stoppress.web.admission.admission import Admission, NotAdmitted, Seat
from stoppress.web.connections.handshake import Handshake
from stoppress.web.connections.reader_connection import ReaderConnection
from stoppress.web.problems import HTTPError, unavailable
from stoppress.web.readers.renditions import Rendition, Renditions
from stoppress.wire.close_reasons import CloseCode, CloseReason
from stoppress.wire.encodings import WebSocket
from stoppress.wire.frames import close_frame
from stoppress.wire.messages import Retry

STORE_RETRY = Retry(min=1_000, max=10_000)
"""When a reader may come back after the store did not answer."""


class WebSocketEndpoint:
    """Takes readers' handshakes.

    Args:
        follower: knows the blogs.
        admission: decides which readers may connect.
        addresses: tells clients apart.
        renditions: has the encodings.
        counts: gets the rejections.
    """

    def __init__(
        self,
        follower: Follower,
        admission: Admission,
        addresses: Addresses,
        renditions: Renditions,
        counts: Counts,
    ) -> None:
        self._follower = follower
        self._admission = admission
        self._addresses = addresses
        self._renditions = renditions
        self._counts = counts
        self._waiting: set[asyncio.Task[None]] = set()

    def routes(self) -> list[Route]:
        return [Route("/blogs/{blog}/live", self.explain, methods=["GET"])]

    async def explain(self, _request: Request) -> Response:
        """Answer a request that is not a valid handshake."""
        headers = {"upgrade": "websocket", "connection": "upgrade", "sec-websocket-version": "13"}
        self._counts.count_rejection("no_websocket")
        raise HTTPError(
            426, "This address speaks WebSocket (RFC 6455, version 13). Connect with a WebSocket client.", headers
        )

    def connect(self, transport: asyncio.Transport, handshake: Handshake) -> None:
        """Hand a reader's connection to its hub, or tell the client why not.

        Nearly always the blog is in memory, and the reader is at its hub when this returns.
        """
        newcomer = _Newcomer(
            transport, handshake, self._renditions.of_subprotocol(handshake.subprotocol, handshake.language)
        )
        try:
            cursor = None if handshake.since is None else Cursor.parse(handshake.since)
        except MalformedCursor as error:
            self._counts.count_rejection("malformed_cursor")
            newcomer.refuse(CloseReason(CloseCode.MALFORMED_CURSOR, str(error)))
            return
        seat = self._admission.enter(self._group(newcomer) if self._admission.counts_addresses else "")
        if isinstance(seat, NotAdmitted):
            newcomer.reject(seat)
            return
        hub = self._follower.at_hand(handshake.blog, cursor)
        if hub is not None and newcomer.rendition.is_ready(hub.replica, cursor):
            newcomer.hand_over(hub, cursor, seat)
            return
        transport.pause_reading()
        task = asyncio.create_task(self._wait(newcomer, cursor, seat))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    def _group(self, newcomer: _Newcomer) -> str:
        peer, headers = newcomer.transport.get_extra_info("peername"), newcomer.handshake.headers
        forwarded_for = headers.get(b"x-forwarded-for", b"").decode("latin-1")
        forwarded = headers.get(b"forwarded", b"").decode("latin-1")
        return self._addresses.group(peer[0] if peer else "", forwarded_for, forwarded)

    async def _wait(self, newcomer: _Newcomer, cursor: Cursor | None, seat: Seat) -> None:
        with ExitStack() as not_handed_over:
            not_handed_over.callback(seat)
            try:
                hub: Hub = await self._follower.hub(newcomer.handshake.blog, cursor)
            except BlogNotFound as error:
                self._counts.count_rejection("no_such_blog")
                newcomer.refuse(CloseReason(CloseCode.BLOG_NOT_FOUND, str(error)))
            except StoreUnavailable as error:
                self._counts.count_rejection("store_unavailable")
                newcomer.refuse(CloseReason(CloseCode.TRY_AGAIN_LATER, str(error), STORE_RETRY))
            else:
                await newcomer.rendition.prepare(hub.replica, hub.replica.entries_for(cursor))
                if not newcomer.transport.is_closing():
                    not_handed_over.pop_all()
                    newcomer.hand_over(hub, cursor, seat)
                    newcomer.transport.resume_reading()


class _Newcomer(NamedTuple):
    """A client whose handshake was read and is not answered yet."""

    transport: asyncio.Transport
    handshake: Handshake
    rendition: Rendition

    @property
    def encoding(self) -> WebSocket:
        return self.rendition.websockets[self.handshake.compression]

    def hand_over(self, hub: Hub, cursor: Cursor | None, seat: Seat) -> None:
        """Give the connection to the fan-out."""
        reader = ReaderConnection(hub, self.encoding, cursor, seat)
        reader.open(self.transport, self.handshake.response)
        if self.handshake.early:
            reader.data_received(self.handshake.early)

    def reject(self, not_admitted: NotAdmitted) -> None:
        """Send a message to a browser (it sends `Origin`, and shows its pages no status), else a status."""
        if b"origin" in self.handshake.headers:
            self.refuse(CloseReason(CloseCode.TRY_AGAIN_LATER, not_admitted.reason, not_admitted.retry))
        else:
            self.transport.write(unavailable(not_admitted.reason, not_admitted.retry_after()))
            self.transport.close()

    def refuse(self, close_reason: CloseReason) -> None:
        """Accept the handshake, because browsers show nothing else to a page, and close the connection."""
        last = self.encoding.encode(close_reason.retry) if close_reason.retry else b""
        self.transport.write(self.handshake.response + last + close_frame(close_reason))
        self.transport.close()
