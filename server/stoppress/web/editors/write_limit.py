"""The rate limit of writes, the same for each identity."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from stoppress.access.identity import Identity
from stoppress.telemetry.counts import Counts
from stoppress.web.problems import HTTPError
from stoppress.web.rate_limit import RateLimit

_MINUTE = 60.0


class WriteLimit:
    """See the module's docstring. The memory grows with the identities, never with requests.

    Args:
        per_minute: maximum writes of an identity a minute on this node, which may all come at once; 0: no limit.
        counts: counts the rejected writes.
        clock: returns seconds from any starting point.
    """

    def __init__(self, per_minute: int, counts: Counts, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._counts = counts
        self._clock = clock
        self._limits: dict[str, RateLimit] = {}

    def count(self, who: Identity) -> None:
        """Count one write. Raises `HTTPError` (429) if the identity has used up its limit."""
        wait = self.spend(who.id)
        if not wait:
            return
        self._counts.count_rejection("too_many_writes")
        detail = f"{who} has made {self._per_minute} writes within a minute. Wait {wait} s."
        raise HTTPError(429, detail, {"retry-after": str(wait)})

    def spend(self, identity: str) -> int:
        """Count one write and return 0, or count nothing and return the seconds to wait."""
        if not self._per_minute:
            return 0
        limit = self._limits.setdefault(identity, RateLimit(_MINUTE))
        cost, now = _MINUTE / self._per_minute, self._clock()
        return 0 if limit.spend(cost, now) else max(1, math.ceil(limit.wait(cost, now)))
