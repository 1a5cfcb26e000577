"""The drafts and scheduled entries of one blog, and the order in which they changed here.

Readers never see them, so no replica has them. A node keeps them only while a desk of the blog is open.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from stoppress.errors import BlogDamaged
from stoppress.live.items import PublicItem
from stoppress.model import HEADER, Item, StoredEntry, timestamp

_MAX_REMOVED = 500
"""Maximum number of removed drafts that are remembered. A desk that is further behind gets everything anew."""


class Draft:
    """One draft or scheduled entry. Raises `BlogDamaged` if the item cannot be read."""

    __slots__ = ("as_published", "entry", "item", "number")

    def __init__(self, item: Item, number: int) -> None:
        self.item = item
        self.number = number
        """The number of its last change here."""
        self.entry = StoredEntry.of(item)
        self.as_published = PublicItem(item._replace(body=msgspec.json.encode(as_published(self.entry))))
        """What readers would get of it if it were published now."""


class Removed(NamedTuple):
    """What stays of a removed draft."""

    id: str
    version: int
    created_by: str | None
    number: int


def as_published(entry: StoredEntry) -> StoredEntry:
    """Return an entry as it would be if it were published now."""
    at = entry.published_at or entry.publish_at or timestamp()
    return msgspec.structs.replace(entry, status="published", published_at=at, updated_at=at)


class DeskDrafts:
    """See the module's docstring. `number` counts the changes; a desk that has seen the number lacks nothing."""

    def __init__(self) -> None:
        self.number = 0
        self._drafts: dict[str, Draft] = {}  # ascending by number
        self._removed: OrderedDict[str, Removed] = OrderedDict()
        self._forgotten = 0

    def __iter__(self) -> Iterator[Draft]:
        return iter(tuple(self._drafts.values()))

    def since(self, number: int) -> tuple[list[Draft], list[Removed]] | None:
        """Return the drafts that changed after a number, and those that were removed; None if that is not known."""
        if number < self._forgotten:
            return None
        changed = [draft for draft in self._drafts.values() if draft.number > number]
        return changed, [one for one in self._removed.values() if one.number > number]

    def take(self, items: Iterable[Item]) -> bool:
        """Take the items of a committed change, in any order of commits. Return whether something is different now."""
        before = self.number
        for item in items:
            if item.id != HEADER and item.version > self._version(item.id):
                self._take(item)
        return self.number > before

    def compare(self, stored: Iterable[Item], since: int) -> bool:
        """Become what the store has, except what has changed here after a number. Return whether that was different.

        Args:
            stored: all drafts that the store has.
            since: the number at which the store was asked.
        """
        before, found = self.number, {item.id: item for item in stored}
        for draft in tuple(self._drafts.values()):
            if draft.number <= since and draft.item.id not in found:
                self._remove(draft.item.id, draft.item.version)
        for item in found.values():
            known = self._drafts.get(item.id) or self._removed.get(item.id)
            if known is None or (known.number <= since and self._version(item.id) != item.version):
                self._take(item)
        return self.number > before

    def _version(self, draft_id: str) -> int:
        draft, removed = self._drafts.get(draft_id), self._removed.get(draft_id)
        return draft.item.version if draft else removed.version if removed else 0

    def _take(self, item: Item) -> None:
        if item.seq or not item.body:
            self._remove(item.id, item.version)
            return
        try:
            draft = Draft(item, self.number + 1)
        except BlogDamaged:  # another version of this program may write what this one cannot read
            self._remove(item.id, item.version)
            return
        self.number += 1
        self._drafts.pop(item.id, None)
        self._removed.pop(item.id, None)
        self._drafts[item.id] = draft

    def _remove(self, draft_id: str, version: int) -> None:
        """Forget a draft: it was removed, or published, which the replica shows. Older changes of it may still come."""
        draft = self._drafts.pop(draft_id, None)
        self.number += 1
        created_by = draft.entry.created_by if draft else None
        self._removed[draft_id] = Removed(draft_id, version, created_by, self.number)
        self._removed.move_to_end(draft_id)
        while len(self._removed) > _MAX_REMOVED:
            self._forgotten = self._removed.popitem(last=False)[1].number
