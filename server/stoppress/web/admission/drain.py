"""The drain of a stopping node: it disconnects its readers one after the other.

Each reader gets all updates until its turn, and is then told when to come back. The rules:

- One reader leaves every tenth of a second, or more if `seconds` would not be enough: so many readers leave at a steady
  pace, and a few leave soon.
- Readers come back within half a second plus a millisecond for each reader of the node, but within 12 seconds. So about
  a thousand a second come back, even if all have to leave at once.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable

from stoppress.sync.follower import Follower
from stoppress.web.admission.held_requests import HeldRequests
from stoppress.wire.close_reasons import CloseCode, CloseReason
from stoppress.wire.messages import Retry

_TICK_SECONDS = 0.1
"""Seconds between two portions of readers, and seconds that each reader adds to the whole drain."""

_MAX_RETRY_MILLISECONDS = 12_000


class Drain:
    """The drain of one node.

    Args:
        seconds: maximum duration.
    """

    def __init__(self, follower: Follower, held_requests: HeldRequests, seconds: float) -> None:
        self._follower = follower
        self._held_requests = held_requests
        self._seconds = seconds

    @property
    def readers(self) -> int:
        """The number of readers that are still connected."""
        return sum(hub.reader_count for hub in self._follower.hubs) + len(self._held_requests)

    @staticmethod
    def retry_for(readers: int) -> Retry:
        """Return the time for all readers of a stopping node to come back in."""
        return Retry(min=0, max=min(_MAX_RETRY_MILLISECONDS, 500 + readers))

    async def run(self, pause: Callable[[float], Awaitable[None]]) -> None:
        """Disconnect all readers.

        Args:
            pause: sleeps for some seconds, or returns at once to hurry the drain. Portions do not depend on the clock:
                a late portion does not make the next one larger.
        """
        readers = self.readers
        close_reason = CloseReason(CloseCode.GOING_AWAY, "The server is going away.", self.retry_for(readers))
        portions = math.ceil(min(self._seconds, readers * _TICK_SECONDS) / _TICK_SECONDS)
        for left in reversed(range(portions)):
            await pause(_TICK_SECONDS)
            self._release(self.readers - readers * left // portions, close_reason)
        self._held_requests.release(len(self._held_requests), close_reason)
        await self._follower.close(close_reason)

    def _release(self, count: int, close_reason: CloseReason) -> None:
        for hub in self._follower.hubs:
            count -= hub.release(max(0, count), close_reason)
        self._held_requests.release(max(0, count), close_reason)
