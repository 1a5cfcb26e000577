"""The cost of a burst: many short entries at once, as after a goal or a verdict."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

from loadtest.bench.servers import Stoppress
from loadtest.bench.turns import PAUSE_SECONDS, readers_of

SINGLES = 40
"""Entries that are published one by one before the burst, for comparison."""


class BurstCost(NamedTuple):
    """The results of one measurement."""

    seconds: float
    """Seconds in which the burst was published."""
    single: float
    """Microseconds of CPU per entry and reader for single entries."""
    burst: float
    """Microseconds of CPU per entry and reader in the burst."""
    first: float
    """Median seconds from publication until the last reader had the first entry of the burst."""
    single_last: float
    """Median seconds from publication until the last reader had a single entry."""
    complete: bool
    """Whether every reader got every entry of the burst without a gap."""


def measure_burst(server: Stoppress, folder: Path, number: int, entries: int) -> BurstCost:
    """Publish short entries, first with pauses and then all at once."""
    with readers_of(server, folder) as readers:
        readers.open(number)
        readers.mark()
        cpu = server.cpu()
        for _ in range(SINGLES):
            readers.publishing()
            server.flood(1)
            time.sleep(PAUSE_SECONDS)
        single, before = (server.cpu() - cpu) / number / SINGLES, readers.report()
        readers.ask("check")
        readers.mark()
        cpu = server.cpu()
        readers.publishing()
        seconds = server.flood(entries)
        time.sleep(0.5)
        burst = (server.cpu() - cpu) / number / entries
        came, report = readers.entries(), readers.report()
    complete = came == (entries, entries, 0) and report.closed == 0
    return BurstCost(seconds, single * 1e6, burst * 1e6, report.last50, before.last50, complete)
