"""Keeps the replicas of this node in step with the store: which blogs it follows, and what it learns of them.

A node serves a blog from the first request for it: it subscribes to the blog's hints, reads the blog, and then takes
the hints that came meanwhile. Hints are only the fast path. If one does not fit, or if heads differ when the node
compares them every two seconds, `repair.py` brings the replica to the store's head.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine

from stoppress.errors import BlogNotFound, StoppressError, StoreUnavailable
from stoppress.live.hub import Hub
from stoppress.live.replica import Fit
from stoppress.model import Cursor, Segment
from stoppress.store.port import Changed, Lost, Sent, Store
from stoppress.sync.repair import Repair
from stoppress.tasks import end
from stoppress.telemetry.counts import Counts
from stoppress.telemetry.tracing import Tracing
from stoppress.wire.close_reasons import BLOG_DELETED, CloseReason

COMPARE_SECONDS = 2.0
"""Time between two comparisons of heads with the store's."""

RETRY_SECONDS = 0.5
"""Pause before the next question to a store that failed."""

REACH_SECONDS = 3.0
"""How long a reader waits for the store if its cursor is newer than anything that this node has."""

BEHIND_SECONDS = 4.0
"""A blog counts as behind when a change has been in the store for this long and no reader got it."""

OVERDUE_SECONDS = 7.0
"""All blogs count as behind when the last comparison of heads is older than this."""

log = logging.getLogger("stoppress.follower")


