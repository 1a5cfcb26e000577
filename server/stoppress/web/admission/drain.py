"""Taking a node out of service so that nobody misses it: its readers are sent away one after the other.

Each gets what is new until it is its turn, and is then told when to come back. The rules:

- A reader every tenth of a second, and all within `seconds`: few readers leave at once, many at a steady pace.
- They come back within half a second, and a millisecond more for each reader that there was; 12 seconds at the most.
  So about a thousand in a second come back, also where all have to leave at once.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable

from stoppress.sync.follower import Follower
from stoppress.web.admission.held_requests import HeldRequests
from stoppress.wire.close_reasons import CloseReason, going_away
from stoppress.wire.messages import Retry

TICK_SECONDS = 0.1
"""The time between two portions of readers, and what a reader adds to the time that all take."""

LONGEST_RETRY = 12_000
"""Milliseconds."""


def retry_for(readers: int) -> Retry:
    """When the readers of a node should come back who are sent away."""
    return Retry(min=0, max=min(LONGEST_RETRY, 500 + readers))


class Drain:
    """See the module's docstring.

    Args:
        follower: has the readers who came by WebSocket.
        held_requests: has the others.
        seconds: how long it may take.
    """

    def __init__(self, follower: Follower, held_requests: HeldRequests, seconds: float) -> None:
        self._follower = follower
        self._held_requests = held_requests
        self._seconds = seconds

    @property
    def readers(self) -> int:
        """How many are still here."""
        return sum(hub.reader_count for hub in self._follower.hubs) + len(self._held_requests)

    async def run(self, pause: Callable[[float], Awaitable[None]]) -> None:
        """Send all readers away.

        Args:
            pause: sleeps, but not when there is a hurry. Portions are counted, not timed: however late one is, the
                next one is no larger.
        """
        readers = self.readers
        close_reason = going_away(retry_for(readers))
        portions = math.ceil(min(self._seconds, readers * TICK_SECONDS) / TICK_SECONDS)
        for left in reversed(range(portions)):
            await pause(TICK_SECONDS)
            self._release(self.readers - readers * left // portions, close_reason)
        self._held_requests.release(len(self._held_requests), close_reason)
        await self._follower.close(close_reason)

    def _release(self, count: int, close_reason: CloseReason) -> None:
        for hub in self._follower.hubs:
            count -= hub.release(max(0, count), close_reason)
        self._held_requests.release(max(0, count), close_reason)
