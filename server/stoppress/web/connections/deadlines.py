"""Deadlines of connections that owe us bytes. They count in ticks, so that setting one reads no clock."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Protocol

from stoppress.web.editors.writes import MAX_BODY_BYTES

_TICK_SECONDS = 0.25
"""Time between two checks for connections that are too slow."""

SILENT_TICKS = 40
"""Deadline for the first byte: 10 seconds. Browsers open connections before they need them."""

HEAD_TICKS = 6
"""Deadline of a head, from its first byte: at most 1.75 seconds."""

BODY_TICKS = 20
"""Deadline of a body: 5 seconds, in addition to the ticks that it earns."""

BYTES_PER_TICK = 1_024
"""A body earns another tick with this many bytes: 4 KB a second is fast enough."""

EARNING_BYTES = MAX_BODY_BYTES
"""Bytes that earn so much: a body without an image takes at most 69 seconds."""

IMAGE_BYTES_PER_TICK = 16 * 1_024
"""Further bytes earn less: an image must come with 64 KB a second."""

IMAGE_EARNING_BYTES = 40 * 1_024 * 1_024
"""Bytes that earn anything, twice those of the largest image. So a body takes at most 12 minutes."""


def earned_ticks(size: int) -> int:
    """Return the ticks that a body has earned with so many bytes."""
    later = max(0, min(size, IMAGE_EARNING_BYTES) - EARNING_BYTES)
    return min(size, EARNING_BYTES) // BYTES_PER_TICK + later // IMAGE_BYTES_PER_TICK


class _Expected(Protocol):
    """A connection that has a deadline."""

    def too_slow(self) -> None:
        """Handle a deadline that has passed. It is no longer set."""


class Deadlines:
    """The deadlines of all connections, at most one for each."""

    def __init__(self) -> None:
        self._tick = 0
        self._due: dict[_Expected, int] = {}

    def __iter__(self) -> Iterator[_Expected]:
        return iter(tuple(self._due))

    def set(self, connection: _Expected, ticks: int) -> None:
        self._due[connection] = self._tick + ticks

    def extend(self, connection: _Expected, ticks: int) -> None:
        """Extend the deadline if it is still set."""
        if connection in self._due:
            self._due[connection] += ticks

    def clear(self, connection: _Expected) -> None:
        self._due.pop(connection, None)

    async def watch(self) -> None:
        """Call `too_slow` of connections whose deadline passes, until cancelled."""
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            self._tick += 1
            for late in [connection for connection, due in self._due.items() if due < self._tick]:
                del self._due[late]
                late.too_slow()
