"""A goal, a verdict: very many short entries at once."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

from loadtest.bench.servers import Stoppress
from loadtest.bench.turns import PAUSE_SECONDS, readers_of

SINGLES = 40


class Bursting(NamedTuple):
    seconds: float
    """How long it took to publish them all."""
    single: float
    """Microseconds of CPU for an entry and reader, one entry after the other."""
    burst: float
    """The same in the burst."""
    first: float
    """Seconds from publication until the last reader had the first entry of the burst."""
    single_last: float
    """The same of the entries before, one after the other."""
    complete: bool
    """Whether every reader got every entry, and each update followed on the one before."""


def bursting(server: Stoppress, folder: Path, number: int, entries: int) -> Bursting:
    """The same short entries with pauses, and all at once."""
    with readers_of(server, folder) as readers:
        readers.open(number)
        readers.mark()
        cpu = server.cpu()
        for _ in range(SINGLES):
            readers.publishing()
            server.flood(1)
            time.sleep(PAUSE_SECONDS)
        single, before = (server.cpu() - cpu) / number / SINGLES, readers.report()
        readers.check()
        readers.mark()
        cpu = server.cpu()
        readers.publishing()
        seconds = server.flood(entries)
        time.sleep(0.5)
        burst = (server.cpu() - cpu) / number / entries
        came, report = readers.entries(), readers.report()
    complete = came == (entries, entries, 0) and report.closed == 0
    return Bursting(seconds, single * 1e6, burst * 1e6, report.last50, before.last50, complete)
