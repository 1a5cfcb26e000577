"""Work of which only the newest request of each sender counts, such as a preview at every pause in typing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import TypeVar

from stoppress.web.problems import HTTPError

MAX_WAITING = 64
"""Senders that may wait for their turn. Each has at most one request that waits."""

_T = TypeVar("_T")


class NewestOnly:
    """Does one piece of work at a time. A sender's newer request takes the turn of its older one that still waits."""

    def __init__(self) -> None:
        self._waiting: dict[Hashable, asyncio.Future[None]] = {}
        self._is_busy = False

    async def run(self, sender: Hashable, work: Callable[[], Awaitable[_T]]) -> _T:
        """Return the result of work when it is its turn.

        Raises:
            HTTPError: 409 if a newer request of the sender has taken the turn, 503 if too many senders wait.
        """
        turn = self._queue(sender)
        try:
            self._next()
            await turn
        except BaseException:
            if self._waiting.get(sender) is turn:
                del self._waiting[sender]
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._end()  # cancelled just when it had got its turn
            raise
        try:
            return await work()
        finally:
            self._end()

    def _queue(self, sender: Hashable) -> asyncio.Future[None]:
        older = self._waiting.get(sender)
        if older is not None and not older.done():
            older.set_exception(HTTPError(409, "A newer request of yours has taken the place of this one."))
        elif older is None and len(self._waiting) >= MAX_WAITING:
            busy = "This node is making too many previews at the moment. Try again shortly."
            raise HTTPError(503, busy, {"retry-after": "1"})
        turn = self._waiting[sender] = asyncio.get_running_loop().create_future()
        return turn

    def _next(self) -> None:
        while self._waiting and not self._is_busy:
            sender = next(iter(self._waiting))
            turn = self._waiting.pop(sender)
            if not turn.done():
                self._is_busy = True
                turn.set_result(None)

    def _end(self) -> None:
        self._is_busy = False
        self._next()
