"""Blogs that have lost a part, because one of their keys was lost or overwritten."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from stoppress.errors import BlogDamaged
from stoppress.store.redis.names import BlogNames
from stoppress.store.redis.schedule import Schedule
from stoppress.store.redis.server import RedisServer

WHOLE = "line items order due"
"""The keys of a blog that must agree with each other."""

log = logging.getLogger("stoppress.store")


class Damage:
    """Finds and rebuilds damaged blogs; `whole.lua` and `rebuild.lua` describe how."""

    def __init__(self, server: RedisServer, names: BlogNames, schedule: Schedule) -> None:
        self._server = server
        self._names = names
        self._schedule = schedule
        self._verify = server.sync.script("whole.lua", "verify.lua")
        self._rebuild = server.sync.script("checks.lua", "erase.lua", "past.lua", "whole.lua", "due.lua", "rebuild.lua")

    async def run(self, blog: str, script: Callable[[], Awaitable[Any]]) -> Any:
        """Run a script that checks the blog. If a key is damaged that follows from others, rebuild it and run it again.

        Raises:
            BlogDamaged: the key does not follow from others.
        """
        answer = await script()
        if _is_good(answer):
            return answer
        if await self.rebuild(blog):
            log.warning("damaged_key_written_again", extra={"blog": blog, "key": answer[1].decode()})
            answer = await script()
            if _is_good(answer):
                return answer
        raise BlogDamaged(f"Blog {blog!r}", f"its key `{answer[1].decode()}` is not complete")

    async def verify(self, blog: str) -> None:
        """Check a blog, and rebuild what follows from other keys. Raises `BlogDamaged`."""
        if not await self._looks_whole(blog):
            await self.run(blog, lambda: self._server.sync.answer(self._verify(self._server.names.keys(blog, WHOLE))))

    async def _looks_whole(self, blog: str) -> bool:
        """Look at a blog as `whole.lua` does, but without a script. A commit in between may make it look damaged."""
        history, items, order, due = self._server.names.keys(blog, WHOLE)
        pipeline = self._server.sync.client.pipeline(transaction=False)
        pipeline.llen(history)
        pipeline.lindex(history, -1)
        pipeline.hlen(items)
        pipeline.zcard(order)
        pipeline.zcard(due)
        pipeline.zcount(order, "-inf", "(0")
        pipeline.zrevrange(order, 0, 0, withscores=True)
        found = await self._server.sync.answer(pipeline.execute(raise_on_error=False))
        if any(isinstance(answer, Exception) for answer in found):
            return False
        seq, head, values, places, due_count, scheduled, last = found
        if head is None or not last:
            return not (seq or values)
        newest: Any = await self._server.sync.answer(self._server.sync.client.hget(items, last[0][0]))
        is_newest = newest is not None and newest.startswith(b"%d " % seq) and last[0][1] == seq
        return is_newest and head.startswith(b"%d-" % seq) and values == places and due_count == scheduled

    async def rebuild(self, blog: str, replica: bytes = b"", new_tag: str = "") -> bool:
        """Write the keys of a blog again: from a replica as `pack_lost` packs it, else from its items.

        Return False if that is impossible. With `new_tag`, tags that are lost are replaced.
        """
        self._schedule.scan()  # the blog may get scheduled entries back
        arguments = (self._server.names.channel(blog), replica, new_tag, await self._names.add_new(blog))
        return bool(
            await self._server.sync.answer(
                self._rebuild(self._server.names.keys(blog, f"{WHOLE} answers versions"), arguments)
            )
        )


def _is_good(answer: Any) -> bool:
    return not answer or answer[0] != b"damaged"
