"""Brings a replica to the store's head, and gives back to the store what the store has lost.

A store loses changes when it is rolled back: a power cut, a failover, a restored backup. The replica then has changes
that the store does not have. If nobody has written since, the replica's changes go back as they were. Otherwise the
two histories differ after their last common change, and lost items are written anew on top of what the store has.

A store may also lose a part of a blog, such as one key of several. It then serves nothing of the blog until a replica
has put that part back.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from stoppress.errors import BlogDamaged, BlogMissing, BlogNotFound, StoreUnavailable, VersionConflict, WrongKeyType
from stoppress.live.hub import Hub
from stoppress.live.items import PublicItem
from stoppress.live.replica import Replica
from stoppress.model import START, Cursor, Item, Segment, StoredEntry, due_of, timestamp
from stoppress.store.port import Store, Write
from stoppress.telemetry.bursts import Burst
from stoppress.telemetry.counts import Counts

_MAX_ATTEMPTS = 7
"""Maximum number of times that one repair reads the store. The pauses between them add up to about three seconds."""

_FIRST_PAUSE_SECONDS = 0.05
"""Pause before the third attempt; it doubles with each one after that. The second one follows at once."""

log = logging.getLogger("stoppress.repair")


@dataclass
class _Progress:
    """The progress of one repair."""

    refused: set[Cursor]
    """The heads on which the store did not restore the replica's changes."""
    has_given_back: bool = False
    """Whether the store got something back since the removed drafts were looked up."""


class Repair:
    """See the module's docstring."""

    def __init__(self, store: Store, counts: Counts) -> None:
        self._store = store
        self._counts = counts
        self._put_back_log = Burst(log, "lost_changes_put_back")
        self._written_anew_log = Burst(log, "lost_items_written_anew")
        self._repaired_log = Burst(log, "damaged_blogs_repaired")

    def flush(self) -> None:
        """Log what has not been logged yet."""
        for burst in (self._put_back_log, self._written_anew_log, self._repaired_log):
            burst.flush()

    async def bring_to_head(self, hub: Hub, *, thorough: bool = False) -> None:
        """Read what the hub's replica lacks, and put back what the store lacks.

        Args:
            hub: the hub of the blog.
            thorough: also compare what both have, because another node could not read it.

        Raises:
            BlogNotFound: an editor has deleted the blog, or it never existed.
            BlogDamaged: a part of the blog is lost, and this node cannot put it back.
            StoreUnavailable
        """
        progress = _Progress(set())
        for attempt in range(_MAX_ATTEMPTS):
            if attempt > 1:  # nodes that repair the same blog must not meet again and again
                await asyncio.sleep(random.uniform(0.5, 1) * _FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))  # noqa: S311
            try:
                if await self._attempt(hub, progress) and (not thorough or await self._is_same(hub.replica)):
                    return
            except WrongKeyType:
                raise
            except BlogDamaged as error:
                await self._rebuild(hub.replica, error, attempt)
                progress.has_given_back = True
        raise StoreUnavailable(f"Blog {hub.replica.blog!r} changes too fast to be repaired. Try again shortly.")

    async def _attempt(self, hub: Hub, progress: _Progress) -> bool:
        """Return whether the hub is at the head; if not, the store has to be read again."""
        replica = hub.replica
        cursor = replica.cursor
        segment = await self._read(replica, cursor)
        if replica.cursor != cursor:
            return False  # it moved while the store was read: the segment may be old
        if segment.after != cursor and await self._give_back(replica, segment, progress.refused):
            progress.has_given_back = True
            return False
        if segment.after != cursor or segment.tags:
            hub.absorb(segment)
        if progress.has_given_back:
            progress.has_given_back = False
            return not await self._retract_removed(replica)
        return True

    async def _is_same(self, replica: Replica) -> bool:
        """Return False if the replica moves meanwhile. Raises `BlogDamaged` if the store has something else."""
        stored = await self._store.read(replica.blog)
        if stored.cursor != replica.cursor:
            return False
        if stored != replica.segment_after(START):
            raise BlogDamaged(f"Blog {replica.blog!r}", "it differs from what this node has")
        return True

    async def _read(self, replica: Replica, after: Cursor) -> Segment:
        """Return the store's history after a cursor of the replica; an empty one if the store has lost the blog."""
        try:
            return await self._store.read(replica.blog, after)
        except (BlogNotFound, BlogMissing):
            if after == START:
                raise
            await self._require_not_deleted(replica)
            return Segment(START, (), ())

    async def _require_not_deleted(self, replica: Replica) -> None:
        if await self._store.was_deleted(replica.blog, replica.epoch):
            raise BlogNotFound(replica.blog)

    # A rollback

    async def _give_back(self, replica: Replica, kept: Segment, refused: set[Cursor]) -> bool:
        """Write to the store what it has lost. Return whether the store has to be read again."""
        if replica.knows(kept.cursor) and kept.cursor not in refused:
            if not await self._put_back(replica, kept):
                refused.add(kept.cursor)  # another node was first, or a draft has been edited: the next read tells
            return True
        if await self._store.was_deleted(replica.blog, replica.epoch):
            if kept.cursor == START:
                raise BlogNotFound(replica.blog)
            return False
        writes = _lost_writes(replica, kept, await self._drafts(replica.blog))
        if not writes:
            return False
        self._counts.put_back += len(writes)
        self._written_anew_log.add(replica.blog, len(writes))
        await self._commit(replica.blog, writes)
        return True

    async def _put_back(self, replica: Replica, kept: Segment) -> bool:
        """Put back the replica's changes after those that the store has kept, with their seqs and tags.

        Return False if the store has changed since, be it only in a draft.
        """
        lost = replica.segment_after(kept.cursor)
        restored = await self._store.restore(replica.blog, kept.cursor, lost, _retracted(replica, lost), _dues(lost))
        if restored:
            self._counts.put_back += len(lost.tags)
            self._put_back_log.add(replica.blog, len(lost.tags))
        return restored

    async def _retract_removed(self, replica: Replica) -> bool:
        """Retract what an editor removed as a draft when the store had lost its publication. Return whether it wrote.

        Raises:
            StoreUnavailable
        """
        removed = set(await self._store.removed(replica.blog))
        writes = [
            Write(item.id, item.version, msgspec.json.encode(StoredEntry.of(item).tombstone(timestamp())), erase=True)
            for item in replica.segment_after(START).items
            if item.id in removed and not replica.is_retracted(item.id)
        ]
        if writes:
            log.info("removed_entries_retracted", extra={"blog": replica.blog, "count": len(writes)})
            await self._commit(replica.blog, writes)
        return bool(writes)

    async def _commit(self, blog: str, writes: list[Write]) -> None:
        try:
            await self._store.commit(blog, writes)
        except VersionConflict as error:
            log.info("another_node_was_first", extra={"blog": blog, "error": str(error)})

    async def _drafts(self, blog: str) -> list[Item]:
        try:
            return await self._store.drafts(blog)
        except (BlogNotFound, BlogMissing):
            return []

    # A lost part

    async def _rebuild(self, replica: Replica, error: BlogDamaged, attempt: int) -> None:
        """Rebuild a damaged blog, or raise the error if that is impossible."""
        if replica.cursor == START:
            await self._wait_for_others(replica.blog, error, attempt)
            return
        await self._require_not_deleted(replica)
        whole = replica.segment_after(START)
        if not await self._store.rebuild(replica.blog, whole, _retracted(replica, whole), _dues(whole)):
            raise error
        self._counts.put_back += len(whole.items)
        self._repaired_log.add(replica.blog, detail=str(error))

    async def _wait_for_others(self, blog: str, error: BlogDamaged, attempt: int) -> None:
        """Let the nodes that have the blog rebuild it. In the end, go without the tags that nobody has."""
        if attempt == 0:
            await self._store.ask_for(blog)
        elif attempt == _MAX_ATTEMPTS - 2 and await self._store.renew(blog):
            self._repaired_log.add(blog, detail=str(error))
        elif attempt >= _MAX_ATTEMPTS - 2:
            raise error


