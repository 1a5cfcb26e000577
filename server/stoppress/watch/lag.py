"""How late the event loop is: everything that a node does waits that long, too."""

from __future__ import annotations

import asyncio
import time

from stoppress.watch.counts import Histogram

EVERY_SECONDS = 0.25


async def watch_lag(lag: Histogram) -> None:
    """Sleep and look how much longer it took, until cancelled."""
    while True:
        due = time.monotonic() + EVERY_SECONDS
        await asyncio.sleep(EVERY_SECONDS)
        lag.add(max(0.0, time.monotonic() - due))
