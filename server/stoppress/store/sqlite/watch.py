"""A watch over the files of an open store: others may delete, replace or damage them."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from stoppress.errors import StoreUnavailable
from stoppress.store.sqlite.files import beside
from stoppress.store.sqlite.marks import Mark, state_of


class FileWatch:
    """Notices what others do to the files of an open store.

    Args:
        path: the database. Its log and its shared memory exist.
        db: the connection of the store. Each method runs between its transactions.
        lock: the open lock file, which gets the marks.
    """

    def __init__(self, path: Path, db: sqlite3.Connection, lock: BinaryIO) -> None:
        self._files = (path, beside(path, "-wal"), beside(path, "-shm"))
        self._db = db
        self._lock = lock
        self._shared_memory = os.open(self._files[2], os.O_RDONLY)
        self._identity = self._identify()
        self.changed_by_others = False
        """Whether another program has written to the files since the last check of their content began."""
        self._state = self._read_state()
        self.note()

    def close(self) -> None:
        """Close what the watch has opened. Closing this file releases SQLite's locks on it, so close `db` first."""
        os.close(self._shared_memory)

    def require(self) -> None:
        """Raise `StoreUnavailable` if a file was deleted or replaced: whatever is written would be gone later."""
        if self._identify() != self._identity:
            raise StoreUnavailable(
                f"A file of the store {self._files[0]} was deleted, moved or replaced while the node was running. "
                "Stop the node, put the files back or restore a backup, and start the node."
            )
        self.changed_by_others |= self._read_state() != self._state

    def note(self) -> None:
        """Take everything that has happened to the files since `require` as the store's own work."""
        self._state = self._read_state()
        with suppress(OSError):  # without a mark, a start notices less
            Mark.of(self._files[0], self._shared_memory).write(self._lock.fileno())

    def forget_log(self) -> None:
        """Remove the mark of the log. Call this before the log is emptied."""
        with suppress(OSError):
            Mark(state_of(self._files[0])).write(self._lock.fileno())

    def _identify(self) -> list[tuple[int, int] | None]:
        return [(status.st_dev, status.st_ino) if status else None for status in map(_status, self._files)]

    def _read_state(self) -> list[int | None]:
        times = [status and status.st_mtime_ns for status in map(_status, self._files[:2])]
        (commits_of_others,) = self._db.execute("PRAGMA data_version").fetchone()
        return [*times, commits_of_others]


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None
