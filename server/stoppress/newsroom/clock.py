"""The clock of the newsroom: the time of the store, which all nodes share, whatever their own clocks say.

So a node with a wrong clock neither publishes scheduled entries too early nor gives new entries a time below older
ones. It still says that its clock is wrong, because logs, certificates and ids use it.
"""

from __future__ import annotations

import asyncio
import logging
import time

from stoppress.errors import StoreUnavailable
from stoppress.store.port import Store

_MEASURE_SECONDS = 10.0
"""Seconds between two measurements."""

MAX_SKEW_SECONDS = 5.0
"""Seconds by which a node's clock may differ from the store's before the node says that it is wrong."""

log = logging.getLogger("stoppress.clock")


class StoreClock:
    """The store's time, as measured last and continued by this machine's monotonic clock."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._offset = time.time() - time.monotonic()
        self.skew = 0.0
        """Seconds by which the node's clock was ahead of the store's at the last measurement."""

    def now(self) -> float:
        """Return the store's time as Unix time in seconds."""
        return time.monotonic() + self._offset

    @property
    def warning(self) -> str | None:
        """A sentence for operators if the clock of this node is wrong, or None."""
        if abs(self.skew) <= MAX_SKEW_SECONDS:
            return None
        direction = "ahead of" if self.skew > 0 else "behind"
        return (
            f"The clock of this node is {abs(self.skew):.0f} s {direction} the store's. The node uses the store's time "
            "for entries. Synchronise the clocks, for example with chrony."
        )

    async def measure(self) -> None:
        """Read the store's time, and log once that the node's clock is wrong. A failure keeps the last measurement."""
        asked_at = time.monotonic()
        try:
            told = await self._store.time()
        except StoreUnavailable as error:
            log.warning("cannot_read_the_time_of_the_store", extra={"error": str(error)})
            return
        answered_at = time.monotonic()
        was_wrong = self.warning is not None
        self._offset = told - (asked_at + answered_at) / 2
        self.skew = time.time() - answered_at - self._offset
        if self.warning is not None and not was_wrong:
            log.error("clock_is_wrong", extra={"seconds": round(self.skew, 1), "advice": self.warning})

    async def watch(self) -> None:
        """Measure regularly until cancelled."""
        while True:
            await asyncio.sleep(_MEASURE_SECONDS)
            await self.measure()
