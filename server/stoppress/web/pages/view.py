"""What a page of a blog shows, as of one cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from stoppress.live.items import PublicItem
from stoppress.live.replica import Replica
from stoppress.model import Entry, Header

KEY_EVENTS = 10
"""Entries in a page's summary."""


class View(NamedTuple):
    """One page: the newest entries, those before a place, or those from one entry on."""

    blog: str
    cursor: str
    header: Header | None
    entries: list[Entry]
    """Newest first."""
    items: Sequence[PublicItem] = ()
    """The same as the replica has them."""
    newest: bool = True
    older: str | None = None
    """The address of the entries before these."""
    before: str | None = None
    """The place that the page's address names."""
    at: Entry | None = None
    """The entry that the page's address names."""
    pinned: Entry | None = None
    key_events: Sequence[Entry] = ()
    began: str | None = None
    """When the oldest entry of the blog was published."""
    ended: str | None = None
    """When the newest one was."""

    @classmethod
    def of(
        cls,
        replica: Replica,
        entries: list[PublicItem],
        older: str | None,
        *,
        newest: bool,
        before: str | None = None,
        at: PublicItem | None = None,
    ) -> View:
        header, positions = replica.header, replica.positions
        pinned = replica.entry(header.pinned) if header and header.pinned and newest else None
        return cls(
            blog=replica.blog,
            cursor=str(replica.cursor),
            header=header,
            entries=[_content(entry) for entry in entries],
            items=entries,
            newest=newest,
            older=older,
            before=before,
            at=_content(at) if at else None,
            pinned=_content(pinned) if pinned else None,
            key_events=[_content(entry) for entry in replica.key_events(KEY_EVENTS)] if newest else [],
            began=positions[0].published_at if positions else None,
            ended=positions[-1].published_at if positions else None,
        )

    def values(self) -> dict[str, object]:
        """What the page's template is given."""
        return {
            "blog": self.blog,
            "header": self.header,
            "language": self.header.language if self.header else None,
            "entries": self.entries,
            "cursor": self.cursor,
            "newest": self.newest,
            "end": self.before or self._just_after(),
            "at": self.at and self.at.id,
        }

    def _just_after(self) -> str:
        """The place where a page ends that begins with an entry: newer ones are on other pages."""
        first = self.entries[0] if self.entries else None
        return f"{first.published_at}_{first.id}~" if first else ""


class Pointer(NamedTuple):
    """What is said of an entry where a link to it is."""

    id: str
    title: str | None
    text: str | None
    published_at: str | None


class Row(NamedTuple):
    """A blog in the list of blogs."""

    header: Header
    updates: int
    """How many entries it has."""
    updated_at: str | None
    """When the newest of them was published."""


def _content(item: PublicItem) -> Entry:
    content = item.content
    assert isinstance(content, Entry)
    return content


def pointer_to(entry: Entry) -> Pointer:
    return Pointer(entry.id, entry.title, entry.text, entry.published_at)


def changed_at(entry: Entry) -> str:
    """When readers got the entry as it is."""
    return entry.retracted_at or max(entry.updated_at or "", entry.published_at or "")


def headline(entry: Entry, length: int = 110) -> str:
    """The title of an entry, or the beginning of its text."""
    return entry.title or shortened(entry.text or "", length) or "Update"


def shortened(text: str, length: int) -> str:
    """The beginning of a text in one line, cut between words if it can be."""
    words = " ".join(text.split())
    if len(words) <= length:
        return words
    return (words[: length - 1].rpartition(" ")[0] or words[: length - 1]) + "…"
