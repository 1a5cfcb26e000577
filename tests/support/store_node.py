"""A node without a web: a store's client and a follower on it."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import UTC, datetime
from typing import Any

import msgspec
from redis.asyncio import Redis

from stoppress.live.hub import Hub, Timing
from stoppress.live.replica import Replica
from stoppress.model import HEADER, Cursor, Segment, StoredEntry, timestamp
from stoppress.store.port import Store, Write
from stoppress.sync.audit import Audit
from stoppress.sync.follower import Follower
from stoppress.tasks import end
from stoppress.telemetry.blog_errors import BlogErrors
from stoppress.telemetry.counts import Counts
from stoppress.wire.close_reasons import CloseCode, CloseReason
from tests.support.history import entry, header

BLOG = "demo"


class Node:
    """A store's client and a follower on it, without a web."""

    def __init__(self, store: Store) -> None:
        loop = asyncio.get_running_loop()
        timing = Timing(loop.call_later, loop.time)
        self.store = store
        self.counts = Counts()
        self.errors = BlogErrors(self.counts)
        self.follower = Follower(
            store, lambda blog: Hub(Replica(blog), timing, os.write), self.counts, errors=self.errors
        )
        self._tasks: list[asyncio.Task[None]] = []

    def listen(self) -> None:
        """From now on, take hints, compare heads, and look for damage."""
        audit = Audit(self.store, self.follower, self.errors)
        works = (self.follower.follow(), self.follower.compare(), audit.run())
        self._tasks = [asyncio.create_task(work) for work in works]

    async def stop(self) -> None:
        await self.follower.close(CloseReason(CloseCode.GOING_AWAY, "over"))
        await end(self._tasks)

    async def write(self, *writes: Write) -> Segment:
        segment = await self.store.commit(BLOG, writes)
        self.follower.committed(BLOG, segment, time.monotonic())
        if segment.tags:
            await self.follower.hub(BLOG, segment.cursor)  # it may just be loading the blog, as it was before
        return segment

    async def shown(self) -> dict[str, int]:
        """Item id to the version that readers of this node see."""
        replica = (await self.follower.hub(BLOG)).replica
        return {item.id: item.version for item in replica.segment_after(Cursor(0, "")).items}

    async def cursor(self) -> Cursor:
        return (await self.follower.hub(BLOG)).replica.cursor

    async def is_at(self, cursor: Cursor) -> bool:
        return await self.cursor() == cursor

    async def store_is_at(self, cursor: Cursor) -> bool:
        return await self.store.heads([BLOG]) == [cursor]


def draft(number: int, expected: int = 0, text: str = "draft", due: float | None = None) -> Write:
    content = StoredEntry(id=entry(number).id, version=1, status="draft", text=text)
    if due is not None:
        content.status, content.publish_at = "scheduled", timestamp(datetime.fromtimestamp(due, UTC))
    return Write(content.id, expected, msgspec.json.encode(content), visible=False, due=due)


def publish(number: int, expected: int = 0, text: str = "text", expires: float | None = None) -> Write:
    content = msgspec.convert(msgspec.to_builtins(entry(number, text=text)), StoredEntry)
    if expires is not None:
        content.expires_at = timestamp(datetime.fromtimestamp(expires, UTC))
    return Write(content.id, expected, msgspec.json.encode(content), due=content.due)


def retract(number: int, expected: int) -> Write:
    tombstone = entry(number)
    tombstone.status, tombstone.text = "retracted", None
    return Write(tombstone.id, expected, msgspec.json.encode(tombstone), erase=True)


def make_blog(headline: str = "headline") -> Write:
    return Write(HEADER, 0, msgspec.json.encode(header(headline)))


async def taken(redis: Redis) -> dict[Any, Any]:
    """Return a copy of the blog, for `restore`."""
    return {key: await redis.dump(key) for key in await redis.keys("stoppress:{demo}:*")}


async def restore(redis: Redis, snapshot: dict[Any, Any]) -> None:
    """Put a copy back in one moment, as a failover does."""
    async with redis.pipeline(transaction=True) as pipeline:
        for key, value in snapshot.items():
            pipeline.restore(key, 0, value, replace=True)
        await pipeline.execute()
