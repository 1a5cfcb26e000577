"""Keeps the replicas of this node in step with the store: which blogs it follows, and what it learns of them.

A node serves a blog from the first request for it: it subscribes to the blog's hints, reads the blog, and then takes
the hints that came meanwhile. Hints are only the fast path. If one does not fit, or if heads differ when the node
compares them, `repair.py` brings the replica to the store's head. `freshness.py` decides when to compare which blogs.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress

from stoppress.errors import BlogDamaged, BlogNotFound, StoppressError, StoreUnavailable, WrongKeyType
from stoppress.live.hub import Hub
from stoppress.live.replica import Fit, Replica
from stoppress.model import HEADER, Cursor, Segment
from stoppress.store.port import Changed, Hint, Lost, Sent, Store, Watched
from stoppress.sync.comparison import HeadComparison
from stoppress.sync.freshness import COMPARE_SECONDS, REACH_SECONDS
from stoppress.sync.repair import Repair
from stoppress.sync.repair_queue import RepairQueue
from stoppress.tasks import end
from stoppress.telemetry.blog_errors import BlogErrors
from stoppress.telemetry.bursts import Burst
from stoppress.telemetry.counts import Counts
from stoppress.telemetry.tracing import Tracing
from stoppress.wire.close_reasons import BLOG_DELETED, BLOG_UNLOADED, CloseReason

THOROUGH_SECONDS = 5.0
"""Minimum time between two complete comparisons of a blog with the store."""

UNLOADABLE_SECONDS = 5.0
"""Time after which a node tries again to load a damaged blog."""

log = logging.getLogger("stoppress.follower")


class Follower:
    """See the module's docstring. `make_hub` makes a hub with an empty replica for a blog."""

    def __init__(
        self,
        store: Store,
        make_hub: Callable[[str], Hub],
        counts: Counts | None = None,
        tracing: Tracing | None = None,
        errors: BlogErrors | None = None,
    ) -> None:
        self._store = store
        self._counts = counts or Counts()
        self._errors = errors or BlogErrors(self._counts)
        self._tracing = tracing or Tracing()
        self._make_hub = make_hub
        self._repair = Repair(store, self._counts)
        self._repairs = RepairQueue(self._settle)
        self._failures = Burst(log, "cannot_catch_up")
        self._hubs: dict[str, Hub] = {}
        self._ready: dict[str, Hub] = {}  # those of `_hubs` that have been read
        self._loaded: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._unloadable: dict[str, tuple[float, BlogDamaged]] = {}  # damaged blogs, and when they were tried
        self._thorough: dict[str, float] = {}  # blogs to compare completely (infinity), or when that was done
        self._comparison = HeadComparison(store, self._ready, self._schedule_repair, self._repairs.drop)
        self._freshness = self._comparison.freshness
        self.tell_change: Callable[[str, Segment], object] = lambda _blog, _change: None
        """Called with each change of a followed blog, which may have drafts."""
        self.tell_loss: Callable[[str | None], object] = lambda _blog: None
        """Called with a blog, or None for all, of which changes may have been missed."""
        self.tell_watched: Callable[[str, str], object] = lambda _blog, _node: None
        """Called with a followed blog of which desks are open, and the name of the node at which they are."""

    @property
    def hubs(self) -> list[Hub]:
        """The hubs of all blogs that are served now."""
        return list(self._ready.values())

    @property
    def behind(self) -> int:
        """The number of blogs of which readers do not get the newest changes."""
        return self._comparison.behind

    @property
    def damaged(self) -> int:
        """The number of blogs in memory of which the store has lost a part that this node cannot put back."""
        return len(self._comparison.damaged)

    # Questions

    def at_hand(self, blog: str, since: Cursor | None = None) -> Hub | None:
        """Return the same as `hub` if that needs no waiting, else None."""
        hub = self._ready.get(blog)
        if hub is None:
            return None
        self._freshness.use(blog)
        return hub if self._freshness.is_fresh(blog) and self._has_seen(hub, since) else None

    def _has_seen(self, hub: Hub, since: Cursor | None) -> bool:
        return since is None or not self._store.nodes_share_it or hub.replica.knows(since)

    def find(self, blog: str) -> Hub | None:
        """Return the hub of a blog that is in memory, whether anybody uses it or not."""
        return self._ready.get(blog)

    async def hub(self, blog: str, since: Cursor | None = None) -> Hub:
        """Return the hub of a blog. It has seen the change that `since` names, if there is such a change.

        Its replica was compared with the store some seconds ago, or now, unless the store does not answer. A node that
        has just woken compares it first.

        Raises:
            BlogNotFound, StoreUnavailable
        """
        if blog not in self._loaded:
            self._require_loadable(blog)
            self._loaded[blog] = self._start(self._load(blog))
        await asyncio.shield(self._loaded[blog])
        if blog in self._ready:
            self._freshness.use(blog)
            if not self._freshness.is_fresh(blog):
                await self._comparison.refresh(blog)
        hub = self._ready.get(blog)
        if hub is None:
            raise BlogNotFound(blog)
        if not self._has_seen(hub, since):
            await self._reach(blog)
        return hub

    def _require_loadable(self, blog: str) -> None:
        """Raise `BlogDamaged` if the blog was so a moment ago: to find out takes seconds."""
        tried_at, error = self._unloadable.get(blog, (float("-inf"), None))
        if error is not None and time.monotonic() - tried_at < UNLOADABLE_SECONDS:
            raise error.with_traceback(None)

    async def newest(self, blog: str) -> str:
        """Return when the newest entry of a blog in the store was published; nothing if there is none.

        Raises:
            BlogNotFound, StoreUnavailable
        """
        positions = (await self.replica(blog)).positions
        return positions[-1].published_at if positions else ""

    async def replica(self, blog: str) -> Replica:
        """Return the replica of a blog. It has all that the store has now.

        Raises:
            BlogNotFound, StoreUnavailable
        """
        (head,) = await self._store.heads([blog])
        return (await self.hub(blog, head)).replica

    async def _reach(self, blog: str) -> None:
        try:
            async with asyncio.timeout(REACH_SECONDS):
                await asyncio.shield(self._repairs.schedule(blog, urgent=True))
        except TimeoutError:
            raise StoreUnavailable(f"The store did not answer for blog {blog!r} in time. Try again shortly.") from None

    async def _load(self, blog: str) -> None:
        began = time.monotonic()
        try:
            with suppress(BlogDamaged):  # another node may have the lost part
                await self._store.item(blog, HEADER)  # raises before anything is kept for a name that anybody makes up
            hub = self._hubs[blog] = self._make_hub(blog)
            hub.is_held = lambda: self._freshness.is_held(blog)
            await self._store.follow(blog)
            await self._repair.bring_to_head(hub)
        except BaseException as error:
            is_followed = blog in self._hubs
            self._drop(blog)
            if is_followed:
                await self._unfollow(blog)  # a node that listens counts as one that has the blog
            if isinstance(error, BlogDamaged) and not isinstance(error, WrongKeyType):
                self._unloadable[blog] = time.monotonic(), error
            raise
        self._unloadable.pop(blog, None)
        self._ready[blog] = hub
        self._freshness.use(blog)
        self._freshness.check(blog, began)

    def _drop(self, blog: str) -> None:
        for by_blog in (self._hubs, self._ready, self._loaded, self._thorough):
            by_blog.pop(blog, None)
        self._comparison.forget(blog)

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
        self.tell_change(blog, change)
        if blog not in self._loaded and self._store.nodes_share_it:
            self._loaded[blog] = self._start(self._load(blog))  # to be able to give it back, should the store lose it

    def _apply(self, blog: str, change: Segment, arrived_at: float, *, own: bool) -> Fit | None:
        """Take a change, of this node or of another one. Return how it fits; None if no reader may see it."""
        hub = self._hubs.get(blog)
        try:
            fit = hub.apply(change, arrived_at) if hub is not None and change.tags else None
        except Exception as error:  # another version of this program may write what this one cannot read
            self._errors.report(blog, "apply", error)
            fit = Fit.GAP
        if fit is Fit.GAP:
            self._schedule_repair(blog)
        elif fit is Fit.NEWS:
            if blog in self._ready:
                self._freshness.change(blog)
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

    async def deleted(self, blog: str) -> bool:
        """Check at once whether a blog still exists. Return whether it was in the memory of this node."""
        if blog not in self._hubs:
            return False
        await asyncio.shield(self._repairs.schedule(blog, urgent=True))
        return True

    def compare_soon(self, blog: str, *, thorough: bool = False) -> None:
        """Compare a blog with the store as soon as the store answers: a write or a check has failed.

        With `thorough`, compare all of it, unless that was done within `THOROUGH_SECONDS`.
        """
        if blog not in self._loaded:
            self._loaded[blog] = self._start(self._load(blog))
            return
        if thorough and time.monotonic() - self._thorough.get(blog, float("-inf")) > THOROUGH_SECONDS:
            self._thorough[blog] = float("inf")
        self._repairs.schedule(blog, urgent=True)

    async def follow(self) -> None:
        """Take hints until cancelled."""
        async for hint in self._store.hints():
            self._hear(hint)

    def _hear(self, hint: Hint) -> None:
        if isinstance(hint, Lost):
            self.tell_loss(hint.blog)
        match hint:
            case Changed(blog, change, sent):
                self._take(blog, change, sent or Sent(0.0))
                self.tell_change(blog, change)
            case Watched(blog, node):
                self.tell_watched(blog, node)
            case Lost(None):
                self._comparison.suspect_all()
            case Lost(blog, True) if blog in self._hubs:
                self.compare_soon(blog, thorough=True)
            case Lost(blog) if blog in self._ready:
                self._comparison.suspect(blog)
            case Lost(blog) if blog in self._hubs:  # it is being loaded, perhaps from before the loss
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
        """Compare heads with the store's, and let go of unused blogs, until cancelled."""
        if self._store.nodes_share_it:
            self._comparison.start()
        while True:
            if not self._store.nodes_share_it:
                await asyncio.sleep(COMPARE_SECONDS)
                await self._let_go()
            elif await self._comparison.step():
                await self._let_go()

    async def _let_go(self) -> None:
        """Let some unused blogs leave memory, after a look that the store still has them."""
        unused, began = self._freshness.leaving(self._ready), time.monotonic()
        if unused and self._store.nodes_share_it:
            await self._comparison.compare(unused)
            still = set(self._freshness.leaving(self._ready))  # a request may have come meanwhile
            unused = [blog for blog in unused if blog in still and self._freshness.checked_since(blog, began)]
        for blog in unused:
            if blog not in self._repairs:
                await self._leave(blog, BLOG_UNLOADED)

    # Repair

    def _schedule_repair(self, blog: str) -> bool:
        """Schedule a repair of a blog. Return False if one was already waiting."""
        is_new, hub = blog not in self._repairs, self._hubs.get(blog)
        is_urgent = self._comparison.is_asked_for(blog) or (hub is not None and hub.is_read)
        self._repairs.schedule(blog, urgent=is_urgent)
        return is_new

    async def _settle(self, blog: str) -> bool:
        """Bring a blog to the store's head. Return False if the store failed."""
        hub, began = self._hubs.get(blog), time.monotonic()
        if hub is None:
            return True
        try:
            await asyncio.shield(self._loaded[blog])
            await self._bring_to_head(hub)
        except BlogNotFound:
            await self._leave(blog, BLOG_DELETED)
        except BlogDamaged as error:  # it will not pass by itself; the next comparison leads to another repair
            self._errors.report(blog, "repair", error)
            self._comparison.damage(blog, began)
        except StoreUnavailable as error:
            self._failures.add(blog, detail=str(error))
            self._comparison.fail(blog, began)
            return False
        except Exception as error:  # whatever it is, it stays with its blog
            self._errors.report(blog, "repair", error)
            self._comparison.fail(blog, began)
        else:
            self._comparison.repaired(blog, began)
            self._errors.clear(blog, "apply", "audit", "repair")
        return True

    async def _bring_to_head(self, hub: Hub) -> None:
        blog, before = hub.replica.blog, hub.replica.cursor
        thorough = self._thorough.get(blog) == float("inf")
        if thorough:
            self._thorough[blog] = time.monotonic()
        await self._repair.bring_to_head(hub, thorough=thorough)
        self._counts.gaps_repaired += hub.replica.cursor != before

    async def _leave(self, blog: str, close_reason: CloseReason) -> None:
        hub = self._hubs.get(blog)
        self._drop(blog)
        if hub is not None:
            hub.close(close_reason)
        await self._unfollow(blog)

    async def _unfollow(self, blog: str) -> None:
        try:
            await self._store.unfollow(blog)
        except StoreUnavailable as error:
            log.warning("cannot_stop_following", extra={"blog": blog, "error": str(error)})

    async def close(self, close_reason: CloseReason) -> None:
        """Close all readers' connections and stop."""
        for hub in self._hubs.values():
            hub.close(close_reason)
        await self._repairs.close()
        await end(self._tasks)
        self._failures.flush()
        self._repair.flush()
