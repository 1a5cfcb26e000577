"""`/live`: takes readers' WebSocket handshakes, checks them, and hands their connections to the fan-out."""

from __future__ import annotations

import asyncio
import math
from contextlib import ExitStack
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress.errors import BlogNotFound, Forbidden, MalformedCursor, StoppressError, StoreUnavailable, TokenNeeded
from stoppress.live.hub import Hub
from stoppress.live.passes import FOREVER, NO_PASS
from stoppress.model import Cursor
from stoppress.telemetry.counts import Counts
from stoppress.web.admission.admission import Admission, NotAdmitted, Seat
from stoppress.web.connections.handshake import Handshake
from stoppress.web.connections.reader_connection import ReaderConnection
from stoppress.web.editors.guess_limit import TooManyGuesses
from stoppress.web.gate.credentials import TOKEN_PARAMETER
from stoppress.web.gate.gate import Gate, WrongOrigin
from stoppress.web.problems import HTTPError
from stoppress.web.readers.renditions import Rendition, Renditions
from stoppress.wire.close_reasons import STORE_RETRY, CloseCode, CloseReason
from stoppress.wire.encodings import WebSocket
from stoppress.wire.frames import close_frame
from stoppress.wire.messages import Retry

_REASONS: dict[type[StoppressError], tuple[str, CloseCode, Retry | None]] = {
    MalformedCursor: ("malformed_cursor", CloseCode.MALFORMED_CURSOR, None),
    BlogNotFound: ("no_such_blog", CloseCode.BLOG_NOT_FOUND, None),
    TokenNeeded: ("token_needed", CloseCode.TOKEN_NEEDED, None),
    Forbidden: ("not_allowed", CloseCode.NOT_ALLOWED, None),
    StoreUnavailable: ("store_unavailable", CloseCode.TRY_AGAIN_LATER, STORE_RETRY),
}
"""The reason for the metrics, the close code, and when to come back."""


class WebSocketEndpoint:
    """Takes readers' handshakes."""

    def __init__(self, gate: Gate, admission: Admission, renditions: Renditions, counts: Counts) -> None:
        self._gate = gate
        self._admission = admission
        self._renditions = renditions
        self._counts = counts
        self._waiting: set[asyncio.Task[None]] = set()

    def routes(self) -> list[Route]:
        return [Route("/blogs/{blog}/live", self.explain, methods=["GET"])]

    async def explain(self, _request: Request) -> Response:
        """Answer a request that is not a valid handshake."""
        headers = {"upgrade": "websocket", "connection": "upgrade", "sec-websocket-version": "13"}
        self._counts.count_rejection("no_websocket")
        detail = "This address speaks WebSocket (RFC 6455, version 13). Connect with a WebSocket client."
        raise HTTPError(426, detail, headers)

    def connect(self, transport: asyncio.Transport, handshake: Handshake) -> None:
        """Hand a reader's connection to its hub, or tell the client why not.

        Nearly always the blog is in memory, and the reader is at its hub when this returns.
        """
        rendition = self._renditions.of_subprotocol(handshake.subprotocol, handshake.language)
        newcomer = _Newcomer(transport, handshake, rendition)
        try:
            cursor = None if handshake.since is None else Cursor.parse(handshake.since)
            seat = self._admission.enter(*newcomer.addresses())
        except MalformedCursor as error:
            self._refuse(newcomer, error)
            return
        except NotAdmitted as error:
            newcomer.reject(error)
            return
        is_guest = handshake.token is None and not self._gate.carries_credential(handshake.headers)
        hub = self._gate.at_hand(handshake.blog, cursor) if is_guest else None
        if hub is not None and rendition.is_ready(hub.replica, cursor):
            newcomer.hand_over(hub, cursor, seat)
            return
        transport.pause_reading()
        task = asyncio.create_task(self._wait(newcomer, cursor, seat))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _wait(self, newcomer: _Newcomer, cursor: Cursor | None, seat: Seat) -> None:
        with ExitStack() as not_handed_over:
            not_handed_over.callback(seat)
            try:
                request = newcomer.request()
                hub, ends = await self._gate.admit(request, newcomer.handshake.blog, cursor)
            except WrongOrigin as error:
                self._counts.count_rejection("wrong_origin")
                newcomer.answer(HTTPError(403, str(error)))
                return
            except TooManyGuesses as error:
                newcomer.reject(error)
                return
            except (BlogNotFound, Forbidden, HTTPError, StoreUnavailable, TokenNeeded) as error:
                self._refuse(newcomer, error)
                return
            await newcomer.rendition.prepare(hub.replica, hub.replica.entries_for(cursor))
            if not newcomer.transport.is_closing():
                not_handed_over.pop_all()
                reader = newcomer.hand_over(hub, cursor, seat, ends)
                if ends == FOREVER:
                    self._gate.watch_reader(reader, hub, request)
                newcomer.transport.resume_reading()

    def _refuse(self, newcomer: _Newcomer, error: StoppressError) -> None:
        if isinstance(error, HTTPError):  # of a key
            error = TokenNeeded(str(error)) if error.status == 401 else StoreUnavailable(str(error))
        kind, code, retry = next(reason for kind, reason in _REASONS.items() if isinstance(error, kind))
        self._counts.count_rejection(kind)
        newcomer.refuse(CloseReason(code, str(error), retry))


