"""Pinning. The header names the pinned entry and the entry is flagged as pinned; both change in one commit."""

from __future__ import annotations

import msgspec

from stoppress.errors import BadInput
from stoppress.model import HEADER, StoredEntry, StoredHeader
from stoppress.store.port import Store, Write


class Pins:
    """Finds the writes that a change of the pinned entry needs."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def flag_writes(self, blog: str, entry_id: str | None, *, pinned: bool) -> list[Write]:
        """Return the writes that set or clear the `pinned` flag of an entry: one, or none to clear an unset flag.

        Raises:
            BadInput: `pinned` is true and `entry_id` is not a published entry of the blog.
        """
        item = await self._store.item(blog, entry_id) if entry_id not in (None, HEADER) else None
        entry = StoredEntry.of(item) if item else None
        if item is None or entry is None or entry.status != "published":
            if pinned:
                raise BadInput(
                    f"`pinned` must be the id of a published entry of this blog; got {entry_id!r}.", "pinned"
                )
            return []
        entry.pinned = pinned
        return [Write(item.id, item.version, msgspec.json.encode(entry), due=entry.due)]

    async def header_writes(self, blog: str, entry_id: str, *, pinned: bool) -> list[Write]:
        """Return the writes to other items when an entry is pinned, unpinned or retracted."""
        item = await self._store.item(blog, HEADER)
        if item is None:
            return []  # the blog has just been deleted; the commit will fail
        header = StoredHeader.of(item)
        if pinned == (header.pinned == entry_id):
            return []
        others = await self.flag_writes(blog, header.pinned, pinned=False) if pinned else []
        header.pinned = entry_id if pinned else None
        return [*others, Write(HEADER, item.version, msgspec.json.encode(header))]
