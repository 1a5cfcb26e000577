"""Deadlines of connections from which something is expected, counted in ticks: setting one needs no clock."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Protocol

TICK_SECONDS = 0.25
"""How often it is looked for those who take too long."""


class Expected(Protocol):
    """A connection from which something is expected."""

    def too_slow(self) -> None:
        """Its deadline has passed, and is no longer set."""


class Deadlines:
    def __init__(self) -> None:
        self._tick = 0
        self._due: dict[Expected, int] = {}

    def __iter__(self) -> Iterator[Expected]:
        return iter(tuple(self._due))

    def set(self, who: Expected, ticks: int) -> None:
        """From now on; in place of the one that was set."""
        self._due[who] = self._tick + ticks

    def extend(self, who: Expected, ticks: int) -> None:
        """The one that was set, if it still is."""
        if who in self._due:
            self._due[who] += ticks

    def clear(self, who: Expected) -> None:
        self._due.pop(who, None)

    async def watch(self) -> None:
        """Tell those who take too long, until cancelled."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._tick += 1
            for one in [one for one, due in self._due.items() if due < self._tick]:
                del self._due[one]
                one.too_slow()
