"""Readers whose requests are held open: event streams and long polls. Each can be sent away by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import Request

from stoppress.live.hub import Farewell, Hub
from stoppress.model import Cursor
from stoppress.telemetry.counts import Counts
from stoppress.web.admission.addresses import Addresses
from stoppress.web.admission.admission import Admission, Refusal


class TurnedAway(Exception):
    """A reader may not come in. It is answered where it is known what its client understands."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


class Visit:
    """One of them."""

    def __init__(self) -> None:
        self.farewell: Farewell | None = None
        """Why it is to end."""
        self._waiting: asyncio.Timeout | None = None

    async def change(self, hub: Hub, cursor: Cursor | None, seconds: float) -> bool:
        """Wait until the blog is at another cursor, or gone; False if not in time, or the visit is to end.

        A delivery alone is no reason: one change is known at once, and delivered with others after it.
        """
        try:
            async with asyncio.timeout(seconds) as self._waiting:
                while cursor == hub.replica.cursor and hub.farewell is None:
                    await hub.delivered.wait()
        except TimeoutError:
            return False
        finally:
            self._waiting = None
        return True

    def end(self, farewell: Farewell) -> None:
        self.farewell = farewell
        if self._waiting is not None and not self._waiting.expired():
            self._waiting.reschedule(asyncio.get_running_loop().time())


class Visits:
    """All of a node.

    Args:
        admission: decides who may come in.
        addresses: tells clients apart.
        counts: gets their number.
    """

    def __init__(self, admission: Admission, addresses: Addresses, counts: Counts) -> None:
        self._counts = counts
        self._admission = admission
        self._addresses = addresses
        self._open: dict[Visit, None] = {}

    def __len__(self) -> int:
        return len(self._open)

    @contextmanager
    def open(self, request: Request, transport: str) -> Iterator[Visit]:
        """A visit for as long as the request is held. Raises `TurnedAway`."""
        seat = self._admission.enter(self._group(request) if self._admission.counts_addresses else "")
        if isinstance(seat, Refusal):
            raise TurnedAway(seat)
        visit = Visit()
        self._open[visit] = None
        self._counts.open[transport] += 1
        try:
            yield visit
        finally:
            seat()
            self._counts.open[transport] -= 1
            self._open.pop(visit, None)

    def _group(self, request: Request) -> str:
        peer = request.client.host if request.client else ""
        forwarded_for = ",".join(request.headers.getlist("x-forwarded-for"))
        return self._addresses.group(peer, forwarded_for, ",".join(request.headers.getlist("forwarded")))

    def release(self, count: int, farewell: Farewell) -> int:
        """Send away that many, those first who came first. Returns how many there were."""
        leaving = tuple(self._open)[:count]
        for visit in leaving:
            del self._open[visit]
            visit.end(farewell)
        return len(leaving)
