"""Lists of a blog's entries as editors see them, with all that a search can ask for.

Published entries come from the replica in memory, in the order that readers see. A search through a long blog is made
in slices, so that the event loop does other work in between. The node makes one search at a time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import NamedTuple

from stoppress.access.identity import Identity
from stoppress.errors import NotNow
from stoppress.live.items import EntryPosition, PublicItem
from stoppress.live.replica import Replica
from stoppress.model import Item, StoredEntry
from stoppress.newsroom.entries import Entries, may_see
from stoppress.store.port import Store

MAX_WAITING = 64
"""Searches that may wait for their turn."""

MAX_PAGE_BYTES = 1_000_000
"""About the maximum size of the bodies on one page."""

_SLICE_SECONDS = 0.005
"""Maximum seconds for which a search holds the event loop. One entry that takes longer holds it longer."""

_CHUNK_ENTRIES = 100
"""Entries that are taken from a replica at once."""

_PUBLIC, _DRAFTS = ("published", "retracted"), ("draft", "scheduled")


class EntryFilter(NamedTuple):
    """What a search asks for. Upper and lower case do not matter. An empty text asks for nothing."""

    q: str = ""
    """Words, all of which must be in the title, the text, the authors, the source or the tags."""
    source: str = ""
    """The name of the source."""
    tag: str = ""
    author: str = ""
    status: str = ""

    @property
    def asks_for_content(self) -> bool:
        """Whether the content of entries decides. A retracted entry has none."""
        return any(self[:4])

    def compile(self) -> Callable[[StoredEntry], bool]:
        """Return what decides whether an entry is wanted."""
        words = self.q.casefold().split()
        source, tag, author = (text.casefold() for text in (self.source, self.tag, self.author))

        def is_wanted(entry: StoredEntry) -> bool:
            return (
                self.status in ("", entry.status)
                and (not source or (entry.source is not None and entry.source.name.casefold() == source))
                and (not tag or tag in map(str.casefold, entry.tags))
                and (not author or author in (one.name.casefold() for one in entry.authors))
                and (not words or _has(entry, words))
            )

        return is_wanted


class EntryPage(NamedTuple):
    """A page of a list."""

    entries: list[StoredEntry]
    has_more: bool


class EntryLists:
    """Lists entries.

    Args:
        store: has the drafts.
        replica: returns the replica of a blog at the store's head. Raises `BlogNotFound`.
    """

    def __init__(self, store: Store, replica: Callable[[str], Awaitable[Replica]]) -> None:
        self._store = store
        self.replica = replica
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def page(
        self, who: Identity, blog: str, wanted: EntryFilter, before: tuple[str, str] | None, limit: int
    ) -> EntryPage:
        """Return what `who` may see and asks for: drafts and scheduled entries, then the others, newest first.

        Args:
            who: asks.
            blog: the name of the blog.
            wanted: what it asks for.
            before: the `Entries.list_position` that all of the page precede; None: begin with the first.
            limit: maximum entries. There are fewer if they are large.

        Raises:
            BlogNotFound
            NotNow: too many searches are waiting.
        """
        if not wanted.asks_for_content:
            return await self._page(who, blog, wanted, before, limit)
        if self._waiting >= MAX_WAITING:
            raise NotNow("This node is searching for too many others at the moment. Try again shortly.")
        self._waiting += 1
        try:
            async with self._turn:
                return await self._page(who, blog, wanted, before, limit)
        finally:
            self._waiting -= 1

    async def published(
        self, blog: str, wanted: EntryFilter, before: EntryPosition | None = None
    ) -> AsyncIterator[Item]:
        """Iterate over the wanted entries that readers may see, newest first. Other work is done in between."""
        replica, is_wanted, slices = await self.replica(blog), wanted.compile(), _Slices()
        while True:
            items, older = replica.page(before, _CHUNK_ENTRIES)
            for item in _likely(items, wanted):
                if is_wanted(StoredEntry.of(item.stored)):
                    yield item.stored
                if slices.is_over:
                    await slices.rest()
            if older is None:
                return
            before = items[-1].position

    async def drafts(self, blog: str, wanted: EntryFilter) -> list[StoredEntry]:
        """Return the wanted drafts and scheduled entries. Raises `BlogNotFound`."""
        found, is_wanted, slices = [], wanted.compile(), _Slices()
        for item in await self._store.drafts(blog):
            entry = StoredEntry.of(item)
            if is_wanted(entry):
                found.append(entry)
            if slices.is_over:
                await slices.rest()
        return found

    async def _page(
        self, who: Identity, blog: str, wanted: EntryFilter, before: tuple[str, str] | None, limit: int
    ) -> EntryPage:
        found: list[StoredEntry] = []
        is_cut = False
        if wanted.status in ("", *_PUBLIC):
            start = None if before is None or before[0] == "9" else EntryPosition(*before)
            size = 0
            async for item in self.published(blog, wanted, start):
                is_cut = len(found) >= limit or size > MAX_PAGE_BYTES
                if is_cut:
                    break
                found.append(StoredEntry.of(item))
                size += len(item.body)
        if wanted.status in ("", *_DRAFTS):
            drafts = [draft for draft in await self.drafts(blog, wanted) if may_see(who, blog, draft)]
            found += [draft for draft in drafts if before is None or Entries.list_position(draft) < before]
        found.sort(key=Entries.list_position, reverse=True)
        taken = list(_fitting(found[:limit]))
        return EntryPage(taken, is_cut or len(taken) < len(found))


class _Slices:
    """Says when it is time to let the event loop do other work."""

    def __init__(self) -> None:
        self._begun = time.perf_counter()

    @property
    def is_over(self) -> bool:
        return time.perf_counter() - self._begun > _SLICE_SECONDS

    async def rest(self) -> None:
        await asyncio.sleep(0)
        self._begun = time.perf_counter()


def _likely(items: Iterable[PublicItem], wanted: EntryFilter) -> Iterator[PublicItem]:
    """Yield the items that may be wanted, as far as that shows without decoding them."""
    for item in items:
        if item.is_retracted:
            if wanted.status != "published" and not wanted.asks_for_content:
                yield item
        elif wanted.status != "retracted":
            yield item


def _has(entry: StoredEntry, words: Iterable[str]) -> bool:
    names = [one.name for one in entry.authors]
    source = entry.source.name if entry.source else ""
    text = "\n".join((entry.title or "", entry.text or "", source, *names, *entry.tags)).casefold()
    return all(word in text for word in words)


def _fitting(entries: Iterable[StoredEntry]) -> Iterator[StoredEntry]:
    """Yield the first entries, about as many as `MAX_PAGE_BYTES` allows, but at least one."""
    size = 0
    for count, entry in enumerate(entries):
        size += len(entry.html or "") + len(entry.text or "") + len(entry.markdown or "")
        if count and size > MAX_PAGE_BYTES:
            return
        yield entry
