"""`/events`: the live stream for EventSource (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress.errors import StoreUnavailable
from stoppress.model import Cursor
from stoppress.telemetry.counts import Counts
from stoppress.web.admission.admission import NotAdmitted
from stoppress.web.admission.held_requests import HeldRequest, HeldRequests
from stoppress.web.editors.guess_limit import TooManyGuesses
from stoppress.web.gate.credentials import TOKEN_PARAMETER
from stoppress.web.gate.gate import Gate
from stoppress.web.gate.pass_check import PassCheck
from stoppress.web.negotiation import Wanted
from stoppress.web.readers.event_stream import RECONNECT, EventStream, come_back, reconnect
from stoppress.web.readers.renditions import Rendition, Renditions
from stoppress.web.security import READABLE
from stoppress.web.validation import check_query
from stoppress.wire.close_reasons import STORE_RETRY, CloseCode
from stoppress.wire.encodings import SSE
from stoppress.wire.messages import Beat, Close

_TOLD = (CloseCode.TOKEN_NEEDED, CloseCode.NOT_ALLOWED)
"""Close codes that a reader of a stream is told: the status of its next request does not reach a page."""


class Events:
    """The handler. `beat` is in seconds: between beats on a silent event stream."""

    def __init__(
        self, gate: Gate, held_requests: HeldRequests, renditions: Renditions, beat: float, counts: Counts
    ) -> None:
        self._gate = gate
        self._renditions = renditions
        self._held_requests = held_requests
        self._beat = beat
        self._counts = counts

    def routes(self) -> list[Route]:
        return [Route("/blogs/{blog}/events", self.events, methods=["GET"])]

    async def events(self, request: Request) -> Response:
        """Answer with a live stream. After a reconnect the browser's Last-Event-ID counts instead of `since`."""
        check_query(request, "since", "lastEventId", "view", "lang", TOKEN_PARAMETER)
        query = request.query_params
        last, text = request.headers.get("last-event-id") or query.get("lastEventId"), query.get("since")
        since = Cursor.parse(last, "Last-Event-ID") if last else None if text is None else Cursor.parse(text)
        rendition = self._renditions.of(request)
        headers = {**READABLE, "cache-control": "no-store", "x-accel-buffering": "no"}
        admitted = ExitStack()
        try:
            way = await self._gate.admit(request, request.path_params["blog"], since)
            if request.method == "HEAD":
                return Response(None, 200, headers, media_type=SSE.name)
            held = admitted.enter_context(self._held_requests.open(request, "sse"))
        except (NotAdmitted, StoreUnavailable, TooManyGuesses) as error:
            if request.method == "HEAD" or SSE.name not in Wanted(request.headers).weights():
                raise
            retry = STORE_RETRY if isinstance(error, StoreUnavailable) else error.retry
            return Response(come_back(retry), 200, headers, media_type=SSE.name)
        check = PassCheck(self._gate, request, way, held)
        admitted.callback(way.hub.deliveries.exit, "events")
        mark = way.hub.deliveries.enter("events")
        return EventStream(admitted, self._stream(check, since, rendition, held, mark), headers)

    async def _stream(
        self, check: PassCheck, cursor: Cursor | None, rendition: Rendition, held: HeldRequest, mark: int
    ) -> AsyncIterator[bytes]:
        hub = check.hub
        yield reconnect(RECONNECT)
        await rendition.prepare(hub.replica, hub.replica.entries_for(cursor))
        if not (close_reason := await check.close_reason()):
            data, cursor = hub.catch_up(cursor, rendition.events)
            for part in _slices(data):
                yield part
            mark = hub.deliveries.settle(mark, cursor)
        while not (close_reason := close_reason or held.close_reason or hub.close_reason):
            await hub.released()
            if close_reason := await check.close_reason():
                continue
            if cursor != hub.replica.cursor:
                data, cursor = hub.answer(cursor, rendition.events)
                self._counts.deliveries["sse"] += 1
                for part in _slices(data):
                    yield part
                mark = hub.deliveries.settle(mark, cursor)
            elif not await check.change(cursor, self._beat) and not held.close_reason:
                yield SSE.encode(Beat(str(cursor)))
        if close_reason.retry is not None:
            yield come_back(close_reason.retry)
        elif close_reason.code in _TOLD:
            yield SSE.encode(Close(close_reason.code, close_reason.reason))


def _slices(data: bytes) -> Iterator[bytes]:
    """Cut data into pieces, so that a stream that is not being read holds one of them instead of a whole copy."""
    return (data[begin : begin + SSE.codec.part_bytes] for begin in range(0, len(data), SSE.codec.part_bytes))
