"""The shared store: one Redis, 7.0 or newer, for any number of nodes.

A commit is one script in one round trip. Redis runs one script at a time, so commits have one order for all nodes.
`format.py` describes the keys and messages; the scripts are the `.lua` files in this folder.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

from redis.asyncio.client import Pipeline

from stoppress.errors import BlogNotFound, KeyReused, StartError, VersionConflict
from stoppress.model import HEADER, START, Cursor, Item, Segment
from stoppress.store.port import REMEMBER_SECONDS, Hint, Once, Sent, Write
from stoppress.store.redis.format import BLOGS, Message, key, keys, pack_lost, pack_writes, unpack_item, unpack_segment
from stoppress.store.redis.hints import Hints
from stoppress.store.redis.server import RedisServer

_PIPELINE_COMMANDS = 500
"""Maximum commands in one pipeline, or fields in one command, so that Redis can serve other clients in between."""

_MAX_DUE_ENTRIES = 100


class RedisStore:
    """A `port.Store` in Redis.

    Args:
        url: redis://, rediss:// or unix://
        traceparent: returns the trace context of the running commit, which travels with the change.

    Raises:
        StartError: the URL is malformed.
    """

    nodes_share_it = True

    def __init__(self, url: str, traceparent: Callable[[], str] = str) -> None:
        self._server = RedisServer(url)
        self._traceparent = traceparent
        self._hints = Hints(self._server)
        self._commit = self._server.script("checks.lua", "erase.lua", "commit.lua")
        self._read = self._server.script("read.lua")
        self._restore = self._server.script("checks.lua", "erase.lua", "restore.lua")
        self._delete = self._server.script("checks.lua", "delete.lua")

    @property
    def server(self) -> RedisServer:
        """The Redis of this store, for the messages that `inbox/` reads from it."""
        return self._server

    async def open(self) -> None:
        try:
            await self._server.check()
        except StartError:
            await self._server.close()
            raise
        self._hints.start()

    async def close(self) -> None:
        await self._hints.close()
        await self._server.close()

    async def ping(self) -> None:
        await self._server.ping()
        self._hints.require()

    async def _pipelined(self, queue: Callable[[Pipeline, str], object], names: Sequence[str]) -> list[Any]:
        """Queue one command for each name, run them in pipelines, and return the answers in order."""
        answers: list[Any] = []
        for some in _chunks(names):
            pipeline = self._server.client.pipeline(transaction=False)
            for name in some:
                queue(pipeline, name)
            answers += await self._server.answer(pipeline.execute())
        return answers

    # Writing

    async def commit(self, blog: str, writes: Sequence[Write], once: Once | None = None) -> Segment:
        if any(write.id == HEADER and write.expected == 0 for write in writes):
            await self._name(blog)
        packed = pack_writes(once.fingerprint if once else "", writes, Sent(time.time(), self._traceparent()))
        request = (once.key, REMEMBER_SECONDS) if once else ()
        outcome, *more = await self._server.answer(
            self._commit(
                keys(blog, "line items order due answers expiry"), (self._server.channel(blog), packed, *request)
            )
        )
        if outcome == b"done":
            return Message.unpack(more[0]).segment
        if outcome == b"conflict":
            raise VersionConflict(more[0].decode(), more[1])
        raise KeyReused() if once and outcome == b"reused" else BlogNotFound(blog)

    async def _name(self, blog: str) -> None:
        # Before the blog is created: a name without a blog does no harm, but a blog without its name would never be
        # found. Names are never removed, because another node may be creating the blog again at the same moment.
        await self._server.answer(self._server.client.sadd(BLOGS, blog))

    async def delete(self, blog: str) -> None:
        blog_keys = keys(blog, "deleted line items order due answers expiry")
        if not await self._server.answer(self._delete(blog_keys, (self._server.channel(blog),))):
            raise BlogNotFound(blog)

    async def was_deleted(self, blog: str, epoch: str) -> bool:
        deleted = self._server.client.sismember(key(blog, "deleted"), str(Cursor(1, epoch)))
        return bool(await self._server.answer(deleted))

    async def restore(self, blog: str, head: Cursor, lost: Segment, retracted: Sequence[str] = ()) -> bool:
        await self._name(blog)
        blog_keys = keys(blog, "line items order due deleted answers")
        arguments = (self._server.channel(blog), str(head), pack_lost(lost, retracted))
        return bool(await self._server.answer(self._restore(blog_keys, arguments)))

    # Reading

    async def recall(self, blog: str, once: Once) -> Segment | None:
        pipeline = self._server.client.pipeline(transaction=False)
        pipeline.hget(key(blog, "answers"), once.key)
        pipeline.zscore(key(blog, "expiry"), once.key)
        message, expires = await self._server.answer(pipeline.execute())
        if message is None or expires is None or expires <= time.time():
            return None
        earlier = Message.unpack(message)
        if earlier.fingerprint != once.fingerprint:
            raise KeyReused()
        return earlier.segment

    async def read(self, blog: str, after: Cursor = START) -> Segment:
        whole, more = await self._read_part(blog, after)
        while more:
            part, more = await self._read_part(blog, whole.cursor)
            # If the history has been replaced, the part is the beginning of the new one, and earlier parts are void.
            whole = _joined(whole, part) if part.after == whole.cursor else part
        return whole

    async def _read_part(self, blog: str, after: Cursor) -> tuple[Segment, bool]:
        part = await self._server.answer(self._read(keys(blog, "line items order"), (str(after),)))
        if part is None:
            raise BlogNotFound(blog)
        *segment, more = part
        return unpack_segment(*segment), bool(more)

    async def _require(self, blog: str) -> None:
        """Raise `BlogNotFound` if the blog does not exist."""
        if not await self._server.answer(self._server.client.exists(key(blog, "line"))):
            raise BlogNotFound(blog)

    async def item(self, blog: str, item_id: str) -> Item | None:
        value: Any = await self._server.answer(self._server.client.hget(key(blog, "items"), item_id))
        if value is not None:
            return unpack_item(item_id, value)
        await self._require(blog)
        return None

    async def drafts(self, blog: str) -> list[Item]:
        client = self._server.client
        ids: Any = await self._server.answer(client.zrangebyscore(key(blog, "order"), 0, 0))
        if not ids:
            await self._require(blog)
        items: list[Item] = []
        for some in _chunks([item_id.decode() for item_id in ids]):
            values: Any = await self._server.answer(client.hmget(key(blog, "items"), some))
            items += (unpack_item(*pair) for pair in zip(some, values, strict=True) if pair[1] is not None)
        return [item for item in items if not item.seq]  # some may just have been published

    async def _names(self) -> list[str]:
        """Return the names of all blogs, including deleted ones, sorted."""
        names: Any = await self._server.answer(self._server.client.smembers(BLOGS))
        return sorted(name.decode() for name in names)

    async def blogs(self) -> list[str]:
        names = await self._names()
        there = await self._pipelined(lambda pipeline, blog: pipeline.exists(key(blog, "line")), names)
        return [name for name, exists in zip(names, there, strict=True) if exists]

    async def heads(self, blogs: Sequence[str]) -> list[Cursor | None]:
        heads = await self._pipelined(lambda pipeline, blog: pipeline.lindex(key(blog, "line"), -1), blogs)
        return [Cursor.parse(head.decode()) if head is not None else None for head in heads]

    async def due(self, now: float) -> list[tuple[str, str]]:
        def queue(pipeline: Pipeline, blog: str) -> None:
            pipeline.zrangebyscore(key(blog, "due"), "-inf", now, 0, _MAX_DUE_ENTRIES, withscores=True)

        names = await self._names()
        found = zip(names, await self._pipelined(queue, names), strict=True)
        times = sorted((at, blog, entry_id.decode()) for blog, entries in found for entry_id, at in entries)
        return [(blog, entry_id) for _, blog, entry_id in times[:_MAX_DUE_ENTRIES]]

    # Hints

    async def follow(self, blog: str) -> None:
        await self._hints.follow(blog)

    async def unfollow(self, blog: str) -> None:
        await self._hints.unfollow(blog)

    def hints(self) -> AsyncIterator[Hint]:
        return self._hints.listen()


def _joined(before: Segment, part: Segment) -> Segment:
    """Join two consecutive segments. An item in both has changed in between; the newer one counts."""
    items = {item.id: item for item in before.items}
    for item in part.items:
        items.pop(item.id, None)
        items[item.id] = item
    return Segment(before.after, before.tags + part.tags, tuple(items.values()))


def _chunks(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[begin : begin + _PIPELINE_COMMANDS] for begin in range(0, len(names), _PIPELINE_COMMANDS))
