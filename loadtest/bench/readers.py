"""Thousands of readers of one server: a client for the program `readers.c`."""

from __future__ import annotations

import mmap
import struct
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from loadtest.bench.machine import LOAD_CORE, compile_program, pin_to_core

ENTRIES = 4096
"""The maximum number of entries of a measurement, as in readers.c."""


class Report(NamedTuple):
    """The frames since the last `mark`. Times are seconds from publication until a reader had the entry."""

    frames: int
    bytes: int
    fewest: int
    """The number of frames of the reader with the fewest."""
    most: int
    p50: float
    p99: float
    maximum: float
    last50: float
    """The median of the times until the last reader had the entry."""
    last99: float
    closed: int


class EntryCounts(NamedTuple):
    """The entries per reader since `check`, and the gaps between updates."""

    fewest: int
    most: int
    gaps: int


class BenchReaders:
    """The readers of one server.

    Args:
        folder: for compiled programs.
        port: the port of the server on 127.0.0.1.
        request: the bytes of the handshake.
        hello: the bytes that each reader sends after its first frame.
    """

    def __init__(self, folder: Path, port: int, request: bytes, hello: bytes = b"") -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - lives as long as this object
        self._file.truncate(ENTRIES * 8)
        self._published = mmap.mmap(self._file.fileno(), ENTRIES * 8)
        self._count = 0
        shared = f"/proc/self/fd/{self._file.fileno()}"
        self._process = subprocess.Popen(
            pin_to_core(LOAD_CORE, [compile_program("readers", folder), "127.0.0.1", str(port), shared]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=[self._file.fileno()],
        )
        self.ask(f"request {request.hex()}")
        if hello:
            self.ask(f"hello {hello.hex()}")

    def ask(self, command: str) -> list[str]:
        """Send a command of readers.c, and return the words of its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().split()
        if not answer or answer[0] == "unknown":
            raise RuntimeError(f"readers.c failed at the command {command!r}: {answer}")
        return answer[1:]

    def open(self, number: int, frames: int = 1) -> float:
        """Open more readers, and wait until each has `frames` frames. Returns the seconds that it took."""
        return float(self.ask(f"open {number} {frames}")[0])

    def mark(self) -> None:
        """Forget all frames; the next one of each reader is that of the next `publishing`."""
        self._count = 0
        self._published[:] = bytes(ENTRIES * 8)
        self.ask("mark")

    def publishing(self) -> None:
        """Record the time of publication of the next entry."""
        struct.pack_into("d", self._published, self._count * 8, time.monotonic())
        self._count += 1

    def wait(self, frames: int, seconds: float = 30) -> bool:
        """Wait until every reader has `frames` frames since `mark`. Returns False after `seconds`."""
        return self.ask(f"wait {frames} {seconds}") == ["1"]

    def report(self) -> Report:
        answer = self.ask("report")
        frames, bytes_, fewest, most = map(int, answer[:4])
        p50, p99, maximum, last50, last99 = map(float, answer[4:9])
        return Report(frames, bytes_, fewest, most, p50, p99, maximum, last50, last99, int(answer[9]))

    def entries(self) -> EntryCounts:
        return EntryCounts(*map(int, self.ask("entries")))

    def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        self._file.close()
