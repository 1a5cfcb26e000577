"""How every write gets to the store, and from there to the readers.

A write is planned from the items as they stand and committed only if they still stand so; if somebody else
was faster, it is planned again. So nothing is locked in the store. Writes that lose take turns on their node:
however many come at once, each gets through.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Container
from typing import NamedTuple
from weakref import WeakValueDictionary

import msgspec

from stoppress.errors import PreconditionFailed, StoppressError, StoreUnavailable, VersionConflict
from stoppress.model import HEADER, Cursor, Header, Item, Segment, StoredEntry
from stoppress.store.port import Once, Store, Write

ATTEMPTS = 30
"""How often a write is planned anew because somebody else was faster."""


class Request(NamedTuple):
    """What comes with a write besides its form."""

    if_match: Container[int] | None = None
    """Versions of the item that the write is for, 0 being an item that is not there yet; None: any."""
    once: Once | None = None


class Written(NamedTuple):
    """What a write did, the same for the first request and for its repetitions."""

    content: StoredEntry | Header | None
    """The item that was asked to be written; None where a draft was removed."""
    version: int
    cursor: Cursor


Plan = Callable[[], Awaitable[list[Write] | Written]]
"""Reads what it needs and says what to write, the subject of the request last; or that it is so already."""


class Committer:
    """See the module's docstring.

    Args:
        store: where blogs are kept.
        committed: called with every commit before its answer goes out, and with the time when the request for it came
            (`time.monotonic`).
    """

    def __init__(self, store: Store, committed: Callable[[str, Segment, float], object]) -> None:
        self._store = store
        self._committed = committed
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def commit(self, blog: str, request: Request, plan: Plan) -> Written:
        """Carry out a plan, or give the answer that the same request got before.

        Raises:
            StoreUnavailable: it could not be stored.
            KeyReused: the Idempotency-Key belongs to another request.
        """
        if request.once and (earlier := await self._store.recall(blog, request.once)):
            return _written(earlier)
        arrival = time.monotonic()
        written = await self._attempt(blog, request, plan, arrival)
        if written is None:
            async with self._turns.setdefault(blog, asyncio.Lock()):
                for _attempt in range(ATTEMPTS):
                    written = await self._attempt(blog, request, plan, arrival)
                    if written is not None:
                        break
                else:
                    raise StoreUnavailable(f"blog {blog!r} changes too fast to write this: ask again")
        return written

    async def _attempt(self, blog: str, request: Request, plan: Plan, arrival: float) -> Written | None:
        """Plan and commit once; None if somebody else was faster."""
        try:
            planned = await plan()
        except StoppressError:  # because of what the same request, sent twice, has just changed?
            if request.once and (earlier := await self._store.recall(blog, request.once)):
                return _written(earlier)
            raise
        if isinstance(planned, Written):
            return planned
        try:
            segment = await self._store.commit(blog, planned, request.once)
        except VersionConflict:
            return None
        self._committed(blog, segment, arrival)
        return _written(segment)


def _written(segment: Segment) -> Written:
    subject = segment.items[-1]
    content: StoredEntry | Header | None = None
    if subject.id == HEADER:
        content = read_header(subject)
    elif subject.body:
        content = read_entry(subject)
    return Written(content, subject.version, segment.cursor)


def read_header(item: Item) -> Header:
    header = msgspec.json.decode(item.body, type=Header)
    header.seq = item.seq
    return header


def read_entry(item: Item) -> StoredEntry:
    entry = msgspec.json.decode(item.body, type=StoredEntry)
    entry.seq, entry.version = item.seq, item.version
    return entry


def check_match(request: Request, version: int, current: StoredEntry | Header | None) -> None:
    """Raises `PreconditionFailed` if the request is for another version than the current one."""
    if request.if_match is None or version in request.if_match:
        return
    state = f"it is at version {version} now" if version else "it does not exist yet"
    raise PreconditionFailed(f"somebody changed this in between: {state}; look at it and send again", current, version)
