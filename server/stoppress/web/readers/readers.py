"""The readers' surfaces over plain HTTP: changes, events, older pages, one entry (contract, section 3)."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from stoppress.errors import BadInput, EntryNotFound
from stoppress.live.hub import CloseReason, Hub
from stoppress.live.items import parse_position
from stoppress.model import Cursor
from stoppress.sync.follower import Follower
from stoppress.telemetry.counts import Counts
from stoppress.web.admission.admission import NotAdmitted
from stoppress.web.admission.held_requests import AdmissionError, HeldRequest, HeldRequests
from stoppress.web.bodies import number, weights
from stoppress.web.pages.pages import Pages
from stoppress.web.problems import HTTPError
from stoppress.web.security import READABLE
from stoppress.wire.encodings import HTTP_JSON, SSE
from stoppress.wire.messages import Beat, Page, Retry

MAX_WAIT = 60.0
"""Seconds that `wait` may hold a request."""

RECONNECT = Retry(min=1_000, max=5_000)
"""When a browser comes back to an event stream that it has lost, unless it is told otherwise."""

LEFT = CloseReason(1001, "the reader has left")


class Readers:
    """The handlers.

    Args:
        follower: knows the blogs.
        held_requests: the requests that are held open.
        pages: for browsers that ask for one entry.
        beat: seconds between beats on a silent event stream.
        newest: entries on a page, unless `limit` says otherwise.
        counts: what is counted.
    """

    def __init__(
        self, follower: Follower, held_requests: HeldRequests, pages: Pages, beat: float, newest: int, counts: Counts
    ) -> None:
        self._follower = follower
        self._held_requests = held_requests
        self._pages = pages
        self._beat = beat
        self._newest = newest
        self._counts = counts

    def routes(self) -> list[Route]:
        return [
            Route("/blogs/{blog}/changes", self.changes, methods=["GET"]),
            Route("/blogs/{blog}/events", self.events, methods=["GET"]),
            Route("/blogs/{blog}/entries", self.older, methods=["GET"]),
            Route("/blogs/{blog}/entries/{entry}", self.entry, methods=["GET"]),
        ]

    async def changes(self, request: Request) -> Response:
        """What differs from `since`, at once or within `wait` seconds."""
        since, wait = _cursor(request.query_params.get("since")), _wait(request)
        hub = await self._hub(request, since)
        is_current = since == hub.replica.cursor or _etag(hub.replica.cursor) in _known_tags(request)
        leaves = False
        if wait and is_current and hub.close_reason is None:
            async with self._held(request) as held:
                self._counts.deliveries["long_poll"] += await held.change(hub, hub.replica.cursor, wait)
                leaves = held.close_reason is not None
            hub = await self._hub(request, since)  # it may have been deleted
            body, cursor = hub.answer(since, HTTP_JSON)
        else:
            body, cursor = hub.catch_up(since, HTTP_JSON)
        answer = _cacheable(request, body, cursor, "public, max-age=1")
        if leaves:
            answer.headers["connection"] = "close"  # the next request is for another node
        return answer

    async def events(self, request: Request) -> Response:
        """The live stream for EventSource; after a reconnect the browser's Last-Event-ID is what counts."""
        last = request.headers.get("last-event-id")
        since = Cursor.parse(last, "Last-Event-ID") if last else _cursor(request.query_params.get("since"))
        hub = await self._hub(request, since)
        headers = {**READABLE, "cache-control": "no-store", "x-accel-buffering": "no"}
        if request.method == "HEAD":
            return Response(None, 200, headers, media_type=SSE.name)
        held = ExitStack()
        try:
            stream = self._stream(hub, since, held.enter_context(self._held_requests.open(request, "sse")))
        except AdmissionError as error:
            if SSE.name not in weights(request.headers.get("accept", "")):
                raise _unavailable(error.not_admitted) from None
            return Response(_come_back(error.not_admitted.retry), 200, headers, media_type=SSE.name)
        return _Stream(held, stream, headers)

    async def _stream(self, hub: Hub, cursor: Cursor | None, held: HeldRequest) -> AsyncIterator[bytes]:
        yield _reconnect(RECONNECT)
        data, cursor = hub.catch_up(cursor, SSE)
        for slice_ in _slices(data):
            yield slice_
        while not (close_reason := held.close_reason or hub.close_reason):
            if cursor != hub.replica.cursor:
                data, cursor = hub.answer(cursor, SSE)
                self._counts.deliveries["sse"] += 1
                for slice_ in _slices(data):
                    yield slice_
            elif not await held.change(hub, cursor, self._beat) and not held.close_reason:
                yield SSE.encode(Beat(str(cursor)))
        if close_reason.retry is not None:
            yield _come_back(close_reason.retry)

    async def older(self, request: Request) -> Response:
        """A page of entries, newest first."""
        before = request.query_params.get("before")
        limit = number(request, "limit", self._newest, 200)
        position = None if before is None else parse_position(before)
        replica = (await self._hub(request)).replica
        entries, address = replica.page(position, limit)
        self._counts.catch_ups["page"] += 1
        if address is not None and "limit" in request.query_params:
            address += f"&limit={limit}"
        page = Page(
            blog=replica.blog,
            cursor=str(replica.cursor),
            entries=[entry.raw(HTTP_JSON.codec) for entry in entries],
            older=address,
        )
        response = _cacheable(request, msgspec.json.encode(page), replica.cursor, "no-cache")
        if address is not None:
            response.headers["link"] = f'<{address}>; rel="next"'
        return response

    async def entry(self, request: Request) -> Response:
        """One entry: the page at it for a browser, JSON for everybody else."""
        entry_id = request.path_params["entry"]
        replica = (await self._hub(request)).replica
        entry = replica.entry(entry_id)
        if entry is None:
            raise EntryNotFound(replica.blog, entry_id)
        kinds = weights(request.headers.get("accept", ""))
        if kinds.get("text/html", 0) > kinds.get("application/json", 0):
            return self._pages.at_entry(request, replica, entry)
        return _cacheable(request, bytes(entry.raw(HTTP_JSON.codec)), replica.cursor_at(entry.seq), "no-cache")

    @asynccontextmanager
    async def _held(self, request: Request) -> AsyncIterator[HeldRequest]:
        try:
            with self._held_requests.open(request, "long_poll") as held:
                leaving = asyncio.create_task(_end_with_reader(held, request.receive))
                try:
                    yield held
                finally:
                    leaving.cancel()
        except AdmissionError as error:
            raise _unavailable(error.not_admitted) from None

    async def _hub(self, request: Request, since: Cursor | None = None) -> Hub:
        return await self._follower.hub(request.path_params["blog"], since)