class Follower:
    """See the module's docstring. `make_hub` makes a hub with an empty replica for a blog."""

    def __init__(
        self, store: Store, make_hub: Callable[[str], Hub], counts: Counts | None = None, tracing: Tracing | None = None
    ) -> None:
        self._store = store
        self._counts = counts or Counts()
        self._tracing = tracing or Tracing()
        self._make_hub = make_hub
        self._repair = Repair(store, self._counts)
        self._hubs: dict[str, Hub] = {}
        self._loaded: dict[str, asyncio.Task[None]] = {}
        self._queued: dict[str, asyncio.Task[None]] = {}  # repairs that have not started to read
        self._reading: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._tasks: set[asyncio.Task[None]] = set()
        self._awaited: dict[str, tuple[Cursor, float]] = {}  # heads that no reader got yet, and since when
        self._compared: float | None = None

    @property
    def hubs(self) -> list[Hub]:
        """The hubs of all blogs that are served now."""
        return [hub for blog, hub in self._hubs.items() if self._is_loaded(blog)]

    @property
    def behind(self) -> int:
        """The number of blogs that are behind, see `BEHIND_SECONDS` and `OVERDUE_SECONDS`."""
        now = time.monotonic()
        if self._compared is not None and now - self._compared > OVERDUE_SECONDS:
            return max(1, len(self._hubs))
        return sum(now - since > BEHIND_SECONDS for _, since in self._awaited.values())

    # Questions

    def at_hand(self, blog: str, since: Cursor | None = None) -> Hub | None:
        """Return the same as `hub` if that needs no waiting, else None."""
        hub = self._hubs.get(blog) if self._is_loaded(blog) else None
        if hub is None or since is None or not self._store.nodes_share_it or hub.replica.knows(since):
            return hub
        return None

    async def hub(self, blog: str, since: Cursor | None = None) -> Hub:
        """Return the hub of a blog. It has seen the change that `since` names, if there is such a change.

        Raises:
            BlogNotFound, StoreUnavailable
        """
        if blog not in self._loaded:
            self._loaded[blog] = self._start(self._load(blog))
        await asyncio.shield(self._loaded[blog])
        hub = self._hubs.get(blog)
        if hub is None:
            raise BlogNotFound(blog)
        if since is not None and self._store.nodes_share_it and not hub.replica.knows(since):
            await self._reach(blog)
        return hub

    async def newest(self, blog: str) -> str:
        """Return when the newest entry of a blog in the store was published; nothing if there is none.

        Raises:
            BlogNotFound, StoreUnavailable
        """
        (head,) = await self._store.heads([blog])
        positions = (await self.hub(blog, head)).replica.positions
        return positions[-1].published_at if positions else ""

    async def _reach(self, blog: str) -> None:
        try:
            async with asyncio.timeout(REACH_SECONDS):
                await asyncio.shield(self._schedule_repair(blog))
        except TimeoutError:
            raise StoreUnavailable(f"The store did not answer for blog {blog!r} in time. Try again shortly.") from None

    def _is_loaded(self, blog: str) -> bool:
        task = self._loaded.get(blog)
        return task is not None and task.done() and not task.cancelled() and task.exception() is None

    async def _load(self, blog: str) -> None:
        try:
            if await self._store.heads([blog]) == [None]:
                raise BlogNotFound(blog)  # before anything is kept for a name that anybody may make up
            hub = self._hubs[blog] = self._make_hub(blog)
            await self._store.follow(blog)
            await self._repair.bring_to_head(hub)
        except BaseException:
            self._drop(blog)
            raise

    def _drop(self, blog: str) -> None:
        self._hubs.pop(blog, None)
        self._loaded.pop(blog, None)
        self._reading.pop(blog, None)
        self._awaited.pop(blog, None)

    def _start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) and not isinstance(error, StoppressError):
            log.error("follower_failed", exc_info=error)

    # News

    def committed(self, blog: str, change: Segment, arrived_at: float) -> None:
        """Take a commit of this node.

        Args:
            blog: its name.
            change: what was committed.
            arrived_at: when the request for it reached this node, by `time.monotonic`.
        """
        self._apply(blog, change, arrived_at, own=True)
        if blog not in self._loaded and self._store.nodes_share_it:
            self._loaded[blog] = self._start(self._load(blog))  # to be able to give it back, should the store lose it

    def _apply(self, blog: str, change: Segment, arrived_at: float, *, own: bool) -> Fit | None:
        """Take a change, of this node or of another one. Return how it fits; None if no reader may see it."""
        hub = self._hubs.get(blog)
        fit = hub.apply(change, arrived_at) if hub is not None and change.tags else None
        if fit is Fit.GAP:
            self._schedule_repair(blog)
        elif fit is Fit.NEWS:
            self._counts.changes["here" if own else "elsewhere"] += len(change.tags)
        return fit

    async def reach(self, blog: str, cursor: Cursor) -> None:
        """Return when the replica of a blog, if there is one, has the change that `cursor` names, or cannot have it.

        Raises:
            StoreUnavailable
        """
        hub = self._hubs.get(blog)
        if hub is not None and not hub.replica.knows(cursor):
            await self._reach(blog)

    def compare_soon(self, blog: str) -> None:
        """Compare a blog with the store as soon as the store answers: a write to it may have been stored or not."""
        if blog in self._hubs:
            self._schedule_repair(blog)

    async def deleted(self, blog: str) -> None:
        """Check at once whether a blog still exists."""
        if blog in self._hubs:
            await asyncio.shield(self._schedule_repair(blog))

    async def follow(self) -> None:
        """Take hints until cancelled."""
        async for hint in self._store.hints():
            match hint:
                case Changed(blog, change, sent):
                    self._take(blog, change, sent or Sent(0.0))
                case Lost(None):
                    for blog in tuple(self._hubs):
                        self._schedule_repair(blog)
                case Lost(blog) if blog in self._hubs:
                    self._schedule_repair(blog)

    def _take(self, blog: str, change: Segment, sent: Sent) -> None:
        began = time.time_ns()
        if self._apply(blog, change, time.monotonic(), own=False) is not Fit.NEWS:
            return  # most often this node's own
        if sent.at:
            self._counts.received(sent.at)
        if sent.traceparent:
            self._tracing.past("stoppress.apply", sent.traceparent, began, blog=blog, cursor=str(change.cursor))

    async def compare(self) -> None:
        """Compare heads with the store's until cancelled."""
        self._compared = time.monotonic() if self._store.nodes_share_it else None
        while self._store.nodes_share_it:
            await asyncio.sleep(COMPARE_SECONDS)
            hubs = self.hubs
            try:
                heads = await self._store.heads([hub.replica.blog for hub in hubs])
            except StoreUnavailable as error:
                log.warning("cannot_compare_heads", extra={"error": str(error)})
                continue
            self._compared = time.monotonic()
            for hub, head in zip(hubs, heads, strict=True):
                self._await(hub, head)
                if head != hub.replica.cursor:
                    self._schedule_repair(hub.replica.blog)

    def _await(self, hub: Hub, head: Cursor | None) -> None:
        """Note since when no reader of a hub has got a head. A newer head does not restart the clock."""
        blog = hub.replica.blog
        awaited = self._awaited.get(blog)
        if head is None or hub.has_shown(head):
            self._awaited.pop(blog, None)
        elif awaited is None or hub.has_shown(awaited[0]):
            self._awaited[blog] = head, time.monotonic()

    # Repair

    def _schedule_repair(self, blog: str) -> asyncio.Task[None]:
        """Schedule one repair of a blog. Callers share it until it starts to read."""
        if blog not in self._queued:
            self._queued[blog] = self._start(self._settle(blog))
        return self._queued[blog]

    async def _settle(self, blog: str) -> None:
        async with self._reading[blog]:
            self._queued.pop(blog, None)
            while (hub := self._hubs.get(blog)) is not None:
                try:
                    await asyncio.shield(self._loaded[blog])
                    before = hub.replica.cursor
                    await self._repair.bring_to_head(hub)
                    self._counts.gaps_repaired += hub.replica.cursor != before
                except BlogNotFound:
                    await self._leave(blog)
                except StoreUnavailable as error:
                    log.warning("cannot_catch_up", extra={"blog": blog, "error": str(error)})
                    await asyncio.sleep(RETRY_SECONDS)
                else:
                    return

    async def _leave(self, blog: str) -> None:
        hub = self._hubs.get(blog)
        self._drop(blog)
        if hub is not None:
            hub.close(BLOG_DELETED)
        try:
            await self._store.unfollow(blog)
        except StoreUnavailable as error:
            log.warning("cannot_stop_following", extra={"blog": blog, "error": str(error)})

    async def close(self, close_reason: CloseReason) -> None:
        """Close all readers' connections and stop."""
        for hub in self._hubs.values():
            hub.close(close_reason)
        await end(self._tasks)
