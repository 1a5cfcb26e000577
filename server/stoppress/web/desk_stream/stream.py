"""`/api/blogs/{blog}/desk`: all that an open desk shows of a blog, as it changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from stoppress.access.identity import Identity
from stoppress.access.roles import Action
from stoppress.desk.open_desk import DeskCursor, OpenDesk
from stoppress.desk.open_desks import OpenDesks
from stoppress.errors import NotNow, StoreUnavailable
from stoppress.web.admission.admission import NotAdmitted
from stoppress.web.admission.held_requests import HeldRequest, HeldRequests
from stoppress.web.desk_stream.right import DeskRight
from stoppress.web.desk_stream.shown import ShownDesk
from stoppress.web.editors.auth import Authentication
from stoppress.web.editors.resource import Handler, Resource, unstored
from stoppress.web.editors.write_limit import WriteLimit
from stoppress.web.gate.gate import RECHECK_SECONDS
from stoppress.web.negotiation import Wanted
from stoppress.web.pages.markup import Renderer
from stoppress.web.readers.event_stream import RECONNECT, come_back, reconnect
from stoppress.wire.close_reasons import STORE_RETRY, CloseReason
from stoppress.wire.encodings import SSE
from stoppress.wire.messages import Beat, Close

SEND_SECONDS = 20.0
"""Maximum time for which a desk may take no data. Then its connection is closed. If it comes back, it begins anew."""

_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


class DeskStreams:
    """The handler.

    Args:
        authentication: finds the sender, again and again.
        limit: counts nothing here, because this only reads.
        desks: what is open on this node.
        held_requests: those that a drain ends.
        renderer: makes the articles.
        beat: seconds between beats on a silent stream.
    """

    def __init__(
        self,
        authentication: Authentication,
        limit: WriteLimit,
        desks: OpenDesks,
        held_requests: HeldRequests,
        renderer: Renderer,
        beat: float,
    ) -> None:
        self._authentication = authentication
        self._limit = limit
        self._desks = desks
        self._held_requests = held_requests
        self._renderer = renderer
        self._beat = beat

    def routes(self) -> list[Route]:
        handlers: dict[str, tuple[Action | None, Handler]] = {"GET": ("read_blogs", self.desk)}
        return [Resource(self._authentication, self._limit, (), handlers).route("/api/blogs/{blog}/desk")]

    async def desk(self, request: Request, blog: str) -> Response:
        """Answer with the live stream, or with a snapshot in JSON unless `Accept` names event streams."""
        is_stream = SSE.name in Wanted(request.headers).weights() and request.method != "HEAD"
        opened = AsyncExitStack()
        try:
            desk = await opened.enter_async_context(self._desks.open(blog, request.state.who))
            if not is_stream:
                pieces = self._shown(desk, request.state.who).snapshot(desk.snapshot(), desk.figures())
                return unstored(_Opened(opened, pieces, "application/json"))
            held = opened.enter_context(self._held_requests.open_desk(request))
        except (NotAdmitted, NotNow, StoreUnavailable) as error:
            await opened.aclose()
            if not is_stream:
                raise
            retry = error.retry if isinstance(error, NotAdmitted) else STORE_RETRY
            return Response(come_back(retry), 200, _HEADERS, media_type=SSE.name)
        right = DeskRight(self._authentication, request, blog)
        return _Opened(opened, self._stream(desk, right, held), SSE.name)

    def _shown(self, desk: OpenDesk, who: Identity) -> ShownDesk:
        return ShownDesk(self._renderer, desk.hub.replica, who)

    async def _stream(self, desk: OpenDesk, right: DeskRight, held: HeldRequest) -> AsyncIterator[bytes]:
        yield reconnect(RECONNECT)
        conversation = _Conversation(desk, self._renderer, right)
        while not (close_reason := held.close_reason or desk.hub.close_reason):
            await desk.hub.released()
            if close_reason := await right.close_reason():
                break
            changed, is_silent = desk.changed, True
            async for event in conversation.news():
                is_silent = False
                yield event
                conversation.spoke()
            if is_silent:
                if conversation.silent_for() >= self._beat:
                    yield conversation.beat()
                await held.event(changed, min(self._beat, RECHECK_SECONDS))
        yield _last(close_reason)


class _Conversation:
    """What one desk has been told."""

    def __init__(self, desk: OpenDesk, renderer: Renderer, right: DeskRight) -> None:
        self._desk = desk
        self._renderer = renderer
        self._right = right
        self._who = right.who
        self._language = ""
        self._seen: DeskCursor | None = None
        self._told: dict[str, Any] = {}
        self._spoke_at = asyncio.get_running_loop().time()

    def silent_for(self) -> float:
        """Return the seconds since the desk was sent something."""
        return asyncio.get_running_loop().time() - self._spoke_at

    def spoke(self) -> None:
        """Note that the desk was sent something."""
        self._spoke_at = asyncio.get_running_loop().time()

    def beat(self) -> bytes:
        """Return a sign of life."""
        self.spoke()
        return SSE.encode(Beat(str(self._desk.hub.replica.cursor)))

    async def news(self) -> AsyncIterator[bytes]:
        """Yield the events that lead the desk to what there is now: a snapshot to begin with, then what changes."""
        who = self._right.who
        shown = ShownDesk(self._renderer, self._desk.hub.replica, who)
        is_same = (self._who, self._language) == (who, shown.language)
        news = self._desk.since(self._seen) if is_same and self._seen else None
        self._who, self._language = who, shown.language
        if news is None:
            news = self._desk.snapshot()
            self._seen = news.cursor
            yield b"event: snapshot\ndata: "
            self._told = self._desk.figures()
            async for piece in shown.snapshot(news, self._told):
                yield piece
            yield b"\n\n"
            return
        if news.cursor != self._seen:
            self._seen = news.cursor
            if header := shown.header(news):
                yield _event("header", header)
            async for entry in shown.entries(news):
                yield _event("entry", entry)
            for gone in shown.gone(news):
                yield _event("gone", gone)
        for figures in self._figures():
            yield figures

    def _figures(self) -> Iterator[bytes]:
        """Yield what has changed around the entries."""
        before, self._told = self._told, self._desk.figures()
        if self._told["people"] != before["people"]:
            yield _event("people", msgspec.json.encode({"people": self._told["people"]}))
        if self._told["readers"] != before["readers"]:
            yield _event("readers", msgspec.json.encode(self._told["readers"]))
        for delivery in self._told["delivery"]:
            if delivery not in before["delivery"]:
                yield _event("delivery", msgspec.json.encode(delivery))


class _Opened(StreamingResponse):
    """An answer from an open desk, which closes when the answer ends, however it ends."""

    def __init__(self, opened: AsyncExitStack, pieces: AsyncIterator[bytes], media_type: str) -> None:
        super().__init__(pieces, 200, _HEADERS, media_type=media_type)
        self._opened = opened

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        async def timed(message: Any) -> None:
            async with asyncio.timeout(SEND_SECONDS):
                await send(message)

        async with self._opened:
            await self.stream_response(timed)


def _event(kind: str, data: bytes) -> bytes:
    return b"event: " + kind.encode() + b"\ndata: " + data + b"\n\n"


def _last(close_reason: CloseReason) -> bytes:
    """Return the end of a stream: when to come back, or why it would be in vain."""
    if close_reason.retry is not None:
        return come_back(close_reason.retry)
    return SSE.encode(Close(close_reason.code, close_reason.reason))
