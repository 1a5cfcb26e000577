"""The cost of a delivery on several servers side by side."""

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
"""Turns of each server in a round."""


class DeliveryCost(NamedTuple):
    """The results for one server, as medians over all rounds."""

    cpu: float
    """Microseconds of CPU per entry and reader, including the publishing of the entry."""
    ratio: float
    """`cpu` divided by that of the first server in the same round."""
    bytes: float
    """Bytes on the wire per entry and reader."""
    p50: float
    p99: float
    """Percentiles of the seconds from publication until a reader had the entry."""
    last99: float
    """99th percentile of the seconds from publication until the last reader had the entry."""
    complete: bool
    """Whether every reader got every entry in a frame of its own."""


def measure_deliveries(
    servers: Sequence[BenchServer],
    folder: Path,
    readers_each: int,
    rounds: int,
    entries: int,
    pause: float = PAUSE_SECONDS,
) -> dict[BenchServer, DeliveryCost]:
    """Measure all servers. They take many short turns in each round, so that all see the same noise of the machine."""
    cpu: dict[BenchServer, list[float]] = {server: [0.0] * rounds for server in servers}
    reports: dict[BenchServer, list[Report]] = {server: [] for server in servers}
    with ExitStack() as stack:
        readers_by_server = {server: stack.enter_context(readers_of(server, folder)) for server in servers}
        for server, readers in readers_by_server.items():
            readers.open(readers_each, server.first_frames)
        for number in range(rounds * TURNS):
            for server, readers in readers_by_server.items():
                used, report = turn(server, readers, entries, pause)
                cpu[server][number // TURNS] += used / readers_each / entries / TURNS * 1e6
                reports[server].append(report)
    return {
        server: DeliveryCost(
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
