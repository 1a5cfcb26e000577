"""What it costs that readers come, are there, and come back after all were dropped."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

from loadtest.bench.servers import BenchServer
from loadtest.bench.turns import readers_of


class Connecting(NamedTuple):
    connect: float
    """Microseconds of CPU for one that connects and gets 2 KB."""
    again: float
    """The same when all come back at once, with what closing them took."""
    seconds: float
    """How long it took until all were back and had their 2 KB."""
    idle: float
    """Kilobytes of resident memory for one that is there."""


def connecting(server: BenchServer, folder: Path, number: int) -> Connecting:
    """Of a server that runs and has no readers."""
    server.returning()
    with readers_of(server, folder) as readers:
        readers.open(200, server.first_frames)  # what is made once is made
        readers.close_all()
        time.sleep(0.5)
        cpu, resident = server.cpu(), server.resident()
        readers.open(number, server.first_frames)
        connect = (server.cpu() - cpu) / number
        time.sleep(1)
        idle = (server.resident() - resident) / number
        cpu = server.cpu()
        readers.close_all()
        seconds = readers.open(number, server.first_frames)
        again = (server.cpu() - cpu) / number
    return Connecting(connect * 1e6, again * 1e6, seconds, idle / 1024)
