"""Brings a replica to the store's head, and gives back to the store what the store has lost.

A store loses changes when it is rolled back: a power cut, a failover, a restored backup. The replica then has changes
that the store does not have. If nobody has written since, the replica's changes go back as they were. Otherwise the
two histories differ after their last common change, and lost items are written anew on top of what the store has.
"""

from __future__ import annotations

import logging

from stoppress.errors import BlogNotFound, VersionConflict
from stoppress.live.hub import Hub
from stoppress.live.items import PublicItem
from stoppress.live.replica import Replica
from stoppress.model import START, Cursor, Segment
from stoppress.store.port import Store, Write
from stoppress.telemetry.bursts import Burst
from stoppress.telemetry.counts import Counts

log = logging.getLogger("stoppress.repair")


class Repair:
    """See the module's docstring."""

    def __init__(self, store: Store, counts: Counts) -> None:
        self._store = store
        self._counts = counts
        self.put_back = Burst(log, "lost_changes_put_back")

    async def bring_to_head(self, hub: Hub) -> None:
        """Read what the hub's replica lacks, and put back what the store lacks.

        Raises:
            BlogNotFound: an editor has deleted the blog, or it never existed.
            StoreUnavailable
        """
        replica = hub.replica
        while True:
            cursor = replica.cursor
            segment = await self._read(replica, cursor)
            if replica.cursor != cursor:
                continue  # it moved while the store was read: the segment may be old
            if segment.after != cursor and await self._give_back(replica, segment):
                continue
            if segment.after != cursor or segment.tags:
                hub.absorb(segment)
            return

    async def _read(self, replica: Replica, after: Cursor) -> Segment:
        """Return the store's history after a cursor of the replica; an empty one if the store has lost the blog."""
        try:
            return await self._store.read(replica.blog, after)
        except BlogNotFound:
            if after == START or await self._store.was_deleted(replica.blog, replica.epoch):
                raise
            return Segment(START, (), ())

    async def _give_back(self, replica: Replica, kept: Segment) -> bool:
        """Write to the store what it has lost. Return whether the store has to be read again."""
        if replica.knows(kept.cursor):
            await self._put_back(replica, kept)
            return True
        if await self._store.was_deleted(replica.blog, replica.epoch):
            return False
        writes = _lost_writes(replica, kept)
        if not writes:
            return False
        self._counts.put_back += len(writes)
        log.warning("lost_items_written_anew", extra={"blog": replica.blog, "items": len(writes)})
        try:
            await self._store.commit(replica.blog, writes)
        except VersionConflict as error:
            log.info("another_node_was_first", extra={"blog": replica.blog, "error": str(error)})
        return True

    async def _put_back(self, replica: Replica, kept: Segment) -> None:
        """Put back the replica's changes after those that the store has kept, with their seqs and tags."""
        lost = replica.segment_after(kept.cursor)
        self._counts.put_back += len(lost.tags)
        self.put_back.add(replica.blog, len(lost.tags))
        retracted = [item.id for item in lost.items if replica.is_retracted(item.id)]
        await self._store.restore(replica.blog, kept.cursor, lost, retracted)


def _lost_writes(replica: Replica, kept: Segment) -> list[Write]:
    """Return what a store has lost, as writes on top of what has been written to it since.

    Up to their last common change both histories are the same. What was written to the store after that is newer than
    what the store lost, and stays. A retraction is never undone.
    """
    common = replica.common_seq(kept.tags)
    stored = {item.id: item for item in kept.items}
    writes = []
    for item in replica.segment_after(START).items:
        other = stored.get(item.id)
        retracted = replica.is_retracted(item.id)
        lost = item.seq > common and (other is None or other.seq <= common)
        undone = retracted and other is not None and not PublicItem(other).is_retracted
        if lost or undone:
            writes.append(Write(item.id, other.version if other else 0, item.body, erase=retracted))
    return writes
