"""What a delivery costs, of several servers side by side."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple

from loadtest.bench.readers import Report
from loadtest.bench.servers import BenchServer
from loadtest.bench.turns import PAUSE_SECONDS, readers_of, turn

TURNS = 5
"""Of each server in a round."""


class Delivering(NamedTuple):
    """Medians over rounds."""

    cpu: float
    """Microseconds of CPU for one entry and reader, with what publishing it took."""
    ratio: float
    """To the first server, round by round."""
    bytes: float
    """On the wire, for one entry and reader."""
    p50: float
    p99: float
    """Seconds from publication until a reader had it."""
    last99: float
    """Seconds from publication until the last reader had it; the 99th percentile of that."""
    complete: bool
    """Whether every reader got every entry, each by itself."""


def delivering(
    servers: Sequence[BenchServer],
    folder: Path,
    readers_each: int,
    rounds: int,
    entries: int,
    pause: float = PAUSE_SECONDS,
) -> dict[BenchServer, Delivering]:
    """Each round has several turns of each server, short ones, so that all see the same noise of the machine."""
    cpu: dict[BenchServer, list[float]] = {server: [0.0] * rounds for server in servers}
    reports: dict[BenchServer, list[Report]] = {server: [] for server in servers}
    with ExitStack() as stack:
        lines = {server: stack.enter_context(readers_of(server, folder)) for server in servers}
        for server, readers in lines.items():
            readers.open(readers_each, server.first_frames)
        for number in range(rounds * TURNS):
            for server, readers in lines.items():
                used, report = turn(server, readers, entries, pause)
                cpu[server][number // TURNS] += used / readers_each / entries / TURNS * 1e6
                reports[server].append(report)
    return {
        server: Delivering(
            median(cpu[server]),
            median(own / other for own, other in zip(cpu[server], cpu[servers[0]], strict=True)),
            median(report.bytes / max(1, report.frames) for report in reports[server]),
            median(report.p50 for report in reports[server]),
            median(report.p99 for report in reports[server]),
            median(report.last99 for report in reports[server]),
            all(report.fewest == report.most == entries for report in reports[server]),
        )
        for server in servers
    }
