"""Optimistic commits: the way of every write to the store, and from there to the readers.

A write is planned from the current items and committed only if they have not changed since. If another write was
faster, it is planned again. So nothing is locked in the store. Writes that lost a race take turns on their node, so
each one gets through however many come at once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Container
from typing import NamedTuple
from weakref import WeakValueDictionary

from stoppress.errors import PreconditionFailed, StoppressError, StoreUnavailable, VersionConflict
from stoppress.model import HEADER, Cursor, Header, Segment, StoredEntry
from stoppress.store.port import Once, Store, Write

_MAX_COMMIT_ATTEMPTS = 30
"""How often a write that lost a race is planned again before it fails."""


class Request(NamedTuple):
    """The conditions of a write."""

    if_match: Container[int] | None = None
    """The versions of the item that the write may replace; 0 stands for an item that does not exist. None: any."""
    once: Once | None = None
    if_none_match: Container[int] = ()
    """The versions of the item that the write must not replace."""

    def check(self, version: int, current: StoredEntry | Header | None) -> None:
        """Raise `PreconditionFailed` if the request does not allow to replace the current version."""
        if self.if_match is not None and version not in self.if_match:
            message = "If-Match does not match: the item does not exist yet."
            if version:
                message = (
                    f"If-Match does not match: the item has changed and is now at version {version}. "
                    "Merge your change into that version and send it again."
                )
            raise PreconditionFailed(message, current, version)
        if version in self.if_none_match:
            message = f"If-None-Match matches: the item exists and is at version {version}, so nothing was written."
            raise PreconditionFailed(f"{message} To change fields of it, send PATCH.", current, version)


class Written(NamedTuple):
    """The result of a write; a repeated request gets the same result again."""

    content: StoredEntry | Header | None
    """The written item; None if the write removed a draft."""
    version: int
    cursor: Cursor
    replayed: bool = False
    """True if this is the result of an earlier request with the same Idempotency-Key."""


_Plan = Callable[[], Awaitable[list[Write] | Written]]
"""Reads the current items and returns the writes, the requested item last; or a result if there is nothing to write."""


class Committer:
    """Plans writes, commits them, and repeats both after a lost race.

    Args:
        store: keeps the blogs.
        committed: called right after every commit, before any hint of it, with the blog, the change and the arrival of
            the request (`time.monotonic`).
    """

    def __init__(self, store: Store, committed: Callable[[str, Segment, float], object]) -> None:
        self._store = store
        self._committed = committed
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def commit(self, blog: str, request: Request, plan: _Plan) -> Written:
        """Carry out a plan, or return the earlier result if this is a repeated request.

        Raises:
            StoreUnavailable: the store failed, or the write lost too many races.
            KeyReused: the Idempotency-Key belongs to another request.
        """
        if request.once and (earlier := await self._store.recall(blog, request.once)):
            return _written(earlier, replayed=True)
        arrival = time.monotonic()
        written = await self._attempt(blog, request, plan, arrival)
        if written is None:
            async with self._turns.setdefault(blog, asyncio.Lock()):
                for _attempt in range(_MAX_COMMIT_ATTEMPTS):
                    written = await self._attempt(blog, request, plan, arrival)
                    if written is not None:
                        break
                else:
                    raise StoreUnavailable(f"Blog {blog!r} changes too fast for this write. Try again shortly.")
        return written

    async def _attempt(self, blog: str, request: Request, plan: _Plan, arrival: float) -> Written | None:
        """Plan and commit once; return None if another write was faster."""
        try:
            planned = await plan()
        except StoppressError:  # perhaps the same request, sent twice, has just made the change
            if request.once and (earlier := await self._store.recall(blog, request.once)):
                return _written(earlier, replayed=True)
            raise
        if isinstance(planned, Written):
            return planned
        try:
            segment = await self._store.commit(blog, planned, request.once)
        except VersionConflict:
            return None
        self._committed(blog, segment, arrival)
        subject, write = segment.items[-1], planned[-1]
        is_own = (subject.id, subject.version, subject.body) == (write.id, write.expected + 1, write.body or b"")
        return _written(segment, replayed=not is_own)  # the same request may have been faster on another node


def _written(segment: Segment, *, replayed: bool) -> Written:
    subject = segment.items[-1]
    content: StoredEntry | Header | None = None
    if subject.id == HEADER:
        content = Header.of(subject)
    elif subject.body:
        content = StoredEntry.of(subject)
    return Written(content, subject.version, segment.cursor, replayed)