class _Newcomer(NamedTuple):
    """A client whose handshake was read and is not answered yet."""

    transport: asyncio.Transport
    handshake: Handshake
    rendition: Rendition

    @property
    def encoding(self) -> WebSocket:
        return self.rendition.websockets[self.handshake.compression]

    def addresses(self) -> tuple[str, str, str]:
        """Return the peer address, X-Forwarded-For and Forwarded."""
        peer, headers = self.transport.get_extra_info("peername"), self.handshake.headers
        forwarded_for, forwarded = (
            headers.get(name, b"").decode("latin-1") for name in (b"x-forwarded-for", b"forwarded")
        )
        return peer[0] if peer else "", forwarded_for, forwarded

    def request(self) -> Request:
        """Return the handshake as a request, with all that may carry a token or a key."""
        query = {} if self.handshake.token is None else {TOKEN_PARAMETER: self.handshake.token}
        peer = self.transport.get_extra_info("peername")
        return Request(
            {
                "type": "http",
                "method": "GET",
                "path": f"/blogs/{self.handshake.blog}/live",
                "query_string": urlencode(query).encode(),
                "headers": list(self.handshake.headers.items()),
                "client": tuple(peer[:2]) if peer else None,
            }
        )

    def hand_over(self, hub: Hub, cursor: Cursor | None, seat: Seat, ends: float = NO_PASS) -> ReaderConnection:
        reader = ReaderConnection(hub, self.encoding, cursor, seat, math.ceil(ends))
        reader.open(self.transport, self.handshake.response)
        if self.handshake.early:
            reader.data_received(self.handshake.early)
        return reader

    def reject(self, not_admitted: NotAdmitted | TooManyGuesses) -> None:
        """Send a message to a browser (it sends `Origin`, and shows its pages no status), else a status."""
        if b"origin" in self.handshake.headers:
            self.refuse(CloseReason(CloseCode.TRY_AGAIN_LATER, str(not_admitted), not_admitted.retry))
        else:
            self.answer(not_admitted)

    def answer(self, error: HTTPError) -> None:
        """Answer with a status in place of the handshake."""
        self.transport.write(error.as_bytes())
        self.transport.close()

    def refuse(self, close_reason: CloseReason) -> None:
        """Accept the handshake, because browsers show nothing else to a page, and close the connection."""
        last = self.encoding.encode(close_reason.retry) if close_reason.retry else b""
        self.transport.write(self.handshake.response + last + close_frame(close_reason))
        self.transport.close()
