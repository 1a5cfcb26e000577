"""The queue of repairs: a few at once, those that somebody waits for first.

After a bad moment of the store, thousands of blogs may need one. Without a bound they would take all connections to the
store, and editors and health checks would get none.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial

from stoppress.tasks import end

MAX_REPAIRS = 6
"""Maximum number of repairs at once: fewer than half of the connections to the store."""

RETRY_SECONDS = 0.5
"""Pause before the next repair after one that failed."""

log = logging.getLogger("stoppress.repair")


class RepairQueue:
    """The repairs of one node.

    Args:
        work: repairs the blog with this name. It returns False if the repair has to be tried again.
    """

    def __init__(self, work: Callable[[str], Awaitable[bool]]) -> None:
        self._work = work
        self._urgent: dict[str, None] = {}
        self._others: dict[str, float] = {}  # since when they wait, by `time.monotonic`
        self._waiting: dict[str, asyncio.Future[None]] = {}  # repairs that have not begun
        self._running: set[str] = set()
        self._workers: set[asyncio.Task[None]] = set()

    def __contains__(self, blog: str) -> bool:
        """Return whether a repair of this blog waits or runs."""
        return blog in self._waiting or blog in self._running

    def schedule(self, blog: str, *, urgent: bool) -> asyncio.Future[None]:
        """Schedule one repair of a blog, and return a future that is done after it.

        Callers share a repair until it begins. Repairs of one blog run one after the other.
        """
        future = self._waiting.get(blog)
        if future is None:
            future = self._waiting[blog] = asyncio.get_running_loop().create_future()
            self._others[blog] = time.monotonic()
        if urgent:
            self._others.pop(blog, None)
            self._urgent[blog] = None
        if len(self._workers) < MAX_REPAIRS:
            worker = asyncio.create_task(self._repair())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        return future

    def drop(self, blog: str, began: float) -> None:
        """Drop the repair of a blog that was at the head by a look at the store that began at `began`.

        Urgent repairs stay: a reader has a cursor that may be newer than the look.
        """
        if self._others.get(blog, began) < began:
            del self._others[blog]
            _finish(self._waiting.pop(blog))

    async def close(self) -> None:
        """End all repairs."""
        await end(self._workers)

    async def _repair(self) -> None:
        while (taken := self._take()) is not None:
            blog, future = taken
            if await self._attempt(blog):
                _finish(future)
            else:
                await asyncio.sleep(RETRY_SECONDS)
                # Behind the others, or some that always fail would hold them up. A comparison makes it urgent again.
                self.schedule(blog, urgent=False).add_done_callback(partial(_finish, future))

    def _take(self) -> tuple[str, asyncio.Future[None]] | None:
        for blogs in (self._urgent, self._others):
            blog = next((blog for blog in blogs if blog not in self._running), None)
            if blog is not None:
                del blogs[blog]
                return blog, self._waiting.pop(blog)
        return None

    async def _attempt(self, blog: str) -> bool:
        self._running.add(blog)
        try:
            return await self._work(blog)
        except Exception:  # it concerns only this blog; the next comparison of heads leads to another repair
            log.exception("repair_failed", extra={"blog": blog})
            return True
        finally:
            self._running.discard(blog)


def _finish(future: asyncio.Future[None], _other: asyncio.Future[None] | None = None) -> None:
    if not future.done():
        future.set_result(None)