def _retracted(replica: Replica, segment: Segment) -> list[str]:
    return [item.id for item in segment.items if replica.is_retracted(item.id)]


def _dues(segment: Segment) -> dict[str, float]:
    """Return when the items of a segment expire, of those that do."""
    dues = ((item.id, due_of(item)) for item in segment.items)
    return {item_id: due for item_id, due in dues if due is not None}


def _lost_writes(replica: Replica, kept: Segment, drafts: Iterable[Item]) -> list[Write]:
    """Return what a store has lost, as writes on top of what has been written to it since.

    Up to their last common change both histories are the same. What was written to the store after that is newer than
    what the store lost, and stays. But a retraction is never undone, and a published entry does not become a draft
    again. Versions go on, so that no version of the lost history comes a second time with another content.
    """
    common = replica.common_seq(kept.tags)
    stored = {item.id: item for item in (*drafts, *kept.items)}
    writes = []
    for item in replica.segment_after(START).items:
        other = stored.get(item.id)
        retracted = replica.is_retracted(item.id)
        lost = item.seq > common and (other is None or other.seq <= common)
        if lost or (retracted and other is not None and not PublicItem(other).is_retracted):
            writes.append(
                Write(
                    item.id,
                    other.version if other else 0,
                    item.body,
                    due=due_of(item),
                    erase=retracted,
                    version=item.version,
                )
            )
        elif other is not None and other.seq > common and other.version <= item.version:
            erase = PublicItem(other).is_retracted
            writes.append(Write(item.id, other.version, other.body, True, due_of(other), erase, item.version))
    return writes
