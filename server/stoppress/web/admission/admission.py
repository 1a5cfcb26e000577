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

from stoppress.telemetry.counts import Counts
from stoppress.web.admission.addresses import Addresses
from stoppress.web.problems import HTTPError
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


_REJECTIONS = {
    "draining": ("This node is stopping. Connect to another one.", Retry(min=500, max=5_000)),
    "full": ("This node has reached its limit of readers. Try again shortly.", Retry(min=5_000, max=30_000)),
    "late": ("This node is overloaded. Try again shortly.", Retry(min=1_000, max=10_000)),
    "address_full": ("Too many readers from your address. Try again shortly.", Retry(min=5_000, max=30_000)),
    "too_many_handshakes": ("Too many readers at once. Try again shortly.", Retry(min=500, max=5_000)),
}
"""The text of each rejection, and when to try again; the keys are some of `telemetry.counts.REJECTIONS`."""


class NotAdmitted(HTTPError):
    """A reader is not admitted: 503, unless there is a better answer for its kind of client."""

    def __init__(self, kind: str) -> None:
        detail, self.retry = _REJECTIONS[kind]
        seconds = math.ceil(random.uniform(self.retry.min, self.retry.max) / 1000)  # noqa: S311, no secret
        super().__init__(503, detail, {"retry-after": str(seconds)})
        self.kind = kind


class Admission:
    """Admission control of one node. A limit of 0 means no limit.

    Args:
        addresses: finds the address of a reader.
        counts: counts the rejections.
        time: returns the time of the event loop, in seconds.
        max_readers, max_per_address: connected readers, in all and of one address.
        max_handshakes: new readers a second.
    """

    def __init__(
        self,
        addresses: Addresses,
        counts: Counts,
        time: Callable[[], float],
        max_readers: int = 0,
        max_per_address: int = 0,
        max_handshakes: float = 0,
    ) -> None:
        self.readers = 0
        """The number of connected readers, over WebSocket, event streams and long polls."""
        self.draining = False
        """Whether the node is stopping; it then admits no readers."""
        self.lag = 0.0
        """The lag of the event loop, in seconds."""
        self._addresses = addresses
        self._counts = counts
        self._time = time
        self._summed_up: Counter[str] = Counter()
        self._summed_up_at = time()
        self._max_readers = max_readers or math.inf
        self._max_per_address = max_per_address
        self._cost = 1 / max_handshakes if max_handshakes else 0.0
        self._handshakes = RateLimit(_BURST_SECONDS)
        self._by_address: Counter[str] = Counter()
        self._seat: Seat = self._leave  # one object for all readers that are not counted by address
        self._samples: deque[float] = deque([0.0] * _SAMPLES, _SAMPLES)

    def enter(self, peer: str = "", forwarded_for: str = "", forwarded: str = "") -> Seat:
        """Admit a reader with the peer address and these headers. Raises `NotAdmitted`."""
        address = self._addresses.group(peer, forwarded_for, forwarded) if self._max_per_address else ""
        if kind := self._rejection(address):
            self._counts.count_rejection(kind)
            raise NotAdmitted(kind)
        self.readers += 1
        if not self._max_per_address:
            return self._seat
        self._by_address[address] += 1
        return partial(self._leave_address, address)

    def require_serving(self) -> None:
        """Raise `NotAdmitted` if the node is stopping."""
        if self.draining:
            self._counts.count_rejection("draining")
            raise NotAdmitted("draining")

    def _rejection(self, address: str) -> str | None:
        if self.draining:
            return "draining"
        if self.readers >= self._max_readers:
            return "full"
        if self.lag > _MAX_LAG:
            return "late"
        if self._max_per_address and self._by_address[address] >= self._max_per_address:
            return "address_full"
        if self._cost and not self._handshakes.spend(self._cost, self._time()):
            return "too_many_handshakes"
        return None

    def _leave(self) -> None:
        self.readers -= 1

    def _leave_address(self, address: str) -> None:
        self.readers -= 1
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]

    def late(self, seconds: float) -> None:
        """Add a sample of the event loop's lag, in seconds; every `_LOG_SECONDS`, sum up rejections in the log."""
        self._samples.append(seconds)
        self.lag = min(self._samples)
        now = self._time()
        if now - self._summed_up_at >= _LOG_SECONDS:
            rejections = Counter({reason: self._counts.rejections[reason] for reason in _REJECTIONS})
            if news := rejections - self._summed_up:
                log.warning("readers_refused", extra={**news, "seconds": round(now - self._summed_up_at, 1)})
            self._summed_up, self._summed_up_at = rejections, now
