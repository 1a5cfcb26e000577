"""Use cases for the past: read the audit, and the earlier versions of an entry."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Struct

from stoppress.access.identity import EVERY_BLOG, Identity
from stoppress.access.roles import require
from stoppress.errors import Forbidden
from stoppress.model import Item, StoredEntry, timestamp
from stoppress.newsroom.entries import Entries, is_own_draft
from stoppress.store.past.port import Act, Actor, Version
from stoppress.store.port import Store

_MAX_PAGE_BYTES = 1_000_000
"""Maximum size of the bodies on one page of versions: more would hold up the event loop."""


class EntryVersion(Struct, omit_defaults=True):
    """One version of an entry, as editors get it."""

    version: int
    entry: StoredEntry
    """The entry as it was."""
    at: str | None = None
    """When it was written; None for versions from before the server kept this."""
    who: Actor | None = None
    """Who wrote it; None if that is not known."""


class PastReader:
    """The use cases for the past. All methods raise `Forbidden` if the sender may not read it.

    Args:
        store: keeps the past.
        entries: read the entries of which there are versions.
    """

    def __init__(self, store: Store, entries: Entries) -> None:
        self._store = store
        self._entries = entries

    async def acts(
        self, who: Identity, blog: str | None, *, after: str | None, before: str | None, limit: int
    ) -> list[Act]:
        """Return acts of a blog, or with None those that belong to no blog; see `Past.acts`."""
        require(who, "read_audit", blog)
        if blog is None and who.blogs != EVERY_BLOG:
            raise Forbidden(f"{who} may read only the audit of its blogs. Name one as `blog`.")
        return await self._store.past.acts(blog, after=after, before=before, limit=limit)

    async def versions(
        self, who: Identity, blog: str, entry_id: str, *, before: int | None, limit: int
    ) -> tuple[list[EntryVersion], bool]:
        """Return versions of an entry, the newest first, all lower than `before`, and whether there are more.

        The newest one is the entry as it is now. There are at most `limit`, and fewer if they are large.

        Raises:
            BlogNotFound, EntryNotFound
        """
        current, number = await self._entries.get(blog, entry_id)
        if not is_own_draft(current, who):
            require(who, "read_versions", blog)
        found = await self._store.past.versions(blog, entry_id, before=before, limit=limit + 1)
        if (before is None or number < before) and all(one.version != number for one in found):
            found = [Version(number, 0.0, None, None), *found]
        if current.status == "retracted":  # then the store may have got an older copy of the versions back
            found = [one for one in found if one.version == number]
        page = _within_limits(found[:limit])
        shown = (_shown(entry_id, one, current if one.version == number else None) for one in page)
        return [one for one in shown if one is not None], len(page) < len(found)


def _within_limits(versions: list[Version]) -> list[Version]:
    """Return the first versions, up to `_MAX_PAGE_BYTES`, but at least one."""
    size = 0
    for count, version in enumerate(versions):
        size += len(version.body or b"")
        if size > _MAX_PAGE_BYTES and count:
            return versions[:count]
    return versions


def _shown(entry_id: str, version: Version, current: StoredEntry | None) -> EntryVersion | None:
    """Return a version with its content; None if the store has lost that."""
    if current is None and version.body is None:
        return None
    entry = current or StoredEntry.of(Item(entry_id, 0, version.version, version.body or b""))
    at = timestamp(datetime.fromtimestamp(version.at, UTC)) if version.at else None
    return EntryVersion(version.version, entry, at, version.who)
