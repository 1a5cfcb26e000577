"""The comparison of heads with the store's: it finds what hints have missed, and what the store has lost."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from stoppress.errors import StoreUnavailable
from stoppress.live.hub import Hub
from stoppress.model import START, Cursor
from stoppress.store.port import Store
from stoppress.sync.freshness import COMPARE_SECONDS, REACH_SECONDS, TICK_SECONDS, Freshness

COMPARE_ALL_SECONDS = 5.0
"""Minimum time between two comparisons of all blogs."""

BEHIND_SECONDS = 4.0
"""A blog counts as behind when a change has been in the store for this long and no reader got it."""

OVERDUE_SECONDS = 7.0
"""All blogs count as behind when the last comparison of heads is older than this."""

_PORTION_BLOGS = 200
"""Number of blogs that are compared before the event loop does other work."""

log = logging.getLogger("stoppress.follower")


class HeadComparison:
    """The comparison of the blogs in the memory of a node.

    Args:
        store: has the heads.
        hubs: those of all blogs in memory, by blog.
        differs: called with each blog that has to be repaired. It returns False if a repair of it is already waiting.
        agrees: called with each blog that is at the head, and with the time at which the look at it began.
    """

    def __init__(
        self,
        store: Store,
        hubs: Mapping[str, Hub],
        differs: Callable[[str], bool],
        agrees: Callable[[str, float], None],
    ) -> None:
        self.freshness = Freshness()
        self._store = store
        self._hubs = hubs
        self._differs = differs
        self._agrees = agrees
        self._suspects: set[str] = set()  # to compare at once
        self._suspects_all = False
        self._woken = asyncio.Event()  # there are suspects
        self._asked_for: dict[str, asyncio.Event] = {}  # blogs that requests wait for
        self._awaited: dict[str, tuple[Cursor, float]] = {}  # heads that no reader got yet, and since when
        self.damaged: dict[str, float] = {}
        """Blogs of which the store has lost a part that this node cannot put back, and since when."""
        self._next_round = 0.0
        self._compared: float | None = None
        self._compared_all = float("-inf")
        self._fails = False

    @property
    def behind(self) -> int:
        """The number of blogs that are behind, see `BEHIND_SECONDS` and `OVERDUE_SECONDS`."""
        now = time.monotonic()
        if self._compared is not None and now - self._compared > OVERDUE_SECONDS:
            return max(1, len(self._hubs))
        late = {blog for blog, (_, since) in self._awaited.items() if now - since > BEHIND_SECONDS}
        return len(late.union(blog for blog, since in self.damaged.items() if now - since > BEHIND_SECONDS))

    def forget(self, blog: str) -> None:
        """Forget a blog that has left memory."""
        self._awaited.pop(blog, None)
        self.damaged.pop(blog, None)
        self.freshness.forget(blog)
        self._release(blog)

    # Requests and hints

    def suspect(self, blog: str) -> None:
        """Have a blog compared at once."""
        self._suspects.add(blog)
        self._woken.set()

    def suspect_all(self) -> None:
        """Have all blogs compared as soon as `COMPARE_ALL_SECONDS` allow it."""
        self._suspects_all = True
        self._woken.set()

    async def refresh(self, blog: str) -> None:
        """Wait until a blog is fresh, but not longer than `REACH_SECONDS`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(REACH_SECONDS):
                while not self.freshness.is_fresh(blog):
                    self.suspect(blog)
                    await self._asked_for.setdefault(blog, asyncio.Event()).wait()

    def is_asked_for(self, blog: str) -> bool:
        """Return whether a request waits until a blog is fresh."""
        return blog in self._asked_for

    def _release(self, blog: str) -> None:
        asked_for = self._asked_for.pop(blog, None)
        if asked_for is not None:
            asked_for.set()

    def check(self, blog: str, began: float) -> None:
        """Note that a blog is at the head, by a look at the store that began at `began` (`time.monotonic`)."""
        self.freshness.check(blog, began)
        self._release(blog)

    def repaired(self, blog: str, began: float) -> None:
        """Note that a repair brought a blog to the head."""
        self.damaged.pop(blog, None)
        self.check(blog, began)

    def damage(self, blog: str, began: float) -> None:
        """Note that a blog is damaged, and cannot be repaired by this node."""
        self.damaged.setdefault(blog, time.monotonic())
        self.fail(blog, began)

    def fail(self, blog: str, began: float) -> None:
        """Note that a look at the store for a blog failed. Requests get what there is."""
        self.freshness.fail(blog, began)
        self._release(blog)

    # Rounds

    def start(self) -> None:
        """Count the time until the first comparison from now on."""
        self.freshness.tick()
        self._compared = time.monotonic()
        self._next_round = self._compared + COMPARE_SECONDS

    async def step(self) -> bool:
        """Wait for suspects or the next tick, and compare what is due. Return whether that was a round."""
        with suppress(TimeoutError):
            async with asyncio.timeout(TICK_SECONDS):
                await self._woken.wait()
        self._woken.clear()
        is_round = self.freshness.tick() or time.monotonic() >= self._next_round
        if is_round:
            self._next_round = time.monotonic() + COMPARE_SECONDS
        await self.compare(self._take(is_round))
        return is_round

    def _take(self, is_round: bool) -> Sequence[str]:
        now, suspects = time.monotonic(), self._suspects
        self._suspects = set()
        if self._suspects_all and now - self._compared_all >= COMPARE_ALL_SECONDS:
            self._suspects_all, self._compared_all = False, now
            return random.sample(tuple(self._hubs), len(self._hubs))  # so that nodes do not repair in the same order
        return [*suspects.union(self.freshness.next(self._hubs) if is_round else ())]

    async def compare(self, blogs: Sequence[str]) -> None:
        """Compare some blogs, in portions that hold up nothing else."""
        if not self._hubs:
            self._compared = time.monotonic()  # there is nothing that could be behind
        for begin in range(0, len(blogs), _PORTION_BLOGS):
            await self._compare(blogs[begin : begin + _PORTION_BLOGS])

    async def _compare(self, blogs: Sequence[str]) -> None:
        began = time.monotonic()
        before = {blog: self._hubs[blog].replica.cursor for blog in blogs if blog in self._hubs}
        try:
            heads = await self._store.heads(tuple(before))
        except StoreUnavailable as error:
            if not self._fails:
                log.warning("cannot_compare_heads", extra={"error": str(error)})
            self._fails = True
            for blog in before:
                self.fail(blog, began)
            return
        if before:
            self._compared, self._fails = time.monotonic(), False
        for (blog, cursor), head in zip(before.items(), heads, strict=True):
            if blog in self._hubs:
                self._judge(blog, cursor, head, began)

    def _judge(self, blog: str, before: Cursor, head: Cursor | None, began: float) -> None:
        """Compare one blog: `before` was its cursor when the look at its head began."""
        hub = self._hubs[blog]
        self._await(hub, head)
        if head in (before, hub.replica.cursor):
            self.check(blog, began)
            self._agrees(blog, began)
        elif self._differs(blog) and head != START and (head is None or head.seq <= before.seq):
            self.suspect_all()  # the store has lost changes, and perhaps not only of this blog

    def _await(self, hub: Hub, head: Cursor | None) -> None:
        """Note since when no reader of a hub has got a head. A newer head does not restart the clock."""
        blog = hub.replica.blog
        awaited = self._awaited.get(blog)
        if head is None or (head != START and hub.has_shown(head)):  # START: the head cannot be read
            self._awaited.pop(blog, None)
        elif awaited is None or hub.has_shown(awaited[0]):
            self._awaited[blog] = head, time.monotonic()
