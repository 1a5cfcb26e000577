"""Whether a reader may connect, whichever way it came: one function decides.

It is asked for every handshake, when a node was restarted by all its readers at once. So it is a few comparisons.
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
from stoppress.wire.messages import Retry

log = logging.getLogger("stoppress.admission")

SAMPLES = 4
"""The lag is the least of so many samples, a second's: one long task is no overload."""

MAX_LAG = 0.25
"""Seconds. With more, those who are here wait longer than they should, and nobody else is taken in."""

BURST_SECONDS = 1.0
"""How much of the handshake rate may come at once."""

LOG_SECONDS = 10.0
"""How often refusals are summed up in the log."""

Seat = Callable[[], None]
"""A reader's place on the node; to be called once, when the reader is gone."""


class NotAdmitted(NamedTuple):
    """Why a reader may not connect, and when to try again."""

    kind: str
    """As `Counts.count_rejection` is told."""
    reason: str
    retry: Retry

    def retry_after(self) -> str:
        """Whole seconds for `Retry-After`, other ones for each who asks."""
        return str(math.ceil(random.uniform(self.retry.min, self.retry.max) / 1000))  # noqa: S311, no secret


DRAINING = NotAdmitted("draining", "this node is being stopped: connect to another one", Retry(min=500, max=5_000))
FULL = NotAdmitted("full", "this node has as many readers as it may have", Retry(min=5_000, max=30_000))
ADDRESS_FULL = NotAdmitted("address_full", "there are too many readers from this address", Retry(min=5_000, max=30_000))
TOO_MANY_HANDSHAKES = NotAdmitted("too_many_handshakes", "too many readers come at once", Retry(min=500, max=5_000))
OVERLOADED = NotAdmitted("late", "this node has more to do than it can", Retry(min=1_000, max=10_000))

REASONS = tuple(not_admitted.kind for not_admitted in (DRAINING, FULL, ADDRESS_FULL, TOO_MANY_HANDSHAKES, OVERLOADED))


class Limits(NamedTuple):
    """What a node takes; 0 is no limit."""

    readers: int = 0
    readers_per_address: int = 0
    handshakes: float = 0
    """In a second."""


class Admission:
    """See the module's docstring.

    Args:
        limits: what is taken.
        counts: gets the refusals.
        time: the clock of the event loop, in seconds.
    """

    def __init__(self, limits: Limits, counts: Counts, time: Callable[[], float]) -> None:
        self.readers = 0
        """Who is connected, by WebSocket, event stream and long poll."""
        self.draining = False
        """Whether the node is being stopped; nobody is taken in any more."""
        self.lag = 0.0
        """How late the event loop is, in seconds."""
        self._counts = counts
        self._time = time
        self._summed_up: Counter[str] = Counter()
        self._summed_up_at = time()
        self._most = limits.readers or math.inf
        self._most_of_one = limits.readers_per_address
        self._cost = 1 / limits.handshakes if limits.handshakes else 0.0
        self._paid_until = 0.0
        self._addresses: Counter[str] = Counter()
        self._seat: Seat = self._leave  # the same object for all who are not counted by address
        self._samples: deque[float] = deque([0.0] * SAMPLES, SAMPLES)

    @property
    def counts_addresses(self) -> bool:
        """Whether `enter` has to be told an address."""
        return self._most_of_one > 0

    def enter(self, address: str = "") -> Seat | NotAdmitted:
        """Take a reader in, or say why not.

        Args:
            address: what readers are counted by, see `addresses.py`.
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
        if self.lag > MAX_LAG:
            return OVERLOADED
        if self._most_of_one and self._addresses[address] >= self._most_of_one:
            return ADDRESS_FULL
        return TOO_MANY_HANDSHAKES if self._cost and not self._afford() else None

    def _afford(self) -> bool:
        now = self._time()
        paid_until = max(self._paid_until, now) + self._cost
        if paid_until - now > BURST_SECONDS:
            return False
        self._paid_until = paid_until
        return True

    def _leave(self) -> None:
        self.readers -= 1

    def _leave_address(self, address: str) -> None:
        self.readers -= 1
        self._addresses[address] -= 1
        if not self._addresses[address]:
            del self._addresses[address]

    def late(self, seconds: float) -> None:
        """Take a sample of how late the event loop is; from time to time, sum up refusals in the log."""
        self._samples.append(seconds)
        self.lag = min(self._samples)
        now = self._time()
        if now - self._summed_up_at >= LOG_SECONDS:
            rejections = Counter({reason: self._counts.rejections[reason] for reason in REASONS})
            if news := rejections - self._summed_up:
                log.warning("readers_refused", extra={**news, "seconds": round(now - self._summed_up_at, 1)})
            self._summed_up, self._summed_up_at = rejections, now
