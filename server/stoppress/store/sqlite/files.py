"""The files of the embedded store: the database, its write-ahead log, and the lock of the process that uses them."""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO

from stoppress.errors import StartError, StoreDamaged
from stoppress.store.sqlite import integrity, schema
from stoppress.store.sqlite.marks import Mark, state_of

RESTORED = ".restored"
"""The end of the name of a complete copy that is to replace the store."""

log = logging.getLogger("stoppress.store")


def beside(path: Path, end: str) -> Path:
    """Return the path with something added to its name: `-wal` and `-shm` are SQLite's, the rest is ours."""
    return path.with_name(path.name + end)


class StoreFiles:
    """The files of the store at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()  # SQLite's other files are beside the file that a link leads to

    @contextmanager
    def locked(self) -> Iterator[BinaryIO]:
        """Keep other processes from using the store. Give the lock file, which also has the mark of the log.

        Raises:
            StartError: another process uses it, or the folder is not writable.
        """
        with self._explained():
            lock = os.fdopen(os.open(beside(self.path, ".lock"), os.O_RDWR | os.O_CREAT, 0o666), "r+b", buffering=0)
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StartError(
                    f"the store {self.path} is in use by another stoppress; stop that, or use another file with --store"
                ) from error
            yield lock

    def open(self) -> sqlite3.Connection:
        """Open the database for writing; create or migrate it. Call this only within `locked`.

        Raises:
            StartError: the file cannot be used, or is damaged.
        """
        with self._explained():
            self.finish_restore()
            try:
                self.check()
            except TimeoutError:
                log.warning("store_not_checked", extra={"path": str(self.path), "seconds": integrity.CHECK_SECONDS})
            if not self.path.exists():
                self.path.touch(0o600)  # drafts are not for other users; SQLite makes its other files alike
            db = schema.connect(str(self.path))
            try:
                for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
                    db.execute(f"PRAGMA {pragma}")
                schema.migrate(db)
            except BaseException:
                db.close()
                raise
        return db

    def check(self, seconds: float = integrity.CHECK_SECONDS) -> None:
        """Check the whole content of the files. This only reads, also beside a node.

        Raises:
            StartError: the file cannot be used, or is damaged; the message is that of `open`.
            TimeoutError: the check took longer than `seconds`.
        """
        with self._explained():
            mark = Mark.read(beside(self.path, ".lock"))
            if not _size(self.path):
                if mark or _size(beside(self.path, "-wal")):
                    raise StoreDamaged(f"it had blogs and has none; to start with none, delete {self.path.name}*")
                return
            self._check_log(mark)
            with closing(self.connect_to_read()) as db:
                integrity.check(db, seconds)

    def _check_log(self, mark: Mark | None) -> None:
        log, advice = beside(self.path, "-wal"), f"to start with what is left, delete {self.path.name}.lock"
        frames = integrity.check_log(log)
        if mark is None or not mark.frames:
            return
        if frames is None and mark.database == state_of(self.path):
            raise StoreDamaged(f"its log {log.name} is gone; {advice}")
        if frames and frames.log == mark.log and frames.complete < mark.frames:
            raise StoreDamaged(f"{log.name} has {frames.complete} of {mark.frames} frames; {advice}")

    def finish_restore(self) -> Path | None:
        """Put a restored store, if there is one, in place of the one before. Call this only within `locked`.

        Returns the path under which the store before is kept, or None if there is none. If the process is killed in the
        middle, the next call does the rest.
        """
        restored = beside(self.path, RESTORED)
        if not restored.exists():
            return None
        made_at = restored.stat().st_mtime_ns
        stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(made_at / 1e9))
        kept = beside(self.path, f".before-restore-{stamp}-{made_at // 1_000_000 % 1000:03d}")
        for end in ("", "-wal"):
            if beside(self.path, end).exists():
                beside(self.path, end).rename(beside(kept, end))
        beside(self.path, "-shm").unlink(missing_ok=True)
        sync_folder(self.path)
        restored.replace(self.path)
        sync_folder(self.path)
        return kept if kept.exists() else None

    def connect_to_read(self) -> sqlite3.Connection:
        """Open the database without changing any file. Raises `sqlite3.Error`."""
        mode = "mode=ro" if beside(self.path, "-wal").exists() else "immutable=1"
        return schema.connect(f"{self.path.absolute().as_uri()}?{mode}", uri=True)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn errors into a `StartError` that says what to do."""
        try:
            yield
        except StoreDamaged as error:
            raise self._damaged(error) from error
        except TimeoutError:
            raise
        except (OSError, sqlite3.Error) as error:
            if isinstance(error, sqlite3.Error) and integrity.is_damage(error):
                raise self._damaged(error) from error
            reason = getattr(error, "strerror", None) or error
            advice = "use a file in a writable folder with --store sqlite:PATH"
            raise StartError(f"cannot write to the store {self.path}: {reason}; {advice}") from error

    def _damaged(self, error: Exception) -> StartError:
        advice = "restore a backup with `stoppress restore FILE`, or use another file with --store sqlite:PATH"
        return StartError(f"cannot write to the store {self.path}: it is damaged or not a store ({error}); {advice}")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def sync_folder(path: Path) -> None:
    """Make the names in the folder of a file durable. Raises `OSError`."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
