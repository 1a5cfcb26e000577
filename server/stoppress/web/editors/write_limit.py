"""The rate limit of writes, the same for each API key."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from stoppress.telemetry.counts import Counts
from stoppress.web.problems import HTTPError
from stoppress.web.rate_limit import RateLimit

_MINUTE = 60.0


class WriteLimit:
    """See the module's docstring. The memory grows with the configured keys, never with requests.

    Args:
        per_minute: maximum writes of a key a minute on this node, all of which may come at once; 0 means no limit.
        counts: counts the rejected writes.
        clock: returns seconds from any starting point.
    """

    def __init__(self, per_minute: int, counts: Counts, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._counts = counts
        self._clock = clock
        self._limits: dict[str, RateLimit] = {}

    def count(self, key: str) -> None:
        """Count one write. Raises `HTTPError` (429) if the key has used up its limit."""
        wait = self.spend(key)
        if not wait:
            return
        self._counts.count_rejection("too_many_writes")
        detail = f"Key {key!r} has made {self._per_minute} writes within a minute. Wait {wait} s."
        raise HTTPError(429, detail, {"retry-after": str(wait)})

    def spend(self, key: str) -> int:
        """Count one write and return 0, or count nothing and return the seconds to wait."""
        if not self._per_minute:
            return 0
        limit = self._limits.setdefault(key, RateLimit(_MINUTE))
        cost, now = _MINUTE / self._per_minute, self._clock()
        return 0 if limit.spend(cost, now) else max(1, math.ceil(limit.wait(cost, now)))
