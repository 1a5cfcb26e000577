"""Read figures of processes from the operating system."""

from __future__ import annotations

import os
import time
from pathlib import Path

SAMPLE_SECONDS = 0.02


class Slowdown:
    """How much longer than on an idle machine a computation took, over some samples."""

    def __init__(self) -> None:
        self._samples: list[float] = []

    def sample(self) -> None:
        """Compute for some milliseconds of this process's own time."""
        started, used = time.perf_counter(), time.process_time()
        while time.process_time() - used < SAMPLE_SECONDS:
            pass
        self._samples.append((time.perf_counter() - started) / SAMPLE_SECONDS)

    @property
    def factor(self) -> float:
        """The factor for limits that were measured on an idle machine; at least 1."""
        return max(1.0, *self._samples)


def resident(pid: int) -> int:
    """Return the bytes of memory that a process uses."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def open_files(pid: int) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def children(pid: int) -> list[int]:
    """Return the ids of the processes that the main thread of a process has started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
