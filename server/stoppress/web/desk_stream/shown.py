"""What a desk shows of a blog, in JSON: entries as editors write them and as readers see them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from stoppress.access.identity import Identity
from stoppress.access.roles import may
from stoppress.desk.drafts import Draft, Removed
from stoppress.desk.open_desk import DeskNews
from stoppress.live.items import PublicItem
from stoppress.live.replica import Replica
from stoppress.model import StoredEntry, StoredHeader
from stoppress.newsroom.blogs import header_for
from stoppress.newsroom.entries import Entries, may_see
from stoppress.web.pages.markup import Renderer

_SLICE_SECONDS = 0.005
"""Maximum seconds for which entries are made before the event loop does other work. One that takes longer holds it."""


class DeskEntry(Struct):
    """One entry at a desk."""

    entry: StoredEntry
    version: int
    html: str
    """The article as readers see it, or would see it if it were published now."""


class ShownDesk:
    """What one identity sees of one blog.

    Args:
        renderer: makes the articles.
        replica: the replica of the blog.
        who: the identity.
    """

    def __init__(self, renderer: Renderer, replica: Replica, who: Identity) -> None:
        self._renderer = renderer
        self._replica = replica
        self._blog = replica.blog
        self._who = who

    @property
    def language(self) -> str:
        """The language of the blog, or the one of ours that stands for it."""
        header = self._replica.header
        return self._renderer.texts.language(header.language if header else None)

    async def snapshot(self, news: DeskNews, figures: Mapping[str, Any]) -> AsyncIterator[bytes]:
        """Yield a snapshot in pieces of one entry each, so that a slow desk holds one of them."""
        header = _header(news.header, self._who)
        yield msgspec.json.encode(header)[:-1] + b',"entries":['
        comma = b""
        async for entry in self.entries(news):
            yield comma + entry
            comma = b","
        older = self._older(news.entries)
        rest = {**({"older": older} if older else {}), **figures}
        yield b"]" + (b"," * bool(rest)) + msgspec.json.encode(rest)[1:]

    def _older(self, entries: Sequence[PublicItem]) -> str | None:
        """Return the address of the entries before those of a snapshot, if there are any."""
        if len(entries) >= len(self._replica.positions):
            return None
        last = StoredEntry.of(entries[-1].stored)
        return f"/api/blogs/{self._blog}/entries?before={'_'.join(Entries.list_position(last))}"

    async def entries(self, news: DeskNews) -> AsyncIterator[bytes]:
        """Yield each changed entry that the identity may see."""
        begun = time.perf_counter()
        everything: list[Draft | PublicItem] = [*news.drafts, *news.entries]
        for one in everything:
            if isinstance(one, Draft) and not may_see(self._who, self._blog, one.entry):
                continue
            yield self._entry(one)
            if time.perf_counter() - begun > _SLICE_SECONDS:
                await asyncio.sleep(0)
                begun = time.perf_counter()

    def _entry(self, one: Draft | PublicItem) -> bytes:
        item, public = (one.item, one.as_published) if isinstance(one, Draft) else (one.stored, one)
        entry = one.entry if isinstance(one, Draft) else StoredEntry.of(item)
        html = self._renderer.entry(self._blog, self.language, public).html
        return msgspec.json.encode(DeskEntry(entry, item.version, html))

    def header(self, news: DeskNews) -> bytes | None:
        """Return the header, if it has changed."""
        return msgspec.json.encode(_header(news.header, self._who)) if news.header else None

    def gone(self, news: DeskNews) -> list[bytes]:
        """Return the ids of the removed drafts that the identity could see."""
        return [msgspec.json.encode({"id": one.id}) for one in news.removed if self._could_see(one)]

    def _could_see(self, removed: Removed) -> bool:
        return removed.created_by == self._who.id or may(self._who, "read_drafts", self._blog)


def _header(item: PublicItem | None, who: Identity) -> dict[str, Any]:
    return {
        "header": header_for(who, StoredHeader.of(item.stored)) if item else None,
        "version": item.stored.version if item else 0,
    }
