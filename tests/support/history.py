"""A blog's history as plain data. Tests compare replicas and readers with it."""

from __future__ import annotations

from itertools import count

import msgspec

from stoppress.model import HEADER, START, Cursor, Entry, Header, Item, Segment

State = dict[str, tuple[int, int]]
"""The seq and version by item id."""


class History:
    """Commits items, remembers the state at every cursor, and can be rolled back."""

    def __init__(self) -> None:
        self.changes: list[tuple[Item, str]] = []
        self.states: dict[Cursor, State] = {START: {}}
        self.published_at: dict[str, str] = {}
        self._tags = count()  # unique, also over a rollback, and the same in every run

    @property
    def cursor(self) -> Cursor:
        return Cursor(len(self.changes), self.changes[-1][1]) if self.changes else START

    def version(self, item_id: str) -> int:
        return self.states[self.cursor].get(item_id, (0, 0))[1]

    def commit(self, *contents: Entry | Header) -> Segment:
        """Write items, one change for each, and assign their seqs and versions."""
        after, items, tags = self.cursor, [], []
        for content in contents:
            item_id = content.id if isinstance(content, Entry) else HEADER
            if isinstance(content, Entry):
                self.published_at.setdefault(item_id, content.published_at or "")
            state = self.states[self.cursor]
            item = Item(item_id, len(self.changes) + 1, self.version(item_id) + 1, msgspec.json.encode(content))
            self.changes.append((item, f"t{next(self._tags)}"))
            self.states[self.cursor] = {**state, item_id: (item.seq, item.version)}
            items.append(item)
            tags.append(self.changes[-1][1])
        newest = {item.id: item for item in items}
        return Segment(after, tuple(tags), tuple(sorted(newest.values(), key=lambda item: item.seq)))

    def read(self, after: Cursor = START) -> Segment:
        """Return a segment like `Store.read`."""
        if after != START and (after.seq > len(self.changes) or self.changes[after.seq - 1][1] != after.tag):
            after = START
        later = self.changes[after.seq :]
        newest = {item.id: item for item, _ in later}
        items = tuple(sorted(newest.values(), key=lambda item: item.seq))
        return Segment(after, tuple(tag for _, tag in later), items)

    def roll_back(self, seq: int) -> None:
        """Forget all changes after a seq, like a store that lost the end of its log."""
        del self.changes[seq:]


def entry(number: int, published_at: str | None = None, text: str = "text") -> Entry:
    """Return a published entry with an id that sorts by its number."""
    at = published_at or f"2026-01-01T00:00:{number % 60:02d}.000Z"
    return Entry(id=f"00000000-0000-7000-8000-{number:012d}", version=1, status="published", text=text, published_at=at)


def header(headline: str = "headline") -> Header:
    return Header(blog="demo", headline=headline, status="live")
