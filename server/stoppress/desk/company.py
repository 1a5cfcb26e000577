"""Keeps open desks informed of what other tabs and other nodes do: presence, readers and deliveries."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

import msgspec

from stoppress.desk.exchange import Exchange
from stoppress.desk.figures import NodeFigures, ReaderHistory, deliveries_of, readers_of
from stoppress.desk.open_desk import OpenDesk
from stoppress.desk.open_desks import OpenDesks
from stoppress.desk.presence import BlogPresence, Presence, Tab
from stoppress.desk.watch import Watch
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
        self._history = ReaderHistory()
        self._watch = Watch(desks.follower, exchange.node)
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
            self._show_people(desk, presence)

    def _show_people(self, desk: OpenDesk, presence: BlogPresence) -> None:
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
                self._history.count(int(self._now() // 60), self._desks.readers)
                await self._tick(reads=reads)
                await asyncio.sleep(max(0.0, began + TICK_SECONDS - time.monotonic()))

    async def _tick(self, *, reads: bool) -> None:
        blogs = {*self._presence.blogs(), *self._desks.blogs(), *self._exchange.blogs(), *self._watch.blogs()}
        waiting = iter(blogs)

        async def some() -> None:
            for blog in waiting:
                await self._care_for(blog, reads=reads)

        await asyncio.gather(*(some() for _ in range(min(_AT_ONCE, len(blogs)))))

    async def _care_for(self, blog: str, *, reads: bool) -> None:
        presence, desk = self._presence.of(blog), self._desks.find(blog)
        presence.is_urgent |= presence.expire(self._now())
        figures = self._watched_figures(blog, is_open=desk is not None)
        heard: dict[str, bytes] = {}
        try:
            if self._exchange.is_on:
                heard = await self._talk(blog, presence, desk if reads else None, figures)
            self._is_failing = False
        except StoreUnavailable as error:
            if not self._is_failing:
                log.warning("desks_not_exchanged", extra={"blog": blog, "error": str(error)})
            self._is_failing = True
            reads = False
        if desk is not None:
            self._show_people(desk, presence)
            if reads and figures is not None:
                self._show_figures(desk, figures, heard)
        elif not len(presence) and not self._exchange.has_written(blog):
            self._presence.forget(blog)

    def _watched_figures(self, blog: str, *, is_open: bool) -> NodeFigures | None:
        """Return the figures of this node if a desk of the blog is open anywhere."""
        hub = self._watch.look(blog, is_open=is_open, others=len(self._desks.blogs()))
        return None if hub is None else NodeFigures.of(hub, self._history, self._now())

    async def _talk(
        self, blog: str, presence: BlogPresence, desk: OpenDesk | None, figures: NodeFigures | None
    ) -> dict[str, bytes]:
        """Tell other nodes what they should know. For a desk, return the figures of other nodes."""
        if desk is not None and self._watch.must_announce(blog):
            await self._exchange.announce(blog)
        now, is_urgent = self._now(), presence.is_urgent
        presence.is_urgent = False
        try:
            await self._exchange.tell(blog, "people", presence.record() if len(presence) else None, now, is_urgent)
            told = figures if self._watch.is_asked(blog) else None
            await self._exchange.tell(blog, "figures", None if told is None else msgspec.json.encode(told), now)
        except StoreUnavailable:
            presence.is_urgent = is_urgent
            raise
        heard = await self._exchange.read(blog) if desk is not None else {}
        if desk is not None:
            presence.hear(heard.get("people", {}))
        return heard.get("figures", {})

    def _show_figures(self, desk: OpenDesk, own: NodeFigures, heard: dict[str, bytes]) -> None:
        read = {node: NodeFigures.read(record) for node, record in heard.items()}
        nodes = {self._exchange.node: own} | {node: one for node, one in read.items() if one is not None}
        readers, deliveries = readers_of(nodes), deliveries_of(nodes.values())
        if (readers, deliveries) != (desk.readers, desk.deliveries):
            desk.readers, desk.deliveries = readers, deliveries
            desk.pulse()