async def _end_with_reader(held: HeldRequest, receive: Receive) -> None:
    """A reader who has left takes nobody's position."""
    await _gone(receive)
    held.end(LEFT)


async def _gone(receive: Receive) -> None:
    """Wait until the reader has left, or has sent a body or another request: then it cannot be seen to leave."""
    first = await receive()
    if first["type"] == "http.request" and not first.get("body") and not first.get("more_body"):
        await receive()


def _slices(data: bytes) -> Iterator[bytes]:
    """So small that a stream nobody reads holds one of them, not a copy of the whole."""
    return (data[begin : begin + SSE.codec.part_bytes] for begin in range(0, len(data), SSE.codec.part_bytes))


class _Stream(StreamingResponse):
    """An event stream, which is a held until it ends, in whatever way."""

    def __init__(self, held: ExitStack, stream: AsyncIterator[bytes], headers: dict[str, str]) -> None:
        super().__init__(stream, 200, headers, media_type=SSE.name)
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def gone() -> Message:
            await _gone(receive)
            return {"type": "http.disconnect"}

        with self._held:
            await super().__call__(scope, gone, send)


def _unavailable(not_admitted: NotAdmitted) -> HTTPError:
    return HTTPError(503, not_admitted.reason, {"retry-after": not_admitted.retry_after()})


def _come_back(retry: Retry) -> bytes:
    """The last words to an EventSource, which knows one time, and gives up where it gets another status than 200."""
    return _reconnect(retry) + SSE.encode(retry)


def _reconnect(retry: Retry) -> bytes:
    """A field of the event that follows."""
    return f"retry: {random.randint(retry.min, retry.max)}\n".encode()  # noqa: S311, no secret


def _cursor(text: str | None) -> Cursor | None:
    return None if text is None else Cursor.parse(text)


def _wait(request: Request) -> float:
    text = request.query_params.get("wait", "0")
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text):
        raise BadInput("`wait` must be a number of seconds, as in wait=25", "wait")
    return min(float(text), MAX_WAIT)


def _etag(cursor: Cursor) -> str:
    return f'"{cursor}"'


def _known_tags(request: Request) -> list[str]:
    # weak comparison: RFC 9110, section 13.1.2
    return [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]


def _cacheable(request: Request, body: bytes, cursor: Cursor, cache_control: str) -> Response:
    etag = _etag(cursor)
    headers = {**READABLE, "etag": etag, "cache-control": cache_control, "vary": "accept"}
    if etag in _known_tags(request):
        return Response(None, 304, headers)
    return Response(body, 200, headers, media_type="application/json")
