"""The shared store: one Redis, 7.0 or newer, for any number of nodes.

A commit is one script in one round trip. Redis runs one script at a time, so commits have one order for all nodes.
`format.py` describes the keys and messages; the scripts are the `.lua` files in this folder.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from stoppress.errors import (
    BlogDamaged,
    BlogMissing,
    BlogNotFound,
    KeyReused,
    MalformedCursor,
    StartError,
    StoppressError,
    StoreUnavailable,
    VersionConflict,
)
from stoppress.model import HEADER, START, Cursor, Item, Segment
from stoppress.store.accounts.port import Accounts
from stoppress.store.accounts.redis import RedisAccounts
from stoppress.store.past.port import MAX_ACTS, Act, Keep, Past
from stoppress.store.past.redis import RedisPast, act_json, pack_past
from stoppress.store.port import NO_DUES, REMEMBER_SECONDS, Hint, Once, Sent, Write
from stoppress.store.redis.damage import WHOLE, Damage
from stoppress.store.redis.format import (
    DAMAGED_MESSAGE,
    MARKER,
    WATCHED_MESSAGE,
    Message,
    deletions_before,
    pack_lost,
    pack_writes,
    unpack_cursor,
    unpack_item,
    unpack_segment,
)
from stoppress.store.redis.hints import Hints
from stoppress.store.redis.names import BlogNames
from stoppress.store.redis.pipelines import chunks, pipelined
from stoppress.store.redis.schedule import Schedule
from stoppress.store.redis.server import RedisServer
from stoppress.store.redis.unanswered import settled
from stoppress.tasks import end

log = logging.getLogger("stoppress.store")


class RedisStore:
    """A `port.Store` in Redis.

    Args:
        url: see `address.py`.
        traceparent: returns the trace context of the running commit, which travels with the change.
        keep: how much to keep of the past.

    Raises:
        StartError: the URL is malformed.
    """

    nodes_share_it = True

    def __init__(self, url: str, traceparent: Callable[[], str] = str, keep: Keep = Keep()) -> None:  # noqa: B008, it cannot change
        self._server = RedisServer(url)
        self._keys = self._server.names
        self._sync = self._server.sync
        self._traceparent = traceparent
        self._kept = keep
        self._hints = Hints(self._server)
        self._names = BlogNames(self._server, self._hints.followed)
        self._schedule = Schedule(self._server)
        self._damage = Damage(self._server, self._names, self._schedule)
        commit = ("checks.lua", "erase.lua", "past.lua", "whole.lua", "due.lua", "commit.lua")
        self._commit = self._server.script(*commit)
        self._erasing_commit = self._server.script(*commit, flags="#!lua flags=allow-oom")
        self._read = self._sync.script("whole.lua", "read.lua")
        self._restore = self._sync.script("checks.lua", "erase.lua", "past.lua", "whole.lua", "due.lua", "restore.lua")
        self._delete = self._server.script("checks.lua", "past.lua", "delete.lua")
        self._missing = self._sync.script("missing.lua")
        self._tasks: list[asyncio.Task[None]] = []
        self.accounts: Accounts = RedisAccounts(self._server, keep)
        self.past: Past = RedisPast(self._server, keep)

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
        self._tasks = [asyncio.create_task(self._names.keep())]

    async def close(self) -> None:
        await end(self._tasks)
        await self._hints.close()
        await self._server.close()

    async def ping(self) -> None:
        await self._server.ping()
        self._hints.require()

    async def _absence(self, blog: str) -> StoppressError:
        """Return the error for a blog that is not in the store: `BlogMissing` if it may be put back."""
        arguments = (self._keys.keys(blog, "line deleted"), (self._keys.channel(blog),))
        nodes = await self._sync.answer(self._missing(*arguments))
        if nodes == 0:  # in a cluster, PUBLISH does not count subscribers at other servers
            nodes = await self._server.subscribers(self._keys.channel(blog))
        return BlogMissing(blog) if nodes or self._hints.is_new else BlogNotFound(blog)

    # Writing

    async def commit(
        self, blog: str, writes: Sequence[Write], once: Once | None = None, act: Act | None = None, *more: Act
    ) -> Segment:
        acts = [*([act] if act else []), *more]
        due = min((write.due for write in writes if write.due is not None), default=None)
        if due is None:
            return await self._run_commit(blog, writes, once, acts)
        await self._schedule.remind(blog, due)  # and again below: a node may look in between and see nothing
        segment = await self._run_commit(blog, writes, once, acts)
        with suppress(StoreUnavailable):  # the entry is written, and the reminder of before is usually still there
            await self._schedule.remind(blog, due)
        return segment

    async def _run_commit(self, blog: str, writes: Sequence[Write], once: Once | None, acts: Sequence[Act]) -> Segment:
        is_new = any(write.id == HEADER and write.expected == 0 and write.visible for write in writes)
        sent = Sent(time.time(), self._traceparent())
        epoch_end = await self._names.add_new(blog) if is_new else ""
        packed = pack_writes(once.fingerprint if once else "", writes, sent, epoch_end)
        request = (once.key, REMEMBER_SECONDS) if once else ()
        # Erasing frees memory in the end, so a full Redis must not refuse it.
        script = self._erasing_commit if any(write.erase for write in writes) else self._commit
        arguments = (
            self._keys.keys(blog, "line items order due answers expiry removed versions audit"),
            (self._keys.channel(blog), packed, pack_past(acts, self._kept), *request),
        )
        outcome, *more = await self._damage.run(
            blog, lambda: settled(self._server, blog, packed, lambda: script(*arguments), repeatable=once is not None)
        )
        if outcome == b"done":
            return await self._answered(more[0], blog, writes, once, acts)
        if outcome == b"conflict":
            raise VersionConflict(more[0].decode(), more[1])
        raise KeyReused() if once and outcome == b"reused" else await self._absence(blog)

    async def _answered(
        self, message: bytes, blog: str, writes: Sequence[Write], once: Once | None, acts: Sequence[Act]
    ) -> Segment:
        """Return the segment in a message. If it is an unreadable earlier answer, forget that, and commit anew."""
        try:
            return Message.unpack(message).segment
        except (ValueError, MalformedCursor):
            if once is None:
                raise
            await self.forget(blog, once)
            return await self._run_commit(blog, writes, once, acts)

    async def delete(self, blog: str, act: Act | None = None) -> None:
        blog_keys = self._keys.keys(blog, "deleted audit line items order due answers expiry removed versions")
        arguments = (self._keys.channel(blog), act_json(act), self._kept.audit_seconds, MAX_ACTS)
        if not await self._server.answer(self._delete(blog_keys, arguments)):
            raise BlogNotFound(blog)

    async def was_deleted(self, blog: str, epoch: str) -> bool:
        return await self._names.was_deleted(blog, epoch)

    async def restore(
        self, blog: str, head: Cursor, lost: Segment, retracted: Sequence[str] = (), dues: Mapping[str, float] = NO_DUES
    ) -> bool:
        await self._names.add(blog)
        blog_keys = self._keys.keys(blog, "line items order due deleted answers versions")
        deletions = deletions_before(lost.tags[0]) if lost.tags else 0
        arguments = (self._keys.channel(blog), str(head), pack_lost(lost, retracted, dues), deletions)
        self._schedule.scan()
        return bool(await self._sync.answer(self._restore(blog_keys, arguments)))

    async def removed(self, blog: str) -> list[str]:
        ids: Any = await self._sync.answer(self._server.client.zrange(self._keys.key(blog, "removed"), 0, -1))
        return [item_id.decode(errors="replace") for item_id in ids]

    # Damage

    async def verify(self, blog: str) -> None:
        await self._damage.verify(blog)

    async def rebuild(
        self, blog: str, whole: Segment, retracted: Sequence[str] = (), dues: Mapping[str, float] = NO_DUES
    ) -> bool:
        return await self._damage.rebuild(blog, pack_lost(whole, retracted, dues))

    async def renew(self, blog: str) -> bool:
        return await self._damage.rebuild(blog, new_tag=Cursor.new_tag())

    async def ask_for(self, blog: str) -> None:
        await self._server.answer(self._server.client.publish(self._keys.channel(blog), DAMAGED_MESSAGE))

    async def announce(self, blog: str, node: str) -> None:
        message = WATCHED_MESSAGE + node.encode()
        await self._server.answer(self._server.client.publish(self._keys.channel(blog), message))

    # Reading

    async def recall(self, blog: str, once: Once) -> Segment | None:
        pipeline = self._server.client.pipeline(transaction=False)
        pipeline.hget(self._keys.key(blog, "answers"), once.key)
        pipeline.zscore(self._keys.key(blog, "expiry"), once.key)
        message, expires = await self._server.answer(pipeline.execute())
        if message is None or (expires is not None and expires <= time.time()):
            return None
        try:
            earlier = Message.unpack(message)
        except (ValueError, MalformedCursor):
            await self.forget(blog, once)
            return None
        if earlier.fingerprint != once.fingerprint:
            raise KeyReused()
        return earlier.segment

    async def forget(self, blog: str, once: Once) -> None:
        log.warning("unreadable_answer_forgotten", extra={"blog": blog, "key": once.key})
        await self._server.answer(self._server.client.hdel(self._keys.key(blog, "answers"), once.key))

    async def read(self, blog: str, after: Cursor = START) -> Segment:
        whole, more = await self._read_part(blog, after)
        while more:
            part, more = await self._read_part(blog, whole.cursor)
            # If the history has been replaced, the part is the beginning of the new one, and earlier parts are void.
            whole = _joined(whole, part) if part.after == whole.cursor else part
        return whole

    async def _read_part(self, blog: str, after: Cursor) -> tuple[Segment, bool]:
        arguments = (self._keys.keys(blog, WHOLE), (str(after),))
        part = await self._damage.run(blog, lambda: self._sync.answer(self._read(*arguments)))
        if part is None:
            raise await self._absence(blog)
        *segment, more = part
        return unpack_segment(*segment), bool(more)

    async def _require(self, blog: str) -> None:
        """Raise `BlogNotFound` or `BlogDamaged` unless the blog is there. Rebuild what follows from its items."""
        if not await self._server.answer(self._server.client.exists(self._keys.key(blog, "line"))):
            raise await self._absence(blog)
        await self._damage.verify(blog)

    async def item(self, blog: str, item_id: str) -> Item | None:
        if item_id.endswith(MARKER):
            return None
        value = await self._value(blog, item_id)
        if value is None:
            await self._require(blog)
            value = await self._value(blog, item_id)
        return None if value is None else unpack_item(item_id, value)

    async def _value(self, blog: str, item_id: str) -> bytes | None:
        value: Any = await self._server.answer(self._server.client.hget(self._keys.key(blog, "items"), item_id))
        return None if value is None else bytes(value)

    async def drafts(self, blog: str) -> list[Item]:
        items, is_complete = await self._find_drafts(blog)
        if not is_complete:
            await self._require(blog)
            items, _ = await self._find_drafts(blog)
        return [item for item in items if not item.seq]  # some may just have been published

    async def _find_drafts(self, blog: str) -> tuple[list[Item], bool]:
        """Return the drafts that are there, and whether there are any and none is missing."""
        client = self._server.client
        ids: Any = await self._server.answer(client.zrangebyscore(self._keys.key(blog, "order"), "-inf", 0))
        items: list[Item] = []
        for some in chunks(sorted(item_id.decode(errors="replace") for item_id in ids)):
            values: Any = await self._server.answer(client.hmget(self._keys.key(blog, "items"), some))
            items += (unpack_item(*pair) for pair in zip(some, values, strict=True) if pair[1] is not None)
        return [item for item in items if not item.id.endswith(MARKER)], 0 < len(ids) == len(items)

    async def names(self) -> list[str]:
        return await self._names.all()

    async def blogs(self) -> list[str]:
        names = await self.names()
        there = await pipelined(self._sync, lambda pipeline, blog: pipeline.exists(self._keys.key(blog, "line")), names)
        return [name for name, exists in zip(names, there, strict=True) if exists]

    async def headers(self, blogs: Sequence[str]) -> list[Item | None]:
        values = await pipelined(
            self._sync,
            lambda pipeline, blog: pipeline.hget(self._keys.key(blog, "items"), HEADER),
            blogs,
            errors=True,
        )
        return [_header(value) for value in values]

    async def heads(self, blogs: Sequence[str]) -> list[Cursor | None]:
        heads = await pipelined(
            self._sync,
            lambda pipeline, blog: pipeline.lindex(self._keys.key(blog, "line"), -1),
            blogs,
            errors=True,
        )
        return [None if head is None else unpack_cursor(head) for head in heads]

    async def due(self, now: float) -> list[tuple[str, str]]:
        return await self._schedule.due(now)

    async def time(self) -> float:
        seconds, microseconds = await self._server.answer(self._server.client.time())
        return float(seconds) + float(microseconds) / 1e6

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


def _header(value: bytes | Exception | None) -> Item | None:
    """Return a header, or None if it cannot be read, so that one blog does not hide the others."""
    with suppress(BlogDamaged):
        return unpack_item(HEADER, value) if isinstance(value, bytes) else None
    return None
