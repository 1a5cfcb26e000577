"""The headers of all blogs, for the index page. A header is read again only after its blog has changed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from stoppress.errors import BlogDamaged, BlogMissing, BlogNotFound
from stoppress.model import HEADER, Cursor, Header
from stoppress.store.port import Store

MAX_BLOGS = 5_000
"""Maximum number of blogs in the list; of more, it has the first by name."""

FRESH_SECONDS = 0.5
"""Seconds for which the list is returned without a look at the store."""


class Catalogue:
    """A cached list of the headers of all blogs; `clock` returns seconds."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._read: dict[str, tuple[Cursor, Header]] = {}
        self._fresh_until = float("-inf")
        self._reading = asyncio.Lock()

    async def headers(self) -> list[Header]:
        """Return the headers of all blogs, sorted by name. Raises `StoreUnavailable`."""
        async with self._reading:  # concurrent callers share one read
            if self._clock() >= self._fresh_until:
                await self._refresh()
                self._fresh_until = self._clock() + FRESH_SECONDS
            return [header for _, header in self._read.values()]

    async def _refresh(self) -> None:
        names = (await self._store.blogs())[:MAX_BLOGS]
        read = {}
        for name, head in zip(names, await self._store.heads(names), strict=True):
            if head is None:
                continue  # deleted meanwhile
            known = self._read.get(name)
            header = known[1] if known and known[0] == head else await self._find(name)
            if header is not None:
                read[name] = (head, header)
        self._read = read

    async def _find(self, name: str) -> Header | None:
        try:
            item = await self._store.item(name, HEADER)
            return None if item is None else Header.of(item)
        except (BlogNotFound, BlogMissing, BlogDamaged):
            return None
