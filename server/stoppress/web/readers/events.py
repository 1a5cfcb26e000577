"""`/events`: the live stream for EventSource (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

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
from stoppress.web.readers.renditions import Rendition, Renditions
from stoppress.web.security import READABLE
from stoppress.web.validation import check_query
from stoppress.wire.close_reasons import STORE_RETRY, CloseCode
from stoppress.wire.encodings import SSE
from stoppress.wire.messages import Beat, Close, Retry

_RECONNECT = Retry(min=1_000, max=5_000)
"""The time after which a browser reconnects when it has lost an event stream, unless the server says otherwise."""

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
            return Response(_come_back(retry), 200, headers, media_type=SSE.name)
        check = PassCheck(self._gate, request, way, held)
        return _Stream(admitted, self._stream(check, since, rendition, held), headers)

    async def _stream(
        self, check: PassCheck, cursor: Cursor | None, rendition: Rendition, held: HeldRequest
    ) -> AsyncIterator[bytes]:
        hub = check.hub
        yield _reconnect(_RECONNECT)
        await rendition.prepare(hub.replica, hub.replica.entries_for(cursor))
        if not (close_reason := await check.close_reason()):
            data, cursor = hub.catch_up(cursor, rendition.events)
            for part in _slices(data):
                yield part
        while not (close_reason := close_reason or held.close_reason or hub.close_reason):
            await hub.released()
            if close_reason := await check.close_reason():
                continue
            if cursor != hub.replica.cursor:
                data, cursor = hub.answer(cursor, rendition.events)
                self._counts.deliveries["sse"] += 1
                for part in _slices(data):
                    yield part
            elif not await check.change(cursor, self._beat) and not held.close_reason:
                yield SSE.encode(Beat(str(cursor)))
        if close_reason.retry is not None:
            yield _come_back(close_reason.retry)
        elif close_reason.code in _TOLD:
            yield SSE.encode(Close(close_reason.code, close_reason.reason))


def _slices(data: bytes) -> Iterator[bytes]:
    """Cut data into pieces, so that a stream that is not being read holds one of them instead of a whole copy."""
    return (data[begin : begin + SSE.codec.part_bytes] for begin in range(0, len(data), SSE.codec.part_bytes))


class _Stream(StreamingResponse):
    """An event stream that counts as a held request until it ends, however it ends."""

    def __init__(self, admitted: ExitStack, stream: AsyncIterator[bytes], headers: dict[str, str]) -> None:
        super().__init__(stream, 200, headers, media_type=SSE.name)
        self._admitted = admitted

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        with self._admitted:
            await self.stream_response(send)


def _come_back(retry: Retry) -> bytes:
    """Return the last bytes for an EventSource, which takes one retry time and gives up on any status but 200."""
    return _reconnect(retry) + SSE.encode(retry)


def _reconnect(retry: Retry) -> bytes:
    """Return the `retry` field of the event that follows."""
    return f"retry: {random.randint(retry.min, retry.max)}\n".encode()  # noqa: S311, no secret
