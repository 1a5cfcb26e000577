"""The blogs of which desks are open on this node. Nothing is kept, and nothing is done, for others."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from stoppress.access.identity import Identity
from stoppress.desk.open_desk import OpenDesk
from stoppress.errors import NotNow, TooManyDesks
from stoppress.model import Segment
from stoppress.store.port import Store
from stoppress.sync.follower import Follower
from stoppress.tasks import end

MAX_DESKS = 500
"""Maximum number of open desks on a node."""

MAX_DESKS_OF_ONE = 30
"""Maximum number of open desks of one identity on a node."""


class OpenDesks:
    """See the module's docstring.

    Args:
        store: has the drafts.
        follower: has the hubs; it tells of changes.
    """

    def __init__(self, store: Store, follower: Follower) -> None:
        self._store = store
        self._desks: dict[str, OpenDesk] = {}
        self._by_identity: Counter[str] = Counter()
        self.follower = follower
        follower.tell_change = self._take
        follower.tell_loss = self._suspect

    def __len__(self) -> int:
        """Return the number of open desks."""
        return self._by_identity.total()

    def find(self, blog: str) -> OpenDesk | None:
        """Return what the open desks of a blog show; None if there are none."""
        return self._desks.get(blog)

    def blogs(self) -> list[str]:
        """Return the blogs with open desks."""
        return list(self._desks)

    def readers(self) -> dict[str, int]:
        """Return the readers on this node, by blog."""
        return {hub.replica.blog: hub.total for hub in self.follower.hubs if hub.total}

    async def require(self, blog: str) -> None:
        """Raise `BlogNotFound` if a blog does not exist, and `StoreUnavailable` if that is not known."""
        await self.follower.hub(blog)

    @asynccontextmanager
    async def open(self, blog: str, who: Identity) -> AsyncIterator[OpenDesk]:
        """Open a desk of a blog until the block ends.

        Raises:
            BlogNotFound, StoreUnavailable
            TooManyDesks: the identity has as many as it may have.
            NotNow: the node has as many as it may have.
        """
        if self._by_identity[who.id] >= MAX_DESKS_OF_ONE:
            raise TooManyDesks(MAX_DESKS_OF_ONE)
        if len(self) >= MAX_DESKS:
            raise NotNow(f"This node has {MAX_DESKS} open desks, and that is the limit. Try again shortly.")
        self._by_identity[who.id] += 1
        try:
            desk = await self._join(blog)
            try:
                await asyncio.shield(desk.ready)
                yield desk
            finally:
                await self._leave(desk)
        finally:
            self._by_identity[who.id] -= 1
            if not self._by_identity[who.id]:
                del self._by_identity[who.id]

    async def _join(self, blog: str) -> OpenDesk:
        hub = await self.follower.hub(blog)
        desk = self._desks.get(blog)
        if desk is None or desk.hub is not hub:  # the blog may have left memory and come back
            desk = self._desks[blog] = OpenDesk(hub, self._store)
        desk.count += 1
        hub.desks += 1
        return desk

    async def _leave(self, desk: OpenDesk) -> None:
        desk.count -= 1
        desk.hub.desks -= 1
        if not desk.count:
            if self._desks.get(desk.blog) is desk:
                del self._desks[desk.blog]
            await end([desk.ready, *desk.tasks])

    def _take(self, blog: str, change: Segment) -> None:
        if (desk := self._desks.get(blog)) is not None:
            desk.take(change)

    def _suspect(self, blog: str | None) -> None:
        for desk in self._desks.values():
            if blog in (None, desk.blog):
                desk.suspect()
