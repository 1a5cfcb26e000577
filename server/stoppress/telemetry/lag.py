"""The lag of the event loop, by which everything that a node does is delayed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

_INTERVAL_SECONDS = 0.25


async def watch_lag(late: Callable[[float], None]) -> None:
    """Measure the lag every `_INTERVAL_SECONDS` and call `late` with it, in seconds, until cancelled."""
    while True:
        due = time.monotonic() + _INTERVAL_SECONDS
        await asyncio.sleep(_INTERVAL_SECONDS)
        late(max(0.0, time.monotonic() - due))
