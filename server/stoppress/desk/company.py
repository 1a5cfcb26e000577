"""Keeps open desks informed of what other tabs and other nodes do: presence, readers and deliveries."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from stoppress.desk.exchange import RENEW_SECONDS, Exchange
from stoppress.desk.open_desk import OpenDesk
from stoppress.desk.open_desks import OpenDesks
from stoppress.desk.presence import BlogPresence, Presence, Tab
from stoppress.errors import StoreUnavailable

TICK_SECONDS = 0.5
"""Time between two looks at what has to be written. Every second one also reads."""

_AT_ONCE = 16
"""Number of blogs that are exchanged at the same time."""

log = logging.getLogger("stoppress.desk")


class Company:
    """See the module's docstring.

    Args:
        desks: the open desks of this node.
        exchange: leads to the other nodes.
        now: returns the store's time, as Unix time in seconds.
    """

    def __init__(self, desks: OpenDesks, exchange: Exchange, now: Callable[[], float]) -> None:
        self._desks = desks
        self._exchange = exchange
        self._now = now
        self._presence = Presence()
        self._written: dict[str, float] = {}  # blogs with records of this node, and when they were written
        self._is_failing = False

    # Presence

    async def arrive(self, blog: str, tab: str, who: str, name: str, editing: str | None) -> None:
        """Take the report of a tab that is there.

        Args:
            blog: the blog.
            tab: a random id that the tab has made up.
            who: the `Identity.id` of the sender.
            name: the name that colleagues see.
            editing: the id of an entry, or `new`.

        Raises:
            BlogNotFound, StoreUnavailable
            NotNow: there are too many tabs.
        """
        await self._desks.require(blog)
        self._presence.require_room()
        now = self._now()
        self._report(blog, Tab(tab, who, name, editing, now, now))

    async def leave(self, blog: str, tab: str, who: str) -> None:
        """Take the report of a tab that leaves. Raises `BlogNotFound` and `StoreUnavailable`."""
        await self._desks.require(blog)
        now = self._now()
        self._report(blog, Tab(tab, who, "", None, now, now, is_gone=True))

    def _report(self, blog: str, report: Tab) -> None:
        presence = self._presence.of(blog)
        if presence.put(report) and (desk := self._desks.find(blog)) is not None:
            self._show(desk, presence)

    def _show(self, desk: OpenDesk, presence: BlogPresence) -> None:
        people = presence.people(self._now())
        if people != desk.people:
            desk.people = people
            desk.pulse()

    # The work

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            for reads in (True, False):
                began = time.monotonic()
                await self._tick(reads=reads)
                await asyncio.sleep(max(0.0, began + TICK_SECONDS - time.monotonic()))

    async def _tick(self, *, reads: bool) -> None:
        blogs = list({*self._presence.blogs(), *self._desks.blogs(), *self._written})
        waiting = iter(blogs)

        async def some() -> None:
            for blog in waiting:
                await self._care_for(blog, reads=reads)

        await asyncio.gather(*(some() for _ in range(min(_AT_ONCE, len(blogs)))))

    async def _care_for(self, blog: str, *, reads: bool) -> None:
        presence, desk = self._presence.of(blog), self._desks.find(blog)
        presence.is_urgent |= presence.expire(self._now())
        try:
            if self._exchange.is_on:
                await self._write(blog, presence)
                if reads and desk is not None:
                    presence.hear((await self._exchange.read(blog)).get("people", {}))
            self._is_failing = False
        except StoreUnavailable as error:
            if not self._is_failing:
                log.warning("desks_not_exchanged", extra={"blog": blog, "error": str(error)})
            self._is_failing = True
        if desk is not None:
            self._show(desk, presence)
        elif not len(presence) and blog not in self._written:
            self._presence.forget(blog)

    async def _write(self, blog: str, presence: BlogPresence) -> None:
        """Write the records of this node, if they have changed or are old."""
        now = time.monotonic()
        is_old = len(presence) > 0 and now - self._written.get(blog, now) >= RENEW_SECONDS
        if not (presence.is_urgent or is_old):
            return
        presence.is_urgent = False
        body = presence.record() if len(presence) else None
        try:
            await self._exchange.write(blog, {"people": body}, self._now())
        except StoreUnavailable:
            presence.is_urgent = True
            raise
        if body is None:
            self._written.pop(blog, None)
        else:
            self._written[blog] = now
