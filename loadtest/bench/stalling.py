"""Readers that read nothing while much is published: what they cost, and what the others notice."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

from loadtest.bench.servers import WORDS, Stoppress
from loadtest.bench.turns import PAUSE_SECONDS, readers_of, turn

ENTRIES = 60
"""Entries by which the others are measured."""


class Stalling(NamedTuple):
    kilobytes: float
    """By which resident memory grew for each reader that reads nothing, the blog's own growth included."""
    before: float
    during: float
    """Seconds from publication until 99 % of the others had it, before and while some read nothing."""
    complete: bool
    """Whether those who then read get everything in the end, but one that was reset."""


def stalling(server: Stoppress, folder: Path, number: int, stalled: int, megabytes: int) -> Stalling:
    """`stalled` of `number` readers stop to read."""
    with readers_of(server, folder) as others, readers_of(server, folder) as idle:
        others.open(number - stalled)
        idle.open(stalled)
        idle.check()
        published = ENTRIES + 1
        before = turn(server, others, ENTRIES)[1].p99
        resident = server.resident()
        idle.stall(stalled)
        published += _publish(server, megabytes * 1_000_000)
        grown = (server.resident() - resident) / stalled
        published += ENTRIES + 1
        during = turn(server, others, ENTRIES)[1].p99
        idle.reset(1)
        idle.resume()
        complete = False
        for _ in range(600):  # each has to be sent all that was published
            time.sleep(0.1)
            came = idle.entries()
            complete = came == (published, published, 0)
            if complete:
                break
    return Stalling(grown / 1024, before, during, complete)


def _publish(server: Stoppress, size: int) -> int:
    """That many bytes as readers get them. Returns the number of entries."""
    paragraph = " ".join(WORDS * 20)
    each = 2 * len(paragraph)  # as html and as text
    for number in range(size // each):
        server.call("POST", "/api/blogs/bench/entries", {"html": f"<p>{number} {paragraph}</p>"})
        time.sleep(PAUSE_SECONDS / 2)
    return size // each
