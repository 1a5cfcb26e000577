"""The common parts of all measurements: readers of a server, and turns in which it publishes entries."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loadtest.bench.readers import BenchReaders, Report
from loadtest.bench.servers import BenchServer

PAUSE_SECONDS = 0.05
"""Seconds between entries."""


@contextmanager
def readers_of(server: BenchServer, folder: Path) -> Iterator[BenchReaders]:
    """Return a client for readers of a server; the readers end with the block."""
    readers = BenchReaders(folder, server.port, server.request(), server.hello)
    try:
        yield readers
    finally:
        readers.stop()


def turn(
    server: BenchServer, readers: BenchReaders, entries: int, pause: float = PAUSE_SECONDS
) -> tuple[float, Report]:
    """Publish entries with pauses. Returns the CPU seconds of the server and the report of the readers."""
    readers.mark()
    server.publish()  # warms up the caches
    readers.wait(1)
    time.sleep(2 * pause)
    readers.mark()
    gc.collect()
    cpu, due = server.cpu(), time.monotonic()
    for _ in range(entries):
        due += pause
        readers.publishing()
        server.publish()
        time.sleep(max(0.0, due - time.monotonic()))
    readers.wait(entries, 5)
    return server.cpu() - cpu, readers.report()
