"""How often a key may be used to write."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from stoppress.telemetry.counts import Counts
from stoppress.web.editors.auth import Key
from stoppress.web.problems import HTTPError
from stoppress.web.rate_limit import RateLimit

_MINUTE = 60.0


class WriteLimit:
    """The same limit for each key. It has as many entries as there are keys.

    Args:
        per_minute: writes that a key may do on this node, on average; a minute's may come at once. 0 is no limit.
        counts: gets those that were too many.
        clock: seconds, from anywhere.
    """

    def __init__(self, per_minute: int, counts: Counts, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._counts = counts
        self._clock = clock
        self._limits: dict[str, RateLimit] = {}

    def count(self, key: Key) -> None:
        """Count one write. Raises `HTTPError` (429)."""
        if not self._per_minute:
            return
        limit = self._limits.setdefault(key.name, RateLimit(_MINUTE))
        cost, now = _MINUTE / self._per_minute, self._clock()
        if limit.spend(cost, now):
            return
        self._counts.count_rejection("too_many_writes")
        wait = max(1, math.ceil(limit.wait(cost, now)))
        raise HTTPError(
            429,
            f"the key {key.name!r} has written {self._per_minute} times within a minute: wait {wait} s, write less",
            {"retry-after": str(wait)},
        )
