"""The counters of a node: plain numbers, which become metrics only at a scrape.

A delivery takes microseconds per reader. So nothing is counted for single readers of a delivery, only once for a change
and all readers with one encoding. Figures that can be read from the state (the number of readers, or of slow readers)
are not counted at all.

Keys come from the code, never from a request, so there are only a few.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import product

_BUCKET_BOUNDS_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_MAX_RECEIVE_SECONDS = 60.0
"""Maximum plausible seconds from one node to another; a longer time means that their clocks differ."""


_TRANSPORTS = ("websocket", "sse", "long_poll")
_ORIGINS = ("here", "elsewhere")
_WAYS = ("stream", "channel")
_OUTCOMES = ("done", "repeated", "rejected", "failed")
_ATTEMPTS = ("delivered", "failed", "given_up")
_CATCH_UPS = ("opening", "nothing", "catch_up", "reset", "page")
REJECTIONS = tuple(
    "address_full answer_unread body_too_slow broken_frame draining full head_too_long head_too_slow late "
    "malformed_cursor message_too_long no_descriptors no_such_blog no_websocket not_allowed store_unavailable "
    "token_needed too_many_guesses too_many_handshakes too_many_messages too_many_writes wrong_origin".split()
)
"""The reasons for rejecting or disconnecting a client."""

BLOG_WORK = ("apply", "audit", "beat", "repair", "schedule")
"""Work of a node for one blog that may fail because of that blog."""


class Histogram:
    """A histogram of durations.

    Args:
        bounds: upper bounds of the buckets in seconds, ascending; longer durations have a bucket of their own.
    """

    __slots__ = ("bounds", "buckets", "sum")

    def __init__(self, bounds: Sequence[float] = _BUCKET_BOUNDS_SECONDS) -> None:
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
    """The counters of one node since its start."""

    def __init__(self) -> None:
        self.changes = _zeros(_ORIGINS)
        self.deliveries = _zeros(_TRANSPORTS)
        self.open: Counter[str] = Counter()
        """Readers that are connected now and not known to a hub, by transport: `sse`, `long_poll`."""
        self.publish_to_write = Histogram()
        self.publish_to_receive = Histogram()
        self.catch_ups = _zeros(_CATCH_UPS)
        self.slow = 0
        self.resets = 0
        self.gaps_repaired = 0
        self.put_back = 0
        """Changes that the store had lost and that were restored."""
        self.blog_errors = _zeros(BLOG_WORK)
        self.rejections = _zeros(REJECTIONS)
        self.requests: Counter[tuple[str, str, int]] = Counter()
        """Requests by method, route pattern and status."""
        self.inbox = Counter(dict.fromkeys(product(_WAYS, _OUTCOMES), 0))
        """Messages through Redis by way and outcome."""
        self.inbox_errors = _zeros(_WAYS)
        self.webhooks = _zeros(_ATTEMPTS)
        """Attempts to deliver events to receivers of webhooks, and events that were given up."""
        self.store: defaultdict[str, Histogram] = defaultdict(Histogram)
        self.store_errors: Counter[str] = Counter()
        self.lag = Histogram()

    def count_rejection(self, reason: str) -> None:
        """Count a rejected or disconnected client; `reason` is one of `REJECTIONS`."""
        self.rejections[reason] += 1

    def count_store_error(self, operation: str) -> None:
        """Count a failed operation of the store."""
        self.store_errors[operation] += 1

    def received(self, sent_at: float) -> None:
        """Count a change from another node, which committed it at `sent_at` (Unix time in seconds by its clock)."""
        self.publish_to_receive.add(min(max(0.0, time.time() - sent_at), _MAX_RECEIVE_SECONDS))


def _zeros(keys: Sequence[str]) -> Counter[str]:
    """Return a counter with all keys set to 0: Prometheus does not see an increase from a missing sample to 1."""
    return Counter(dict.fromkeys(keys, 0))
