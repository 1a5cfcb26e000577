"""The headers of all blogs, for the index page. A look at the store reads a bounded number of them again."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice

from stoppress.errors import BlogDamaged
from stoppress.model import Item, StoredHeader
from stoppress.store.port import Store

MAX_BLOGS = 5_000
"""Maximum number of blogs in the list; of more, it has the first by name."""

FRESH_SECONDS = 0.5
"""Seconds for which the list is returned without a look at the store."""

READ_AGAIN_BLOGS = 500
"""Maximum number of headers that one look reads again. Of more blogs, each one gets its turn."""

_CHUNK_BLOGS = 200
"""Number of headers that are read and decoded before the event loop does other work."""


class Catalogue:
    """A cached list of the headers of all blogs; `clock` returns seconds."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._read: dict[str, tuple[Item | None, StoredHeader | None]] = {}
        self._turns: deque[str] = deque()  # the names in `_read`; those that were read last are at the end
        self._list: Sequence[StoredHeader] = ()
        self._changed = False  # since the list was made
        self._fresh_until = float("-inf")
        self._reading = asyncio.Lock()

    async def headers(self) -> Sequence[StoredHeader]:
        """Return the headers of all blogs, sorted by name: the same object until one changes.

        The list has new blogs at once. Of more than `READ_AGAIN_BLOGS`, changes come a few seconds later.

        Raises:
            StoreUnavailable
        """
        async with self._reading:  # concurrent callers share one read
            if self._clock() >= self._fresh_until:
                await self._refresh()
                self._fresh_until = self._clock() + FRESH_SECONDS
            return self._list

    async def _refresh(self) -> None:
        names = (await self._store.names())[: 2 * MAX_BLOGS]  # some may be those of deleted blogs
        self._forget_all_but(set(names))
        again = [*islice(self._turns, READ_AGAIN_BLOGS)]
        self._turns.rotate(-len(again))
        wanted = again + [name for name in names if name not in self._read]
        for begin in range(0, len(wanted), _CHUNK_BLOGS):
            some = wanted[begin : begin + _CHUNK_BLOGS]
            for name, item in zip(some, await self._store.headers(some), strict=True):
                self._take(name, item)
        if self._changed:
            headers = (self._read[name][1] for name in names)
            self._list = tuple(header for header in headers if header is not None)[:MAX_BLOGS]
            self._changed = False

    def _forget_all_but(self, names: set[str]) -> None:
        gone = self._read.keys() - names
        if gone:
            self._turns = deque(name for name in self._turns if name not in gone)
            self._read = {name: read for name, read in self._read.items() if name not in gone}
            self._changed = True

    def _take(self, name: str, item: Item | None) -> None:
        known = self._read.get(name)
        if known is None:
            self._turns.append(name)
        if known is None or known[0] != item:
            self._read[name] = item, _header_of(item)
            self._changed = True


def _header_of(item: Item | None) -> StoredHeader | None:
    """Return a header; None if it does not exist or cannot be read, so that one blog does not hide the others."""
    try:
        return None if item is None else StoredHeader.of(item)
    except BlogDamaged:
        return None
