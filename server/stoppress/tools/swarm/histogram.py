"""A histogram with buckets that grow by 2 %, so that percentiles are exact to 2 %."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

_GROWTH = math.log(1.02)
_SMALLEST = 1e-5
"""The lowest bucket in seconds. Shorter times count as this."""


class FineHistogram:
    """A histogram of times in seconds.

    Args:
        counts: the count of each bucket, as `counts` of another histogram.
    """

    __slots__ = ("counts",)

    def __init__(self, counts: Mapping[int, int] | None = None) -> None:
        self.counts: Counter[int] = Counter(counts or {})

    def __len__(self) -> int:
        return self.counts.total()

    def add(self, seconds: float, times: int = 1) -> None:
        """Count a time, `times` times."""
        self.counts[int(math.log(seconds / _SMALLEST) / _GROWTH) if seconds > _SMALLEST else 0] += times

    def merge(self, other: FineHistogram) -> None:
        """Add the counts of another histogram."""
        self.counts.update(other.counts)

    def percentile(self, percent: float) -> float:
        """Return a percentile in seconds, at most 2 % too high; 0 if there are no values."""
        rank = len(self) * percent / 100
        passed = 0
        for bucket in sorted(self.counts):
            passed += self.counts[bucket]
            if passed >= rank:
                return _SMALLEST * math.exp((bucket + 1) * _GROWTH)
        return 0.0

    def milliseconds(self) -> dict[str, float]:
        """Return the percentiles of a report in milliseconds."""
        names = {"p50": 50, "p95": 95, "p99": 99, "p99.9": 99.9, "max": 100}
        return {name: round(self.percentile(percent) * 1000, 2) for name, percent in names.items()}
