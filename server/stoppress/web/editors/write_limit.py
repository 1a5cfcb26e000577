"""The rate limit of writes for each API key, counted by the library `limits` in the memory of this process."""

from __future__ import annotations

import math
import time

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from stoppress.telemetry.counts import Counts
from stoppress.web.editors.auth import Key
from stoppress.web.problems import HTTPError


class WriteLimit:
    """The same limit for all keys.

    Args:
        per_minute: maximum writes of a key a minute on this node; 0 is no limit.
        counts: counts the rejected writes.
    """

    def __init__(self, per_minute: int, counts: Counts) -> None:
        self._limit = RateLimitItemPerMinute(per_minute) if per_minute else None
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._counts = counts

    async def count(self, key: Key) -> None:
        """Count one write. Raises `HTTPError` (429) if the key has used up its limit."""
        if self._limit is None or await self._limiter.hit(self._limit, key.name):
            return
        self._counts.count_rejection("too_many_writes")
        again = (await self._limiter.get_window_stats(self._limit, key.name)).reset_time
        wait = min(60, max(1, math.ceil(again - time.time())))
        raise HTTPError(
            429,
            f"Key {key.name!r} has made {self._limit.amount} writes within a minute. Wait {wait} s.",
            {"retry-after": str(wait)},
        )
