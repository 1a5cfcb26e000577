"""The index of schedules: which blogs have scheduled entries, and when the next one of each is due.

A sorted set of blogs by the time at which a node has to look at the blog's own set `due`. So nodes ask one key for all
blogs. One script cannot write to the index and to a blog, because they are in different slots of a Redis Cluster. So
the index is only a reminder, and the rules are:

- A blog gets its reminder before an entry is scheduled in it, and again after that. A reminder too many costs a look.
- A reminder is moved or removed after a look at the blog, and only if it is still the one that led to the look. Then
  the node looks at the blog again, because an entry may have been scheduled in between.
- The index has a mark, a member without a name. If the mark is missing, the index was lost. The node that notices it
  puts the mark back and looks at all blogs. Each node also does that at its start, after a put-back, and slowly all
  the time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

from redis.asyncio.client import Pipeline

from stoppress.store.redis.format import MARKER
from stoppress.store.redis.pipelines import pipelined
from stoppress.store.redis.server import RedisServer

_MAX_DUE = 100
"""Maximum blogs that are looked at in one call, and entries of each that are returned."""

_HURRIED_NAMES = 400
"""About the number of names in each look at blogs while the index may be incomplete."""

_CALM_NAMES = 40
"""About the number of names in each look at blogs at other times."""

_CALM_SECONDS = 15.0
"""Seconds between looks at some blogs when nothing points to a loss."""

_MARK = b""

log = logging.getLogger("stoppress.store")


class Schedule:
    """The index of schedules of one Redis; see the module's docstring."""

    def __init__(self, server: RedisServer) -> None:
        self._names = server.names
        self._sync = server.sync
        self._advance = server.sync.script("advance.lua")
        self._names_cursor = 0  # of SSCAN
        self._hurried = True
        self._next_scan = 0.0
        self._skipped = 0  # reminders before those that the next call looks at
        self._unreadable: set[str] = set()  # blogs whose schedule cannot be read, to log each only once

    async def remind(self, blog: str, at: float) -> None:
        """Have nodes look at a blog at a time, or earlier (Unix time in seconds)."""
        await self._add({blog: at})

    def scan(self) -> None:
        """Look at all blogs, in the next calls of `due`: the index may be incomplete."""
        self._names_cursor, self._hurried = 0, True

    async def due(self, now: float) -> list[tuple[str, str]]:
        """Return (blog, entry id) of the entries due at `now`, the earliest first, at most `_MAX_DUE` of each blog.

        Usually this is one command.
        """
        reminders = await self._reminders(now)
        if not self._skipped and _MARK not in reminders:
            self.scan()
            await self._add({_MARK: float("-inf")})  # first, so that a loss during the scan is noticed
        if self._hurried or time.monotonic() >= self._next_scan:
            await self._scan_some()
            reminders = await self._reminders(now)
        # If there are more, the next call goes on behind these: entries that cannot be published stay where they are
        self._skipped = self._skipped + len(reminders) if len(reminders) > _MAX_DUE else 0
        reminders.pop(_MARK, None)
        blogs = {blog.decode(errors="replace"): at for blog, at in reminders.items()}
        return await self._look(blogs, now) if blogs else []

    async def _reminders(self, now: float) -> dict[bytes, float]:
        first, limit = self._skipped, _MAX_DUE + 1
        found: Any = await self._sync.answer(
            self._sync.client.zrangebyscore(self._names.schedule, "-inf", now, first, limit, withscores=True)
        )
        return dict(found)

    async def _add(self, reminders: Mapping[Any, float]) -> None:
        if reminders:
            await self._sync.answer(self._sync.client.zadd(self._names.schedule, dict(reminders), lt=True))

    async def _look(self, reminders: dict[str, float], now: float) -> list[tuple[str, str]]:
        """Return what is due in some blogs. Move the reminders of those in which nothing is due."""

        def queue(pipeline: Pipeline, blog: str) -> None:
            pipeline.zrangebyscore(self._names.key(blog, "due"), "-inf", now, 0, _MAX_DUE, withscores=True)

        found = self._readable(reminders, await pipelined(self._sync, queue, [*reminders], errors=True))
        idle = [blog for blog, entries in found.items() if not entries]
        if idle:
            await self._move({blog: reminders[blog] for blog in idle})
        times = sorted(
            (at, blog, entry_id.decode(errors="replace").removesuffix(MARKER))
            for blog, entries in found.items()
            for entry_id, at in entries
        )
        return [(blog, entry_id) for _, blog, entry_id in times]

    async def _move(self, reminders: dict[str, float]) -> None:
        blogs = list(reminders)
        later = await self._first(blogs)
        moves = [(blog, repr(at), repr(later[blog]) if blog in later else "") for blog, at in reminders.items()]
        await self._sync.answer(self._advance([self._names.schedule], [word for move in moves for word in move]))
        again = await self._first(blogs)
        await self._add({blog: at for blog, at in again.items() if later.get(blog) != at})

    async def _first(self, blogs: Sequence[str]) -> dict[str, float]:
        """Return the time of the earliest scheduled entry of each blog that has any."""

        def queue(pipeline: Pipeline, blog: str) -> None:
            pipeline.zrange(self._names.key(blog, "due"), 0, 0, withscores=True)

        found = self._readable(blogs, await pipelined(self._sync, queue, blogs, errors=True))
        return {blog: entries[0][1] for blog, entries in found.items() if entries}

    def _readable(self, blogs: Sequence[str] | Mapping[str, float], answers: list[Any]) -> dict[str, Any]:
        """Return the answers by blog, without errors: an unreadable schedule concerns only its blog."""
        found = {}
        for blog, answer in zip(blogs, answers, strict=True):
            if not isinstance(answer, Exception):
                found[blog] = answer
            elif blog not in self._unreadable and len(self._unreadable) < _MAX_DUE:
                self._unreadable.add(blog)
                log.error("schedule_cannot_be_read", extra={"blog": blog, "error": str(answer)})
        return found

    async def _scan_some(self) -> None:
        """Write reminders for the schedules of the next names."""
        count = _HURRIED_NAMES if self._hurried else _CALM_NAMES
        scanned: Any = await self._sync.answer(
            self._sync.client.sscan(self._names.blogs, self._names_cursor, count=count)
        )
        self._names_cursor, names = scanned
        await self._add(await self._first([name.decode(errors="replace") for name in names]))
        self._hurried = self._hurried and self._names_cursor != 0
        self._next_scan = time.monotonic() + _CALM_SECONDS
