"""A watch over the files of an open store: others may delete, replace or damage them."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from stoppress.errors import StoreUnavailable
from stoppress.store.sqlite.files import beside


class FileWatch:
    """Notices what others do to the files of an open store.

    Args:
        path: the database. Its log and its shared memory exist.
        db: the connection of the store. Each method runs between its transactions.
    """

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        self._files = (path, beside(path, "-wal"), beside(path, "-shm"))
        self._db = db
        self._identity = self._identify()
        self.changed_by_others = False
        """Whether another program has written to the files since the last check of their content began."""
        self._state = self._read_state()

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
