"""Keeps the replicas of this node in step with the store.

A blog is served from the moment somebody asks for it: follow it first, then read it, then take what was
hinted meanwhile. Hints are only the fast path. Whatever does not fit is settled in one way: read the line
after the replica's cursor. The same is done when heads, compared every few seconds, differ.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine

from stoppress.errors import BlogNotFound, StoppressError, StoreUnavailable, VersionConflict
from stoppress.live.hub import CloseReason, Hub
from stoppress.live.items import is_retraction
from stoppress.live.replica import Fit, Replica
from stoppress.model import START, Cursor, Segment
from stoppress.store.port import Changed, Lost, Sent, Store, Write
from stoppress.tasks import end
from stoppress.telemetry.counts import Counts
from stoppress.telemetry.tracing import Tracing

COMPARE_SECONDS = 2.0
"""How often heads are compared with the store's."""

RETRY_SECONDS = 0.5
"""How long to wait before asking a store again that failed."""

REACH_SECONDS = 3.0
"""How long a reader with a cursor that this node has not seen yet waits for the store."""

BEHIND_SECONDS = 4.0
"""How long a change that is in the store may take to come out before its blog counts as behind."""

OVERDUE_SECONDS = 7.0
"""How old the last comparison of heads may be before all blogs count as behind."""

GONE = CloseReason(4404, "This blog was deleted.")

log = logging.getLogger("stoppress.follower")


