"""The last deliveries of one blog: how many readers each was for, how many have it, and how long it took.

Counting costs one object for each delivery and nothing for each reader that takes it at once. Only a reader that is not
at the head has a mark: the number of the first delivery that it was connected for and may not have.
"""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from stoppress.model import Cursor

MAX_DELIVERIES = 50
"""Maximum number of deliveries of a blog that are kept."""

ANSWER_SECONDS = 60.0
"""Time after a delivery in which the answers of sampled readers count."""

_GROWTH = math.log(1.03)
"""Each bucket of times ends this much above the one before, so figures are right to 3 %."""


class DeliveredEntry(NamedTuple):
    """A version of an entry that a delivery has brought to readers."""

    id: str
    version: int


class Delivery:
    """One delivery. `received` grows while slow readers catch up."""

    __slots__ = ("at", "cursor", "entries", "moment", "number", "readers", "received", "times")

    def __init__(self, number: int, cursor: Cursor, entries: Sequence[DeliveredEntry], at: float, readers: int) -> None:
        self.number = number
        self.cursor = cursor
        """The cursor that it led to."""
        self.entries = entries
        self.at = at
        """When its first change reached this node, by `time.monotonic`."""
        self.moment: float | None = None
        """The same as Unix time by the store's clock, once somebody has asked for it."""
        self.readers = readers
        """The readers that were connected, over all transports."""
        self.received = 0
        """Those of them whose connections have taken all of it."""
        self.times: Counter[int] | None = None
        """The answers of sampled readers, by `bucket_of` the time."""


def bucket_of(seconds: float) -> int:
    """Return the bucket of a time."""
    return math.ceil(math.log(max(seconds, 1e-4) * 1e4) / _GROWTH)


def seconds_of(bucket: int) -> float:
    """Return the middle of a bucket in seconds."""
    return math.exp((bucket - 0.5) * _GROWTH) / 1e4


class DeliveryLog:
    """See the module's docstring."""

    def __init__(self) -> None:
        self.number = 0
        """The number of the last delivery."""
        self.held: Counter[str] = Counter()
        """The readers whose requests are held, by transport: `events` and `changes`."""
        self.changes = 0
        """A number that grows with every change of a figure."""
        self._log: deque[Delivery] = deque(maxlen=MAX_DELIVERIES)

    def __iter__(self) -> Iterator[Delivery]:
        return iter(self._log)

    def begin(self, cursor: Cursor, entries: Sequence[DeliveredEntry], at: float, readers: int) -> Delivery:
        """Return a new delivery to `readers`, of which none has it yet."""
        self.number += 1
        self.changes += 1
        delivery = Delivery(self.number, cursor, entries, at, readers)
        self._log.append(delivery)
        return delivery

    @property
    def next_mark(self) -> int:
        """The mark of a reader that has all deliveries."""
        return self.number + 1

    def settle(self, mark: int, cursor: Cursor | None) -> int:
        """Count the deliveries that a reader has now, and return its new mark.

        Args:
            mark: the number of the first delivery that it was connected for and did not have.
            cursor: where its connection has led it.
        """
        if mark > self.number or cursor is None:
            return mark
        self.changes += 1
        for delivery in self._log:
            if delivery.number < mark:
                continue
            if delivery.cursor.seq > cursor.seq:
                return delivery.number
            delivery.received += 1
        return self.next_mark

    def enter(self, transport: str) -> int:
        """Count a held request of a reader, and return its mark."""
        self.held[transport] += 1
        return self.next_mark

    def exit(self, transport: str) -> None:
        """Count a held request no longer."""
        self.held[transport] -= 1

    def answered(self, cursor: str, after_seq: int) -> int | None:
        """Take the answer of a sampled reader that it has painted a cursor.

        Args:
            cursor: as it was sent. Anybody may send anything.
            after_seq: answers for deliveries up to this seq do not count.

        Returns:
            The seq of the delivery, or None if the answer does not count.
        """
        for delivery in reversed(self._log):
            if delivery.cursor.seq <= after_seq:
                return None
            if str(delivery.cursor) == cursor:
                seconds = time.monotonic() - delivery.at
                if seconds > ANSWER_SECONDS:
                    return None
                delivery.times = delivery.times or Counter()
                delivery.times[bucket_of(seconds)] += 1
                self.changes += 1
                return delivery.cursor.seq
        return None
