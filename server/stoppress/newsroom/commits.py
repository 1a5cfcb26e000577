"""Optimistic commits: the way of every write to the store, and from there to the readers.

A write is planned from the current items and committed only if they have not changed since. If another write was
faster, it is planned again. So nothing is locked in the store. Writes that lost a race take turns on their node, so
each one gets through however many come at once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Container, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from typing import NamedTuple, Protocol
from weakref import WeakValueDictionary

from stoppress.access.identity import NODE, Identity
from stoppress.access.roles import Action, may, require
from stoppress.errors import BlogDamaged, PreconditionFailed, StoppressError, StoreUnavailable, VersionConflict
from stoppress.model import HEADER, Cursor, Segment, StoredEntry, StoredHeader
from stoppress.newsroom.desk.epochs import DraftEpoch, require_current
from stoppress.store.past.port import Act, Actor
from stoppress.store.port import Once, Store, Write

_MAX_COMMIT_ATTEMPTS = 30
"""Maximum number of times that a write that lost a race is planned again."""


class Origin(NamedTuple):
    """The place that a request comes from, and the reason for it, for the audit."""

    address: str = ""
    """The client's address; `redis` for messages through Redis; empty for the server itself."""
    reason: str = ""
    """Why, in the words of the sender."""


class Request(NamedTuple):
    """The sender and the conditions of a write."""

    if_match: Container[int] | None = None
    """The versions of the item that the write may replace; 0 stands for an item that does not exist. None: any."""
    once: Once | None = None
    if_none_match: Container[int] = ()
    """The versions of the item that the write must not replace."""
    who: Identity = NODE
    origin: Origin = Origin()
    draft: DraftEpoch | None = None
    """The draft that the write comes from. It is refused if another tab has taken that over."""
    arrived_at: float | None = None
    """When all of it had reached this node, by `time.monotonic`; None: when it is carried out."""

    def act(self, action: str, blog: str | None, item: str | None = None, version: int | None = None) -> Act:
        """Return the line of the audit for something that the sender does; see `Act` for the parameters."""
        who = Actor(self.who.kind, self.who.name, self.who.id if self.who.id != self.who.name else None)
        address, reason = self.origin.address or None, self.origin.reason or None
        return Act(who=who, action=action, blog=blog, item=item, version=version, address=address, reason=reason)

    def may(self, action: Action, blog: str) -> bool:
        """Return whether the sender may do this in a blog."""
        return may(self.who, action, blog)

    def require(self, action: Action, blog: str) -> None:
        """Raise `Forbidden` unless the sender may do this in a blog."""
        require(self.who, action, blog)

    def check(self, version: int, current: StoredEntry | StoredHeader | None) -> None:
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

    content: StoredEntry | StoredHeader | None
    """The written item; None if the write removed a draft."""
    version: int
    cursor: Cursor
    replayed: bool = False
    """True if this is the result of an earlier request with the same Idempotency-Key."""


class Planned(NamedTuple):
    """The writes that a request is about to make."""

    action: str
    """The word for it in the audit."""
    writes: list[Write]
    """The requested item is the last one."""
    subjects: int = 1
    """The number of requested items, which are the last ones. The audit has a line for each."""


_Plan = Callable[[], Awaitable[Planned | Written]]
"""Reads the current items and returns the writes; or a result if there is nothing to write."""


class Replicas(Protocol):
    """The replicas of this node, as commits see them."""

    def committed(self, blog: str, change: Segment, arrived_at: float) -> None:
        """Take a commit of this node, before any hint of it; the request arrived at `arrived_at` (`time.monotonic`)."""

    async def reach(self, blog: str, cursor: Cursor) -> None:
        """Return when readers of this node get the change that `cursor` names. Raises `StoreUnavailable`."""

    def compare_soon(self, blog: str) -> None:
        """Compare a blog with the store as soon as the store answers."""


