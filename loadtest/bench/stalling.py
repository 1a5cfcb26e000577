"""The cost of readers that stop reading while much is published, and their effect on the others."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

from loadtest.bench.servers import WORDS, Stoppress
from loadtest.bench.turns import PAUSE_SECONDS, readers_of, turn

ENTRIES = 60
"""Entries for measuring the other readers."""


class StallCost(NamedTuple):
    """The results of one measurement."""

    kilobytes: float
    """Growth of resident memory per stalled reader, including the growth of the blog itself."""
    before: float
    """Seconds from publication until 99 % of the other readers had an entry, before the stall."""
    during: float
    """Seconds from publication until 99 % of the other readers had an entry, during the stall."""
    complete: bool
    """Whether all stalled readers got everything after the stall, except for one whose connection was reset."""


def measure_stall(server: Stoppress, folder: Path, number: int, stalled: int, megabytes: int) -> StallCost:
    """Let `stalled` of `number` readers stop reading while `megabytes` are published."""
    with readers_of(server, folder) as others, readers_of(server, folder) as idle:
        others.open(number - stalled)
        idle.open(stalled)
        idle.ask("check")
        published = ENTRIES + 1
        before = turn(server, others, ENTRIES)[1].p99
        resident = server.resident()
        idle.ask(f"stall {stalled}")
        published += _publish(server, megabytes * 1_000_000)
        grown = (server.resident() - resident) / stalled
        published += ENTRIES + 1
        during = turn(server, others, ENTRIES)[1].p99
        idle.ask("reset 1")
        idle.ask("resume")
        complete = False
        for _ in range(600):  # each reader must first get all that was published
            time.sleep(0.1)
            came = idle.entries()
            complete = came == (published, published, 0)
            if complete:
                break
    return StallCost(grown / 1024, before, during, complete)


def _publish(server: Stoppress, size: int) -> int:
    """Publish entries that are `size` bytes for readers. Returns the number of entries."""
    paragraph = " ".join(WORDS * 20)
    each = 2 * len(paragraph)  # readers get html and text
    for number in range(size // each):
        server.call("POST", "/api/blogs/bench/entries", {"html": f"<p>{number} {paragraph}</p>"})
        time.sleep(PAUSE_SECONDS / 2)
    return size // each