class Follower:
    """See the module's docstring.

    Args:
        store: where the truth is.
        make_hub: a hub with an empty replica for a blog.
        counts: what is counted.
        tracing: gets a span for each change that comes from elsewhere.
    """

    def __init__(
        self,
        store: Store,
        make_hub: Callable[[str], Hub],
        counts: Counts | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        self._store = store
        self._counts = counts or Counts()
        self._tracing = tracing or Tracing()
        self._make_hub = make_hub
        self._hubs: dict[str, Hub] = {}
        self._loaded: dict[str, asyncio.Task[None]] = {}
        self._queued: dict[str, asyncio.Task[None]] = {}  # repairs that have not begun to read yet
        self._reading: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._tasks: set[asyncio.Task[None]] = set()
        self._awaited: dict[str, tuple[Cursor, float]] = {}  # heads that have not come out, and since when
        self._compared: float | None = None

    @property
    def hubs(self) -> list[Hub]:
        """The hubs of all blogs that are served now."""
        return [hub for blog, hub in self._hubs.items() if self._is_loaded(blog)]

    @property
    def behind(self) -> int:
        """How many blogs' readers are not shown what has been in the store for some seconds."""
        now = time.monotonic()
        if self._compared is not None and now - self._compared > OVERDUE_SECONDS:
            return max(1, len(self._hubs))
        return sum(now - since > BEHIND_SECONDS for _, since in self._awaited.values())

    # Questions

    def at_hand(self, blog: str, since: Cursor | None = None) -> Hub | None:
        """The same as `hub`, if it can be had without waiting, else None."""
        hub = self._hubs.get(blog) if self._is_loaded(blog) else None
        if hub is None or since is None or not self._store.nodes_share_it or hub.replica.knows(since):
            return hub
        return None

    async def hub(self, blog: str, since: Cursor | None = None) -> Hub:
        """The hub of a blog; it has seen the change that `since` names, if there is such a change.

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

    async def _reach(self, blog: str) -> None:
        try:
            async with asyncio.timeout(REACH_SECONDS):
                await asyncio.shield(self._repair(blog))
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
            await self._read(hub)
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

    def applied(self, blog: str, change: Segment, arrival: float | None = None) -> Fit | None:
        """Take a commit, made here (then `arrival` is when it was asked for) or hinted by another node."""
        hub = self._hubs.get(blog)
        fit = hub.apply(change, arrival) if hub is not None and change.tags else None
        if fit is Fit.GAP:
            self._repair(blog)
        elif fit is Fit.NEWS:
            self._counts.changes["elsewhere" if arrival is None else "here"] += len(change.tags)
        if blog not in self._loaded and self._store.nodes_share_it:
            self._loaded[blog] = self._start(self._load(blog))  # keep what was written here, should the store lose it
        return fit

    async def deleted(self, blog: str) -> None:
        """Look at once whether a blog is still there."""
        if blog in self._hubs:
            await asyncio.shield(self._repair(blog))

    async def follow(self) -> None:
        """Take hints until cancelled."""
        async for hint in self._store.hints():
            match hint:
                case Changed(blog, change, sent):
                    self._take(blog, change, sent or Sent(0.0))
                case Lost(None):
                    for blog in tuple(self._hubs):
                        self._repair(blog)
                case Lost(blog) if blog in self._hubs:
                    self._repair(blog)

    def _take(self, blog: str, change: Segment, sent: Sent) -> None:
        began = time.time_ns()
        if self.applied(blog, change) is not Fit.NEWS:
            return  # most often our own
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
                    self._repair(hub.replica.blog)

    def _await(self, hub: Hub, head: Cursor | None) -> None:
        """Keep in mind since when the readers of a hub have not been shown a head; a newer one does not begin anew."""
        blog = hub.replica.blog
        awaited = self._awaited.get(blog)
        if head is None or hub.has_shown(head):
            self._awaited.pop(blog, None)
        elif awaited is None or hub.has_shown(awaited[0]):
            self._awaited[blog] = head, time.monotonic()

    # Repair

    def _repair(self, blog: str) -> asyncio.Task[None]:
        """Settle the difference to the store by a read that begins from now on, one for all who ask until then."""
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
                    await self._read(hub)
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
            hub.close(GONE)
        try:
            await self._store.unfollow(blog)
        except StoreUnavailable as error:
            log.warning("cannot_stop_following", extra={"blog": blog, "error": str(error)})

    async def _read(self, hub: Hub) -> None:
        """Bring a hub to the store's head, and the store to the hub's if it has lost something."""
        replica = hub.replica
        while True:
            cursor = replica.cursor
            try:
                segment = await self._store.read(replica.blog, cursor)
            except BlogNotFound:
                if cursor == START or await self._store.was_deleted(replica.blog, replica.epoch):
                    raise
                segment = Segment(START, (), ())
            if replica.cursor != cursor:
                continue  # it moved while the store was read: what was read may be old
            if segment.after != cursor and await self._give_back(replica, segment):
                continue
            if segment.after != cursor or segment.tags:
                hub.absorb(segment)
            return

    async def _give_back(self, replica: Replica, kept: Segment) -> bool:
        """Put back what the store has lost. Returns whether the store has to be read again."""
        if replica.knows(kept.cursor):
            lost = replica.segment_after(kept.cursor)
            self._counts.put_back += len(lost.tags)
            log.warning("lost_changes_put_back", extra={"blog": replica.blog, "changes": len(lost.tags)})
            retracted = [item.id for item in lost.items if replica.is_retracted(item.id)]
            await self._store.restore(replica.blog, kept.cursor, lost, retracted)
            return True
        if await self._store.was_deleted(replica.blog, replica.epoch):
            return False
        writes = _lost_writes(replica, kept)
        if not writes:
            return False
        self._counts.put_back += len(writes)
        log.warning("lost_items_written_anew", extra={"blog": replica.blog, "items": len(writes)})
        try:
            await self._store.commit(replica.blog, writes)
        except VersionConflict as error:
            log.info("another_node_was_first", extra={"blog": replica.blog, "error": str(error)})
        return True

    async def close(self, close_reason: CloseReason) -> None:
        """Send all readers away and stop."""
        for hub in self._hubs.values():
            hub.close(close_reason)
        await end(self._tasks)


def _lost_writes(replica: Replica, kept: Segment) -> list[Write]:
    """What a store has lost that has been written to since, as writes on top of what it has now.

    Up to their last common change both lines are the same. What was written in the store after that is newer
    than what the store lost, and stays; only a retraction is never undone.
    """
    common = replica.common_seq(kept.tags)
    stored = {item.id: item for item in kept.items}
    writes = []
    for item in replica.segment_after(START).items:
        other = stored.get(item.id)
        retracted = replica.is_retracted(item.id)
        lost = item.seq > common and (other is None or other.seq <= common)
        undone = retracted and other is not None and not is_retraction(other)
        if lost or undone:
            writes.append(Write(item.id, other.version if other else 0, item.body, erase=retracted))
    return writes
