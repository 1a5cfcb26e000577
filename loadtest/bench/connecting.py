"""The cost of readers that connect, stay idle, and come back after a loss of all connections."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

from loadtest.bench.servers import BenchServer
from loadtest.bench.turns import readers_of


class ConnectCost(NamedTuple):
    """The results of one measurement."""

    connect: float
    """Microseconds of CPU per reader that connects and gets 2 KB."""
    again: float
    """Microseconds of CPU per reader when all come back at once, including the close of the old connections."""
    seconds: float
    """Seconds until all readers were back and had their 2 KB."""
    idle: float
    """Kilobytes of resident memory per idle reader."""


def measure_connects(server: BenchServer, folder: Path, number: int) -> ConnectCost:
    """Measure a running server that has no readers yet."""
    server.returning()
    with readers_of(server, folder) as readers:
        readers.open(200, server.first_frames)  # warms up what the server makes only once
        readers.ask("close")
        time.sleep(0.5)
        cpu, resident = server.cpu(), server.resident()
        readers.open(number, server.first_frames)
        connect = (server.cpu() - cpu) / number
        time.sleep(1)
        idle = (server.resident() - resident) / number
        cpu = server.cpu()
        readers.ask("close")
        seconds = readers.open(number, server.first_frames)
        again = (server.cpu() - cpu) / number
    return ConnectCost(connect * 1e6, again * 1e6, seconds, idle / 1024)
