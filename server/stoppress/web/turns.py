"""Lets the event loop make one expensive answer at a time, and serve readers and editors between two of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable

from stoppress.web.problems import HTTPError

_MAX_WAITING = 64
"""Different answers that may wait for their turn."""


class Turns:
    """Makes answers one after the other. Requests for the same answer share it while it waits for its turn."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._waiting: dict[Hashable, asyncio.Task[bytes]] = {}

    async def make(self, key: Hashable, work: Callable[[], Awaitable[bytes]]) -> bytes:
        """Return what `work` makes. It may wait in between, but must take the content that it shows at the end.

        Raises:
            HTTPError: 503 if too many answers are waiting.
        """
        task = self._waiting.get(key)
        if task is None:
            if len(self._waiting) >= _MAX_WAITING:
                busy = "This node is making too many pages at the moment. Try again shortly."
                raise HTTPError(503, busy, {"retry-after": "1"})
            task = self._waiting[key] = asyncio.create_task(self._run(key, work))
        return await asyncio.shield(task)

    async def _run(self, key: Hashable, work: Callable[[], Awaitable[bytes]]) -> bytes:
        async with self._turn:
            try:
                return await work()
            finally:
                del self._waiting[key]  # later requests must see later changes
                await asyncio.sleep(0)
