"""The newsroom without its web: use cases on an embedded store."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec

from stoppress.access.identity import NODE
from stoppress.live.replica import Replica
from stoppress.model import HEADER, Cursor, Entry, Header, Segment, StoredEntry
from stoppress.newsroom.blogs import Blogs
from stoppress.newsroom.commits import Committer, Request, Written
from stoppress.newsroom.desk.retractions import Retractions
from stoppress.newsroom.desk.search import EntryFilter, EntryLists
from stoppress.newsroom.entries import Entries
from stoppress.newsroom.forms import EntryForm, HeaderForm
from stoppress.store.sqlite.store import SQLiteStore

BLOG = "karabakh"

ANY = Request()
"""No conditions."""


class Newsroom:
    """The use cases on an embedded store, with one blog; forms are given as keywords."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store = SQLiteStore(path)
        self.changes: list[Segment] = []
        """The changes that the readers got, oldest first."""
        self.deleted: list[str] = []
        self.reached: list[Cursor] = []
        """The cursors of answers that were given again."""
        self.unsettled: list[str] = []
        """The blogs with a commit of unknown outcome."""
        committer = Committer(self.store, self)
        self.blogs = Blogs(self.store, committer, self._forget)
        self.entries = Entries(self.store, committer, self._newest)
        self.lists = EntryLists(self.store, self._replica)
        self.retractions = Retractions(committer, self.entries, self.lists, self.store.accounts, time.time)

    def committed(self, _blog: str, change: Segment, _arrived_at: float) -> None:
        self.changes.append(change)

    async def reach(self, _blog: str, cursor: Cursor) -> None:
        self.reached.append(cursor)

    def compare_soon(self, blog: str) -> None:
        self.unsettled.append(blog)

    async def _newest(self, _blog: str) -> str:
        return max((entry.published_at or "" for entry in (await self.public())[1].values()), default="")

    async def _replica(self, blog: str) -> Replica:
        replica = Replica(blog)
        replica.absorb(await self.store.read(blog))
        return replica

    async def listed(self, **wanted: str) -> list[StoredEntry]:
        """Return the entries that a filter finds, for an editor."""
        return (await self.lists.page(NODE, BLOG, EntryFilter(**wanted), None, 500)).entries

    async def _forget(self, blog: str) -> bool:
        self.deleted.append(blog)
        return False

    async def post(self, request: Request = ANY, **fields: Any) -> StoredEntry:
        return entry_of(await self.entries.create(BLOG, msgspec.convert(fields, EntryForm), request))

    async def patch(self, entry: StoredEntry, request: Request = ANY, **fields: Any) -> StoredEntry:
        form = msgspec.convert(fields, EntryForm)
        return entry_of(await self.entries.patch(BLOG, entry.id, form, request))

    async def retract(self, entry: StoredEntry, note: str | None = None, request: Request = ANY) -> Written:
        return await self.entries.retract(BLOG, entry.id, note, request)

    async def patch_header(self, request: Request = ANY, **fields: Any) -> Header:
        written = await self.blogs.patch(BLOG, msgspec.convert(fields, HeaderForm), request)
        assert isinstance(written.content, Header)
        return written.content

    async def get(self, entry: StoredEntry) -> StoredEntry:
        return (await self.entries.get(BLOG, entry.id))[0]

    async def header(self) -> Header:
        return (await self.blogs.get(BLOG))[0]

    async def public(self) -> tuple[Header, dict[str, Entry]]:
        """Return the items that readers can see, from the store's history."""
        items = (await self.store.read(BLOG)).items
        header = next(Header.of(item) for item in items if item.id == HEADER)
        return header, {item.id: StoredEntry.of(item) for item in items if item.id != HEADER}


def entry_of(written: Written) -> StoredEntry:
    assert isinstance(written.content, StoredEntry)
    return written.content
