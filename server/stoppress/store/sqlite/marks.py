"""A mark of what the log of a store has had, in the lock file.

SQLite takes a log that was cut off for one that ends there, and a lost log for none. Both lose writes that were
answered. The mark is written after each commit and not synced: after a power cut it may say less, but never too much.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import NamedTuple, Self

_LENGTH = 128
"""Each mark overwrites the one before, so all have one length in bytes."""


class Mark(NamedTuple):
    """The state of the log of a database when the mark was made."""

    database: str
    """The state of the database file, see `state_of`."""
    log: str = "-"
    """The salts of the log in hexadecimal, which tell it from earlier and later logs."""
    frames: int = 0
    """Frames in the log, or 0 if the database had all of them."""

    @classmethod
    def read(cls, lock: Path) -> Self | None:
        """Return the mark in a lock file, or None if there is none."""
        try:
            database, log, frames = lock.read_text("ascii").split()
            return cls(database, log, int(frames))
        except (OSError, ValueError):
            return None

    @classmethod
    def of(cls, database: Path, shared_memory: int) -> Self:
        """Return the mark for now; `shared_memory` is a descriptor of the `-shm` file (https://sqlite.org/walformat.html)."""
        header = os.pread(shared_memory, 100, 0)
        (frames,), (copied,) = struct.unpack("=I", header[16:20]), struct.unpack("=I", header[96:100])
        return cls(state_of(database), header[32:40].hex(), frames if copied < frames else 0)

    def write(self, lock: int) -> None:
        """Write the mark to the descriptor of a lock file. Raises `OSError`."""
        os.pwrite(lock, " ".join(map(str, self)).ljust(_LENGTH - 1).encode() + b"\n", 0)


def state_of(path: Path) -> str:
    """Return a text that changes when a file is replaced or written to. Raises `OSError`."""
    status = path.stat()
    return f"{status.st_dev}:{status.st_ino}:{status.st_mtime_ns}:{status.st_size}"
