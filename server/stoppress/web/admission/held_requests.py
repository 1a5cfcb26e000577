"""Requests of readers that are held open: event streams and long polls. Each can be ended by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from starlette.requests import Request
from starlette.types import Receive

from stoppress.live.hub import Hub
from stoppress.model import Cursor
from stoppress.telemetry.counts import Counts
from stoppress.web.admission.admission import Admission
from stoppress.wire.close_reasons import READER_LEFT, CloseReason


class HeldRequest:
    def __init__(self) -> None:
        self.close_reason: CloseReason | None = None
        """The reason to end the request; None as long as it is held."""
        self._waiting: asyncio.Timeout | None = None

    async def change(self, hub: Hub, cursor: Cursor | None, seconds: float) -> bool:
        """Wait until the blog is at another cursor or deleted. Return False after `seconds`, or to end the request.

        A delivery alone does not end the wait: the replica has a change before the hub delivers it, with later ones.
        """
        hub.held_requests += 1
        try:
            async with asyncio.timeout(seconds) as self._waiting:
                while cursor == hub.replica.cursor and hub.close_reason is None:
                    await hub.delivered.wait()
        except TimeoutError:
            return False
        finally:
            hub.held_requests -= 1
            self._waiting = None
        return True

    async def event(self, event: asyncio.Event, seconds: float) -> None:
        """Wait for an event, at most for `seconds`, or to end the request."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds) as self._waiting:
                await event.wait()
        self._waiting = None

    def end(self, close_reason: CloseReason) -> None:
        """End the request as soon as possible."""
        self.close_reason = close_reason
        if self._waiting is not None and not self._waiting.expired():
            self._waiting.reschedule(asyncio.get_running_loop().time())


class HeldRequests:
    """All held requests of a node."""

    def __init__(self, admission: Admission, counts: Counts) -> None:
        self._counts = counts
        self._admission = admission
        self._open: dict[HeldRequest, None] = {}

    def __len__(self) -> int:
        return len(self._open)

    @contextmanager
    def open(self, request: Request, transport: str) -> Iterator[HeldRequest]:
        """Hold a request until the block ends, and end it when its reader leaves. Raises `NotAdmitted`."""
        headers = (",".join(request.headers.getlist(name)) for name in ("x-forwarded-for", "forwarded"))
        seat = self._admission.enter(request.client.host if request.client else "", *headers)
        self._counts.open[transport] += 1
        try:
            with self._hold(request) as held:
                yield held
        finally:
            seat()
            self._counts.open[transport] -= 1

    @contextmanager
    def open_desk(self, request: Request) -> Iterator[HeldRequest]:
        """Hold the request of an editor's desk, which is not a reader. Raises `NotAdmitted` if the node is stopping."""
        self._admission.require_serving()
        with self._hold(request) as held:
            yield held

    @contextmanager
    def _hold(self, request: Request) -> Iterator[HeldRequest]:
        held = HeldRequest()
        self._open[held] = None
        leaving = asyncio.create_task(_end_with_reader(held, request.receive))
        try:
            yield held
        finally:
            leaving.cancel()
            self._open.pop(held, None)

    def release(self, count: int, close_reason: CloseReason) -> int:
        """End at most `count` requests, the oldest first. Return how many it ended."""
        leaving = tuple(self._open)[:count]
        for held in leaving:
            del self._open[held]
            held.end(close_reason)
        return len(leaving)


async def _end_with_reader(held: HeldRequest, receive: Receive) -> None:
    """End a held request when its reader has left. Also when it sends more: then we cannot see it leave."""
    first = await receive()
    if first["type"] == "http.request" and not first.get("body") and not first.get("more_body"):
        await receive()
    held.end(READER_LEFT)
