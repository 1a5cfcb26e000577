"""One blog with an open desk on this node: what its desks show, and when it has changed.

A desk is a cursor, as a reader is: nothing is queued for it. It asks what has changed since its cursor, and gets each
entry once, in its newest state.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from typing import Any, NamedTuple

from stoppress.desk.drafts import DeskDrafts, Draft, Removed
from stoppress.errors import StoppressError, StoreUnavailable
from stoppress.live.hub import Hub
from stoppress.live.items import PublicItem
from stoppress.model import Cursor, Segment
from stoppress.store.port import Store

NEWEST = 50
"""Number of published entries with which a desk begins."""

COMPARE_SECONDS = 5.0
"""Seconds between two comparisons of the drafts with a store that others write to."""

_COMPARE_SHARE = 10
"""A comparison comes at the earliest after this many times the time that the last one took."""

_NO_LIMIT = 2**62

log = logging.getLogger("stoppress.desk")


class DeskCursor(NamedTuple):
    """What a desk has seen."""

    cursor: Cursor
    """That of the replica."""
    drafts: int
    """The number of the last change of drafts."""


class DeskNews(NamedTuple):
    """What has changed for a desk since a cursor."""

    cursor: DeskCursor
    header: PublicItem | None
    drafts: list[Draft]
    entries: list[PublicItem]
    removed: list[Removed]


class OpenDesk:
    """See the module's docstring.

    Args:
        hub: the hub of the blog.
        store: has the drafts.
    """

    def __init__(self, hub: Hub, store: Store) -> None:
        self.hub = hub
        self.blog = hub.replica.blog
        self.changed = asyncio.Event()
        """Set at the next change, which replaces it with a new event."""
        self.count = 0
        """The number of open desks."""
        self.people: list[dict[str, Any]] = []
        """The tabs that are at desks of this blog, on all nodes."""
        self.readers: dict[str, Any] = {}
        """The readers of this blog on all nodes."""
        self.deliveries: list[dict[str, Any]] = []
        """The last deliveries, ascending by time."""
        self._store = store
        self._drafts = DeskDrafts()
        self._suspected = asyncio.Event()
        self.ready = asyncio.create_task(self._compare())
        self.tasks = [asyncio.create_task(work) for work in (self._watch_hub(), self._keep_comparing())]

    # What a desk shows

    def snapshot(self) -> DeskNews:
        """Return all that a desk shows at its beginning: drafts, and the newest of the other entries."""
        replica = self.hub.replica
        part = replica.sync(None, _NO_LIMIT)
        entries, _older = replica.page(None, NEWEST)
        return DeskNews(self._cursor(), part.header, list(self._drafts), entries, [])

    def figures(self) -> dict[str, Any]:
        """Return the other parts of a snapshot."""
        return {"people": self.people, "readers": self.readers, "delivery": self.deliveries}

    def since(self, cursor: DeskCursor) -> DeskNews | None:
        """Return what has changed since a cursor; None: more than can be told, so a desk needs a snapshot."""
        drafts, replica = self._drafts.since(cursor.drafts), self.hub.replica
        if drafts is None or not replica.knows(cursor.cursor):
            return None
        part = replica.sync(cursor.cursor, _NO_LIMIT)
        changed, removed = drafts
        return DeskNews(
            self._cursor(),
            part.header,
            [draft for draft in changed if not self._is_public(draft.item.id)],
            part.entries,
            [one for one in removed if not self._is_public(one.id)],
        )

    def _cursor(self) -> DeskCursor:
        return DeskCursor(self.hub.replica.cursor, self._drafts.number)

    def _is_public(self, entry_id: str) -> bool:
        return self.hub.replica.entry(entry_id) is not None

    # Changes

    def take(self, change: Segment) -> None:
        """Take a committed change, of this node or of another one."""
        if self._drafts.take(change.items):
            self.pulse()

    def suspect(self) -> None:
        """Compare the drafts with the store soon: a change may have been missed."""
        self._suspected.set()

    def pulse(self) -> None:
        """Wake all desks."""
        self.changed.set()
        self.changed = asyncio.Event()

    async def _watch_hub(self) -> None:
        while True:
            await self.hub.delivered.wait()
            self.pulse()

    async def _compare(self) -> None:
        since = self._drafts.number
        if self._drafts.compare(await self._store.drafts(self.blog), since):
            self.pulse()

    async def _keep_comparing(self) -> None:
        with suppress(StoppressError):
            await asyncio.shield(self.ready)
        pause = COMPARE_SECONDS if self._store.nodes_share_it else None
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._suspected.wait()
            self._suspected.clear()
            began = time.monotonic()
            try:
                await self._compare()
            except StoreUnavailable as error:
                log.info("drafts_not_compared", extra={"blog": self.blog, "error": str(error)})
            except StoppressError:
                pass  # the blog is gone, of which the hub tells the desks
            await asyncio.sleep(_COMPARE_SHARE * (time.monotonic() - began))
