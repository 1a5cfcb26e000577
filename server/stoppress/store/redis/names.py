"""The names of blogs: the list of all, which is a key of its own and may get lost on its own, and deletions."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

from stoppress.errors import StoreUnavailable
from stoppress.model import Cursor
from stoppress.store.redis.format import deletions_before, epoch_end
from stoppress.store.redis.pipelines import chunks
from stoppress.store.redis.server import RedisServer

_CHECK_SECONDS = 2.0
"""Seconds between two looks for the list."""

_SCAN_COUNT = 500
"""About how many keys Redis looks at in one step of a scan."""

log = logging.getLogger("stoppress.store")


class BlogNames:
    """The names of all blogs, deleted ones included.

    Args:
        server: the server that has the list.
        followed: returns the names of the blogs that this node has in memory.
    """

    def __init__(self, server: RedisServer, followed: Callable[[], Sequence[str]]) -> None:
        self._server = server
        self._followed = followed
        self._has_scanned = False  # without finding a list; a new name makes one

    async def add(self, *names: str) -> None:
        """Add names of blogs. Names are never removed, because another node may be creating the blog again just now."""
        for some in chunks(names):
            await self._server.answer(self._server.client.sadd(self._server.names.blogs, *some))

    async def add_new(self, blog: str) -> str:
        """Add the name of a blog that is about to begin, and return the end of its epoch.

        This comes first: a name without a blog does no harm, but a blog without its name would never be found.
        """
        await self.add(blog)
        self._has_scanned = False
        deleted: Any = await self._server.answer(self._server.client.smembers(self._server.names.key(blog, "deleted")))
        return epoch_end(sum(member.startswith(b"0-") for member in deleted))

    async def was_deleted(self, blog: str, epoch: str) -> bool:
        """Return whether the history with this epoch was deleted, or the name after that history had begun."""
        return await self._is_deleted(blog, str(Cursor(1, epoch)), f"0-{deletions_before(epoch) + 1}")

    async def _is_deleted(self, blog: str, *members: str) -> bool:
        pipeline = self._server.client.pipeline(transaction=False)
        for member in members:
            pipeline.sismember(self._server.names.key(blog, "deleted"), member)
        return any(await self._server.answer(pipeline.execute()))

    async def all(self) -> list[str]:
        """Return all names, sorted."""
        names: Any = await self._server.answer(self._server.client.smembers(self._server.names.blogs))
        return sorted(name.decode(errors="replace") for name in names)

    async def keep(self) -> None:
        """Write the list again whenever it is lost, until cancelled."""
        while True:
            try:
                await self._restore()
            except StoreUnavailable as error:
                log.debug("cannot_check_names", extra={"error": str(error)})
            except Exception:
                log.exception("names_failed")
            await asyncio.sleep(_CHECK_SECONDS)

    async def _restore(self) -> None:
        """Write the list again if it is lost: the blogs in memory at once, the others from the names of their keys."""
        if await self._server.answer(self._server.client.exists(self._server.names.blogs)):
            self._has_scanned = False
            return
        await self.add(*self._followed())
        if self._has_scanned:
            return
        found = 0
        begin, end = self._server.names.key("*", "line").split("*")
        async for histories in self._server.scan(f"{begin}*{end}", _SCAN_COUNT):
            names = [name.decode(errors="replace").removeprefix(begin).removesuffix(end) for name in histories]
            await self.add(*names)
            found += len(names)
        self._has_scanned = True
        if found:
            log.warning("lost_names_restored", extra={"blogs": found})
