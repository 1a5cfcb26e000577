"""The content of a page of a blog, as of one cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Self

from stoppress.live.items import EntryPosition, PublicItem
from stoppress.live.replica import Replica
from stoppress.model import Entry, Header

KEY_EVENTS = 10
"""The number of key events in a page's summary."""


class View(NamedTuple):
    """One page: the newest entries, those before a position, or those from one entry on. Templates get its fields."""

    blog: str
    cursor: str
    header: Header | None
    entries: list[Entry]
    """Newest first."""
    items: Sequence[PublicItem] = ()
    """The same as the replica has them."""
    older: str | None = None
    """The address of the entries before these."""
    before: str | None = None
    """The position that all of these precede; None: these are the newest entries."""
    at: Entry | None = None
    """The entry in the page's address."""
    pinned: Entry | None = None
    key_events: Sequence[Entry] = ()
    began: str | None = None
    """The publication time of the oldest entry of the blog."""
    ended: str | None = None
    """The publication time of the newest entry."""

    @property
    def newest(self) -> bool:
        return self.before is None

    @classmethod
    def of(cls, replica: Replica, position: EntryPosition | None, limit: int, at: PublicItem | None = None) -> Self:
        """Return the page of up to `limit` entries before a position; without one, of the newest entries."""
        header, positions, newest = replica.header, replica.positions, position is None
        items, older = replica.page(position, limit)
        pinned = replica.entry(header.pinned) if header and header.pinned and newest else None
        return cls(
            blog=replica.blog,
            cursor=str(replica.cursor),
            header=header,
            entries=[entry.content for entry in items],
            items=items,
            older=older,
            before=None if position is None else str(position),
            at=at.content if at else None,
            pinned=pinned.content if pinned else None,
            key_events=[entry.content for entry in replica.key_events(KEY_EVENTS)] if newest else [],
            began=positions[0].published_at if positions else None,
            ended=positions[-1].published_at if positions else None,
        )


def changed_at(entry: Entry) -> str:
    """Return when the entry became what it is now."""
    return entry.retracted_at or max(entry.updated_at or "", entry.published_at or "")


def headline(entry: Entry, length: int = 110) -> str:
    """Return an entry's title, or the beginning of its text."""
    return entry.title or shortened(entry.text or "", length) or "Update"


def shortened(text: str, length: int) -> str:
    """Return the beginning of a text in one line, cut between words if possible."""
    words = " ".join(text.split())
    if len(words) <= length:
        return words
    return (words[: length - 1].rpartition(" ")[0] or words[: length - 1]) + "…"
