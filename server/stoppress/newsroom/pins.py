"""Pinning: the header names the pinned entry, and the entry says it of itself. Both change in one commit."""

from __future__ import annotations

import msgspec

from stoppress.errors import BadInput
from stoppress.model import HEADER
from stoppress.newsroom.commits import read_entry, read_header
from stoppress.store.port import Store, Write


async def flag_writes(store: Store, blog: str, entry_id: str | None, *, pinned: bool) -> list[Write]:
    """What makes an entry say that it is pinned, or not any more.

    Raises:
        BadInput: an entry that is not published was to be pinned.
    """
    item = await store.item(blog, entry_id) if entry_id not in (None, HEADER) else None
    entry = read_entry(item) if item else None
    if item is None or entry is None or entry.status != "published":
        if pinned:
            raise BadInput("`pinned` names no published entry of this blog", "pinned")
        return []
    entry.pinned = pinned
    return [Write(item.id, item.version, msgspec.json.encode(entry))]


async def header_writes(store: Store, blog: str, entry_id: str, *, pinned: bool) -> list[Write]:
    """What has to change beside an entry that is being pinned, unpinned or taken down."""
    item = await store.item(blog, HEADER)
    if item is None:
        return []  # the blog was deleted meanwhile; the commit will say so
    header = read_header(item)
    if pinned == (header.pinned == entry_id):
        return []
    others = await flag_writes(store, blog, header.pinned, pinned=False) if pinned else []
    header.pinned = entry_id if pinned else None
    return [*others, Write(HEADER, item.version, msgspec.json.encode(header))]
