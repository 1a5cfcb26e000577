"""Faults of a server's machine: its wall clock is off, or its disk is full. `machine.c` does the work."""

from __future__ import annotations

import ctypes
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOURCE = Path(__file__).with_name("machine.c")


def build_library(folder: Path) -> Path:
    """Compile `machine.c` for LD_PRELOAD. Exit with advice if there is no compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        sys.exit(
            "gcc is missing; it builds the library that moves clocks and fills disks: apt-get install gcc libc6-dev"
        )
    library = folder / "machine.so"
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"], check=True)
    return library


@contextmanager
def preloaded_library() -> Iterator[None]:
    """Build the library, and preload it into the processes that this one starts in the block."""
    before = os.environ.get("LD_PRELOAD")
    with tempfile.TemporaryDirectory(prefix="machine-") as folder:
        os.environ["LD_PRELOAD"] = str(build_library(Path(folder)))
        try:
            yield
        finally:
            del os.environ["LD_PRELOAD"]
            if before is not None:
                os.environ["LD_PRELOAD"] = before


class Machine:
    """The machine of one server. Without the preloaded library its faults have no effect, and `require` says so."""

    def __init__(self, control: Path) -> None:
        self.control = control
        self._set(0.0, 0.0)

    @staticmethod
    def require() -> None:
        """Raise `RuntimeError` if servers of this process would run without the library."""
        if "machine.so" not in os.environ.get("LD_PRELOAD", ""):
            raise RuntimeError(
                "this fault needs the library of loadtest/chaos/stage/machine.c; start it with `make chaos`"
            )

    def move_clock(self, seconds: float) -> None:
        """Set the wall clock of the server's processes forward, or back if negative."""
        self.require()
        self._set(seconds, 0.0)

    def fill_disk(self, share: float) -> None:
        """Let a share of the writes that make a file longer fail with ENOSPC."""
        self.require()
        self._set(0.0, share)

    def repair(self) -> None:
        """Make the clock right and the disk empty."""
        self._set(0.0, 0.0)

    def _set(self, seconds: float, full: float) -> None:
        with self.control.open("r+b" if self.control.exists() else "wb") as file:  # it is mapped: write in place
            file.write(struct.pack("dd", seconds, full))


def control_machine(control: str) -> None:
    """Put this process on the machine of a control file, if the library is there."""
    if "machine.so" in os.environ.get("LD_PRELOAD", ""):
        ctypes.CDLL(None).machine_control(control.encode())
