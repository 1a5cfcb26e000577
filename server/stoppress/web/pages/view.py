"""The content of a page of a blog, as of one cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from stoppress.live.items import PublicItem
from stoppress.live.replica import Replica
from stoppress.model import Entry, Header

KEY_EVENTS = 10
"""The number of key events in a page's summary."""


class View(NamedTuple):
    """One page: the newest entries, those before a position, or those from one entry on."""

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
    """The position in the page's address."""
    at: Entry | None = None
    """The entry in the page's address."""
    pinned: Entry | None = None
    key_events: Sequence[Entry] = ()
    began: str | None = None
    """When the oldest entry of the blog was published."""
    ended: str | None = None
    """When the newest entry was published."""

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
        """Return the values for the page's template."""
        return {
            "blog": self.blog,
            "header": self.header,
            "language": self.header.language if self.header else None,
            "entries": self.entries,
            "cursor": self.cursor,
            "newest": self.newest,
            "end": self.before or self._just_after(),
            "ended": self.ended,
            "at": self.at and self.at.id,
        }

    def _just_after(self) -> str:
        """Return the position just after the first entry: newer entries are on other pages."""
        first = self.entries[0] if self.entries else None
        return f"{first.published_at}_{first.id}~" if first else ""


class _Pointer(NamedTuple):
    """What a link to an entry shows of it."""

    id: str
    title: str | None
    text: str | None
    published_at: str | None


class Row(NamedTuple):
    """A blog in the list of blogs."""

    header: Header
    updates: int
    """The number of its entries."""
    updated_at: str | None
    """When the newest entry was published."""


def _content(item: PublicItem) -> Entry:
    content = item.content
    assert isinstance(content, Entry)
    return content


def pointer_to(entry: Entry) -> _Pointer:
    return _Pointer(entry.id, entry.title, entry.text, entry.published_at)


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
