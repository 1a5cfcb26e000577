"""A blog's whole state in memory, and the items that a reader at any cursor needs to reach its head.

The state is the store's history up to `cursor`. Only two methods change it: `apply` takes the next committed change,
`absorb` takes a segment that was read from the store. All others are questions.
"""

from __future__ import annotations

import enum
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, takewhile
from typing import NamedTuple

from stoppress.errors import EntryNotFound
from stoppress.live.deliveries import DeliveredEntry
from stoppress.live.items import EntryPosition, PublicItem
from stoppress.model import HEADER, START, Cursor, Header, Segment

_PAGE_BYTES = 384 * 1024
"""About the most that a page of entries carries. It has as many as were asked for, or as many as fit."""


_MAX_RETRACTED = 500
"""The most retracted entries on a page."""


class Fit(enum.Enum):
    """The ways in which a change can relate to a replica."""

    NEWS = "it continued from the replica's cursor and was applied"
    KNOWN = "the replica already had it"
    GAP = "changes before it are missing: read them from the store"


class Part(NamedTuple):
    """The items that lead a reader from one cursor to a later one."""

    since: Cursor | None
    """The cursor that the reader must have; None: a reset, which replaces all that the reader has."""
    cursor: Cursor
    header: PublicItem | None
    entries: list[PublicItem]
    more: bool
    older: str | None


