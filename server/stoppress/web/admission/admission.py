"""Admission control: one function decides whether a reader may connect, on any transport.

It runs for every handshake, and after a restart for all readers at once. So it is only a few comparisons.
"""

from __future__ import annotations

import logging
import math
import random
from collections import Counter, deque
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from stoppress.telemetry.counts import Counts
from stoppress.web.rate_limit import RateLimit
from stoppress.wire.messages import Retry

log = logging.getLogger("stoppress.admission")

_SAMPLES = 4
"""The lag is the minimum of this many samples (one second), because one long task is not an overload."""

_MAX_LAG = 0.25
"""Maximum lag in seconds. Above it, connected readers already wait too long, and no new readers are admitted."""

_BURST_SECONDS = 1.0
"""Seconds' worth of the handshake rate that may come at once."""

_LOG_SECONDS = 10.0
"""Seconds between two log lines that sum up rejections."""

Seat = Callable[[], None]
"""Releases the place of a reader on the node; call it once, when the reader is gone."""


class NotAdmitted(NamedTuple):
    """A rejection by admission control: its reason, and when to try again."""

    kind: str
    """One of `telemetry.counts.REJECTIONS`."""
    reason: str
    retry: Retry

    def retry_after(self) -> str:
        """Return whole seconds for `Retry-After`, chosen at random at each call."""
        return str(math.ceil(random.uniform(self.retry.min, self.retry.max) / 1000))  # noqa: S311, no secret


DRAINING = NotAdmitted("draining", "This node is stopping. Connect to another one.", Retry(min=500, max=5_000))
FULL = NotAdmitted(
    "full", "This node has reached its limit of readers. Try again shortly.", Retry(min=5_000, max=30_000)
)
ADDRESS_FULL = NotAdmitted(
    "address_full", "Too many readers from your address. Try again shortly.", Retry(min=5_000, max=30_000)
)
TOO_MANY_HANDSHAKES = NotAdmitted(
    "too_many_handshakes", "Too many readers at once. Try again shortly.", Retry(min=500, max=5_000)
)
OVERLOADED = NotAdmitted("late", "This node is overloaded. Try again shortly.", Retry(min=1_000, max=10_000))

REASONS = tuple(not_admitted.kind for not_admitted in (DRAINING, FULL, ADDRESS_FULL, TOO_MANY_HANDSHAKES, OVERLOADED))


class Limits(NamedTuple):
    """The limits of a node; 0 is no limit."""

    readers: int = 0
    readers_per_address: int = 0
    handshakes: float = 0
    """New readers a second."""


class Admission:
    """Admission control of one node.

    Args:
        limits: the limits of the node.
        counts: counts the rejections.
        time: returns the time of the event loop, in seconds.
    """

    def __init__(self, limits: Limits, counts: Counts, time: Callable[[], float]) -> None:
        self.readers = 0
        """The number of connected readers, over WebSocket, event streams and long polls."""
        self.draining = False
        """Whether the node is stopping; it then admits no readers."""
        self.lag = 0.0
        """The lag of the event loop, in seconds."""
        self._counts = counts
        self._time = time
        self._summed_up: Counter[str] = Counter()
        self._summed_up_at = time()
        self._most = limits.readers or math.inf
        self._most_of_one = limits.readers_per_address
        self._cost = 1 / limits.handshakes if limits.handshakes else 0.0
        self._handshakes = RateLimit(_BURST_SECONDS)
        self._addresses: Counter[str] = Counter()
        self._seat: Seat = self._leave  # one object for all readers that are not counted by address
        self._samples: deque[float] = deque([0.0] * _SAMPLES, _SAMPLES)

    @property
    def counts_addresses(self) -> bool:
        """Whether `enter` needs an address."""
        return self._most_of_one > 0

    def enter(self, address: str = "") -> Seat | NotAdmitted:
        """Admit a reader, or return the reason for rejecting it.

        Args:
            address: the key by which readers are counted, see `Addresses.group`.
        """
        not_admitted = self._check(address)
        if not_admitted is not None:
            self._counts.count_rejection(not_admitted.kind)
            return not_admitted
        self.readers += 1
        if not self._most_of_one:
            return self._seat
        self._addresses[address] += 1
        return partial(self._leave_address, address)

    def _check(self, address: str) -> NotAdmitted | None:
        if self.draining:
            return DRAINING
        if self.readers >= self._most:
            return FULL
        if self.lag > _MAX_LAG:
            return OVERLOADED
        if self._most_of_one and self._addresses[address] >= self._most_of_one:
            return ADDRESS_FULL
        if self._cost and not self._handshakes.spend(self._cost, self._time()):
            return TOO_MANY_HANDSHAKES
        return None

    def _leave(self) -> None:
        self.readers -= 1

    def _leave_address(self, address: str) -> None:
        self.readers -= 1
        self._addresses[address] -= 1
        if not self._addresses[address]:
            del self._addresses[address]

    def late(self, seconds: float) -> None:
        """Add a sample of the event loop's lag, in seconds; every `_LOG_SECONDS`, sum up rejections in the log."""
        self._samples.append(seconds)
        self.lag = min(self._samples)
        now = self._time()
        if now - self._summed_up_at >= _LOG_SECONDS:
            rejections = Counter({reason: self._counts.rejections[reason] for reason in REASONS})
            if news := rejections - self._summed_up:
                log.warning("readers_refused", extra={**news, "seconds": round(now - self._summed_up_at, 1)})
            self._summed_up, self._summed_up_at = rejections, now
