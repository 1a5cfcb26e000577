"""How often a key may be used to write, counted by the library `limits` in this process's memory."""

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
    """For all keys the same.

    Args:
        per_minute: writes that a key may do on this node; 0 is no limit.
        counts: gets those that were too many.
    """

    def __init__(self, per_minute: int, counts: Counts) -> None:
        self._limit = RateLimitItemPerMinute(per_minute) if per_minute else None
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._counts = counts

    async def count(self, key: Key) -> None:
        """Count one write. Raises `HTTPError` (429)."""
        if self._limit is None or await self._limiter.hit(self._limit, key.name):
            return
        self._counts.count_rejection("too_many_writes")
        again = (await self._limiter.get_window_stats(self._limit, key.name)).reset_time
        wait = min(60, max(1, math.ceil(again - time.time())))
        raise HTTPError(
            429,
            f"the key {key.name!r} has written {self._limit.amount} times within a minute: wait {wait} s, write less",
            {"retry-after": str(wait)},
        )