class Replica:
    """The replica of one blog.

    Args:
        blog: its name.
        newest: the number of entries in a reset; the others are on older pages.
    """

    def __init__(self, blog: str, newest: int = 50) -> None:
        self.blog = blog
        self._newest = newest
        self._forget()

    def _forget(self) -> None:
        self.cursor = START
        self._tags: list[str] = []
        self._items: dict[str, PublicItem] = {}  # ascending by seq: a changed item is taken out and put at the end
        self._order: list[EntryPosition] = []  # every entry's position, oldest first
        self._key_order: list[EntryPosition] = []  # the same of key events
        self.key_events_seq = 0
        """The seq since which the key events are what they are now."""
        self.opens_at = 0.0
        """The Unix time in seconds from which everybody may read the blog: 0 for a public blog, infinity for never."""

    # Changes

    def apply(self, change: Segment) -> Fit:
        """Take a committed change, from any source and any number of times.

        Raises:
            BlogDamaged: an item cannot be read. The replica stays as it was.
        """
        if change.after == self.cursor and change.tags:
            self._extend(change)
            return Fit.NEWS
        return Fit.KNOWN if self.knows(change.cursor) else Fit.GAP

    def absorb(self, segment: Segment) -> None:
        """Become what the store has: go on from `cursor`, or start anew if the segment is the whole blog.

        Raises:
            BlogDamaged: an item cannot be read. The replica stays as it was.
        """
        items = _public(segment)
        if segment.after != self.cursor:
            if segment.after != START:
                raise ValueError(f"a segment after {segment.after} does not fit on {self.cursor}")
            self._forget()
        self._add(segment, items)
        # An entry may have been a key event in between, and a reader may have seen it: on another node
        self.key_events_seq = self.cursor.seq

    def _extend(self, segment: Segment) -> None:
        self._add(segment, _public(segment))

    def _add(self, segment: Segment, items: Iterable[PublicItem]) -> None:
        self._tags.extend(segment.tags)
        for item in items:
            self._put(item)
        self.cursor = segment.cursor

    def _put(self, item: PublicItem) -> None:
        before = self._items.pop(item.id, None)
        self._items[item.id] = item
        if item.is_key or (before is not None and before.is_key):
            self.key_events_seq = item.seq
        if item.id == HEADER:
            if item.summary != (before.summary if before is not None else ()):
                self.key_events_seq = item.seq
            self.opens_at = item.opens_at
            return
        for order, had, has in (
            (self._order, before is not None, True),
            (self._key_order, before is not None and before.is_key, item.is_key),
        ):
            if before is not None and had:
                del order[bisect_left(order, before.position)]
            if has:
                insort(order, item.position)

    # Questions

    def knows(self, cursor: Cursor) -> bool:
        """Return whether the cursor is in this history."""
        if cursor.seq == 0:
            return cursor == START
        return 0 < cursor.seq <= len(self._tags) and self._tags[cursor.seq - 1] == cursor.tag

    def cursor_at(self, seq: int) -> Cursor:
        """Return the cursor of a change of this history; `seq` is from 1 to the head's."""
        return Cursor(seq, self._tags[seq - 1])

    def common_seq(self, tags: tuple[str, ...]) -> int:
        """Return the seq of the last change that this history shares with another one, which is given by its tags."""
        return next((n for n, (own, other) in enumerate(zip(self._tags, tags)) if own != other), len(tags))  # noqa: B905

    def is_retracted(self, item_id: str) -> bool:
        item = self._items.get(item_id)
        return item is not None and item.is_retracted

    @property
    def epoch(self) -> str:
        """The first tag. It tells this history from any other that a blog of this name had."""
        return self._tags[0] if self._tags else ""

    @property
    def header(self) -> Header | None:
        item = self._items.get(HEADER)
        return item.content if item is not None else None

    def entry(self, entry_id: str) -> PublicItem | None:
        return self._items.get(entry_id) if entry_id != HEADER else None

    def existing_entry(self, entry_id: str) -> PublicItem:
        entry = self.entry(entry_id)
        if entry is None:
            raise EntryNotFound(self.blog, entry_id)
        return entry

    @property
    def positions(self) -> Sequence[EntryPosition]:
        """The positions of all entries, oldest first."""
        return self._order

    def changed_before(self, seq: int | None, limit: int) -> tuple[list[PublicItem], bool]:
        """Return entries with a lower seq, newest change first, and whether there are more. See `page` for `limit`."""
        return _first((item for item in self._newest_changes() if seq is None or item.seq < seq), limit)

    def _newest_changes(self) -> Iterator[PublicItem]:
        return (item for item in reversed(self._items.values()) if item.id != HEADER)

    def change_at(self, seq: int | None) -> int | None:
        """Return the first entry's seq from a seq on, which has the same changes before it; None: all are before it."""
        newer = takewhile(lambda item: seq is not None and item.seq >= seq, self._newest_changes())
        return min((item.seq for item in newer), default=None)

    def segment_after(self, cursor: Cursor) -> Segment:
        """Return the history after a known cursor, as a store would give it."""
        items = tuple(item.stored for item in self._newer_than(cursor))
        return Segment(cursor, tuple(self._tags[cursor.seq :]), items)

    def sync(self, since: Cursor | None, limit: int) -> Part:
        """Return the next part of the way from `since` to the head, about `limit` bytes of items at most.

        The answer to None, or to a cursor of another history, is a reset, always in one part. A part has at least one
        item if any item differs, so a reader that asks part by part reaches the head.
        """
        if since is None or not self.knows(since):
            return self._reset()
        items, size = [], 0
        for item in self._newer_than(since):
            items.append(item)
            size += len(item.stored.body)
        taken = _fitting(items, limit) if size > limit else items
        more = len(taken) < len(items)
        cursor = self.cursor_at(taken[-1].seq) if more else self.cursor
        header = next((item for item in taken if item.id == HEADER), None)
        return Part(since, cursor, header, [item for item in taken if item.id != HEADER], more, None)

    def versions_after(self, cursor: Cursor) -> list[DeliveredEntry]:
        """Return the entries that have changed after a known cursor, ascending by seq; none for an unknown one."""
        items = self._newer_than(cursor) if self.knows(cursor) else []
        return [DeliveredEntry(item.id, item.stored.version) for item in items if item.id != HEADER]

    def entries_for(self, since: Cursor | None) -> list[PublicItem]:
        """Return all entries that a reader at a cursor needs to reach the head, in one part or in several."""
        if since is None or not self.knows(since):
            return self._reset().entries
        return [item for item in self._newer_than(since) if item.id != HEADER]

    def _newer_than(self, since: Cursor) -> list[PublicItem]:
        newer = []
        for item in reversed(self._items.values()):
            if item.seq <= since.seq:
                break
            newer.append(item)
        newer.reverse()
        return newer

    def _reset(self) -> Part:
        entries, older = self.page(None, self._newest)
        entries.sort(key=lambda item: item.seq)
        return Part(None, self.cursor, self._items.get(HEADER), entries, False, older)

    def page(
        self, before: EntryPosition | None, limit: int, /, *, key: bool = False
    ) -> tuple[list[PublicItem], str | None]:
        """Return the entries before a position, newest first, and the address of those before them, if there are any.

        Args:
            limit: does not count retracted entries, so that a run of these leaves room for others.
            key: leave out entries that are not key events.
        """
        order = self._key_order if key else self._order
        end = len(order) if before is None else bisect_left(order, before)
        entries, more = _first((self._items[order[n].id] for n in range(end - 1, -1, -1)), limit)
        last = entries[-1].position if entries else before
        return entries, last.older_address(self.blog) if more and last else None

    def page_after(
        self, after: EntryPosition | None, limit: int, /, *, key: bool = False
    ) -> tuple[list[PublicItem], str | None]:
        """Return the entries after a position, newest first, and the address of those after them, if there are any."""
        order = self._key_order if key else self._order
        begin = 0 if after is None else bisect_right(order, after)
        entries, more = _first((self._items[order[n].id] for n in range(begin, len(order))), limit)
        last = entries[-1].position if entries else after
        return entries[::-1], last.newer_address(self.blog) if more and last else None

    def entry_at(self, position: EntryPosition | None) -> EntryPosition | None:
        """Return the first entry from a position on, which has the same entries before it; None: all are before it."""
        begin = len(self._order) if position is None else bisect_left(self._order, position)
        return self._order[begin] if begin < len(self._order) else None

    def entry_up_to(self, position: EntryPosition | None) -> EntryPosition | None:
        """Return the last entry up to a position, which has the same entries after it; None: all are after it."""
        end = 0 if position is None else bisect_right(self._order, position)
        return self._order[end - 1] if end else None

    def key_events(self, limit: int) -> list[PublicItem]:
        """Return key events: those that the header names, in its order, then the newest others, newest first.

        Of the others, there are as many as make up `limit`.
        """
        header = self._items.get(HEADER)
        known = (self._items.get(entry_id) for entry_id in (header.summary if header is not None else ()))
        named = {item.id: item for item in known if item is not None and item.is_key}
        others = (self._items[entry_id] for _, entry_id in reversed(self._key_order) if entry_id not in named)
        return [*named.values(), *islice(others, max(0, limit - len(named)))]


def _public(segment: Segment) -> list[PublicItem]:
    """Return the items of a segment that readers may see."""
    return [PublicItem(item) for item in segment.items if item.seq]


def _first(items: Iterable[PublicItem], limit: int) -> tuple[list[PublicItem], bool]:
    """Return the first `limit` items and the retracted ones among them, or what fits, and whether there are more."""
    taken: list[PublicItem] = []
    retracted = size = 0
    for item in items:
        size += len(item.stored.body)
        if len(taken) - retracted == limit or retracted == _MAX_RETRACTED or (taken and size > _PAGE_BYTES):
            return taken, True
        taken.append(item)
        retracted += item.is_retracted
    return taken, False


def _fitting(items: Iterable[PublicItem], limit: int) -> list[PublicItem]:
    taken: list[PublicItem] = []
    for item in items:
        limit -= len(item.stored.body)
        if taken and limit < 0:
            break
        taken.append(item)
    return taken