class Erasure(Protocol):
    """What has to go when an item is erased, as commits see it. Both methods surround the write."""

    def erasing(self, blog: str, items: Sequence[str]) -> AbstractAsyncContextManager[None]:
        """Surround a write that erases or removes items. Raises `BlogNotFound` and `StoreUnavailable`."""

    def deleting(self, blog: str) -> AbstractAsyncContextManager[None]:
        """Surround the deletion of a blog. Raises `StoreUnavailable`."""


class Committer:
    """Plans writes, commits them, and repeats both after a lost race.

    Args:
        store: keeps the blogs.
        replicas: learn of every commit, and of every answer to an earlier one.
        erasure: deletes the files of what is erased; None: there are no files.
    """

    def __init__(self, store: Store, replicas: Replicas, erasure: Erasure | None = None) -> None:
        self._store = store
        self._replicas = replicas
        self._erasure = erasure
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def commit(self, blog: str, request: Request, plan: _Plan) -> Written:
        """Carry out a plan, or return the earlier result if this is a repeated request.

        Raises:
            DraftTakenOver: the write comes from a draft that another tab has taken over.
            StoreUnavailable: the store failed, or the write lost too many races.
            KeyReused: the Idempotency-Key belongs to another request.
        """
        if earlier := await self._recall(blog, request):
            return earlier
        arrival = time.monotonic() if request.arrived_at is None else request.arrived_at
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

    async def delete(self, blog: str, request: Request) -> None:
        """Delete a blog. Raises `BlogNotFound` and `StoreUnavailable`."""
        async with self._erasure.deleting(blog) if self._erasure else nullcontext():
            with self._settled_later(blog):
                await self._store.delete(blog, request.act("delete_blog", blog))

    def _erased(self, blog: str, writes: Sequence[Write]) -> AbstractAsyncContextManager[None]:
        gone = [write.id for write in writes if write.erase or write.body is None]
        return self._erasure.erasing(blog, gone) if self._erasure and gone else nullcontext()

    @contextmanager
    def _settled_later(self, blog: str) -> Iterator[None]:
        """If a write is interrupted, have the store read as soon as it answers: it may have the change."""
        try:
            yield
        except (StoreUnavailable, asyncio.CancelledError):
            self._replicas.compare_soon(blog)
            raise

    async def _recall(self, blog: str, request: Request) -> Written | None:
        """Return the result of the same request, if there was one. Its change may have failed to reach the readers."""
        earlier = await self._store.recall(blog, request.once) if request.once else None
        if request.once is None or earlier is None:
            return None
        try:
            written = _written(earlier, replayed=True)
        except BlogDamaged:  # else the key would fail for a day
            await self._store.forget(blog, request.once)
            return None
        await self._replicas.reach(blog, earlier.cursor)
        return written

    async def _attempt(self, blog: str, request: Request, plan: _Plan, arrival: float) -> Written | None:
        """Plan and commit once; return None if another write was faster."""
        try:
            planned = await plan()
            await require_current(self._store.accounts, request.who, request.draft)
        except StoppressError:  # perhaps the same request, sent twice, has just made the change
            if earlier := await self._recall(blog, request):
                return earlier
            await require_current(self._store.accounts, request.who, request.draft)  # that explains all else
            raise
        if isinstance(planned, Written):
            return planned
        write = planned.writes[-1]
        acts = [
            request.act(planned.action, blog, subject.id, subject.next_version)
            for subject in planned.writes[-planned.subjects :]
        ]
        try:
            async with self._erased(blog, planned.writes):
                with self._settled_later(blog):
                    segment = await self._store.commit(blog, planned.writes, request.once, *acts)
                self._replicas.committed(blog, segment, arrival)
        except VersionConflict:
            return None
        subject = segment.items[-1]
        is_own = (subject.id, subject.version, subject.body) == (write.id, write.next_version, write.body or b"")
        return _written(segment, replayed=not is_own)  # the same request may have been faster on another node


def _written(segment: Segment, *, replayed: bool) -> Written:
    subject = segment.items[-1]
    content: StoredEntry | StoredHeader | None = None
    if subject.id == HEADER:
        content = StoredHeader.of(subject)
    elif subject.body:
        content = StoredEntry.of(subject)
    return Written(content, subject.version, segment.cursor, replayed)
