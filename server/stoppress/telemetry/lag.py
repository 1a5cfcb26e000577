"""How late the event loop is: everything that a node does waits that long, too."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

INTERVAL_SECONDS = 0.25


async def watch_lag(late: Callable[[float], None]) -> None:
    """Sleep, look how much longer it took, and tell in seconds, until cancelled."""
    while True:
        due = time.monotonic() + INTERVAL_SECONDS
        await asyncio.sleep(INTERVAL_SECONDS)
        late(max(0.0, time.monotonic() - due))
