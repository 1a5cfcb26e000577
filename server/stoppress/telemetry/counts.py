"""What a node counts: plain numbers, made into metrics only when somebody asks for them.

The fan-out is measured in microseconds. So nothing is counted for a single reader of a delivery; what is counted
there is counted once for a change and all readers with one encoding. What can be seen in the state (how many readers
there are, how many of them are slow) is not counted at all.

Keys are words of the code, never of a request: they are few.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Sequence

FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of buckets, in seconds."""

MAX_BELIEVED_SECONDS = 60.0
"""The longest way between two nodes that is believed; beyond, it is their clocks that differ."""


TRANSPORTS = ("websocket", "sse", "long_poll")
ORIGINS = ("here", "elsewhere")
CATCH_UPS = ("opening", "nothing", "catch_up", "reset", "page")
REJECTIONS = (
    "address_full",
    "body_too_slow",
    "broken_frame",
    "draining",
    "full",
    "head_too_long",
    "head_too_slow",
    "late",
    "malformed_cursor",
    "message_too_long",
    "no_descriptors",
    "no_such_blog",
    "no_websocket",
    "store_unavailable",
    "too_many_handshakes",
    "too_many_messages",
    "too_many_writes",
)
"""Why somebody may be refused or sent away, as `Counts.count_rejection` is told."""


class Histogram:
    """How often something took how long.

    Args:
        bounds: upper bounds of the buckets, ascending, in seconds; what is longer than the last is counted, too.
    """

    __slots__ = ("bounds", "buckets", "sum")

    def __init__(self, bounds: Sequence[float] = FAST) -> None:
        self.bounds = bounds
        self.buckets = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def add(self, seconds: float) -> None:
        self.buckets[bisect_left(self.bounds, seconds)] += 1
        self.sum += seconds

    @property
    def count(self) -> int:
        return sum(self.buckets)


class Counts:
    """One node's, since it started."""

    def __init__(self) -> None:
        self.changes = _zeros(ORIGINS)
        """By where they were made."""
        self.deliveries = _zeros(TRANSPORTS)
        """By transport."""
        self.open: Counter[str] = Counter()
        """Readers that wait now, by transport, where no hub knows of them: `sse`, `long_poll`."""
        self.publish_to_write = Histogram()
        self.publish_to_receive = Histogram()
        self.catch_ups = _zeros(CATCH_UPS)
        """By kind."""
        self.slow = 0
        self.resets = 0
        self.gaps_repaired = 0
        self.put_back = 0
        """Changes that the store had lost."""
        self.rejections = _zeros(REJECTIONS)
        """By reason."""
        self.requests: Counter[tuple[str, str, int]] = Counter()
        """By method, pattern of the route and status."""
        self.store: defaultdict[str, Histogram] = defaultdict(Histogram)
        """How long the store took, by operation."""
        self.store_errors: Counter[str] = Counter()
        """By operation."""
        self.lag = Histogram()
        """How late the event loop was."""

    def count_rejection(self, reason: str) -> None:
        """Somebody was not let in, or sent away; `reason` is one of `REJECTIONS`."""
        self.rejections[reason] += 1

    def received(self, sent_at: float) -> None:
        """A change came from another node that committed it at `sent_at`, Unix time by its clock."""
        self.publish_to_receive.add(min(max(0.0, time.time() - sent_at), MAX_BELIEVED_SECONDS))


def _zeros(keys: Sequence[str]) -> Counter[str]:
    """A counter that has all keys from the start: Prometheus does not see the step from nothing to 1."""
    return Counter(dict.fromkeys(keys, 0))
