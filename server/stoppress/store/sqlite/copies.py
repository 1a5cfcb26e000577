"""Backups of the embedded store, and their return."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from stoppress.errors import StartError, StoreDamaged
from stoppress.store.sqlite import integrity
from stoppress.store.sqlite.files import RESTORED, StoreFiles, beside, sync_folder

_CHECK_SECONDS = 24 * 3600.0
"""A copy is checked as a whole, however long it takes."""

_MAGIC = b"SQLite format 3\0"


class Copied(NamedTuple):
    """The outcome of a backup or of its return."""

    blogs: int
    kept: Path | None = None
    """The file of the store that was replaced, if there was one."""


def back_up(store: Path, target: Path) -> Copied:
    """Write a copy of a store, also while a node uses it. An earlier backup is replaced at once, or not at all.

    Raises:
        StartError: the store cannot be read or is damaged, or the target cannot be written or is not a backup.
    """
    store, target = store.resolve(), target.resolve()
    with _explained(store, target):
        _require_file(store)
        if target in [beside(store, end) for end in ("", "-wal", "-shm", ".lock")]:
            raise StartError(f"{target} belongs to the store itself; name another file for the backup")
        if target.exists() and (not target.is_file() or not _begins_like_a_database(target)):
            raise StartError(f"{target} exists and is not a backup; name another file")
        if beside(target, ".lock").exists():
            raise StartError(f"{target} is the store of a node; name another file for the backup")
        return Copied(_copy(store, target))


def restore(backup: Path, store: Path) -> Copied:
    """Replace a store by a backup, and keep the store before under another name.

    The backup stays as it is. A restore that is interrupted has either not begun, or is finished by the next start.

    Raises:
        StartError: a node uses the store, or the backup cannot be read or is damaged.
    """
    backup, store = backup.resolve(), store.resolve()
    _require_file(backup)
    if backup == store:
        raise StartError(f"{backup} is the store itself; name a backup of it")
    files = StoreFiles(store)
    with files.locked(), _explained(backup, store):
        _check(backup)
        blogs = _copy(backup, beside(store, RESTORED), like=store if store.exists() else None)
        return Copied(blogs, files.finish_restore())


def _require_file(path: Path) -> None:
    if not path.is_file() or not path.stat().st_size:
        raise StartError(f"{path} does not exist or is empty; name a file with blogs")


def _begins_like_a_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) in (_MAGIC, b"")


def _copy(source: Path, target: Path, like: Path | None = None) -> int:
    """Copy a database as of one moment, and check the copy. Return the number of blogs in it."""
    integrity.check_log(beside(source, "-wal"))
    with _new_file(target, like) as new:
        with closing(StoreFiles(source).connect_to_read()) as db:
            db.execute("VACUUM INTO ?", (str(new),))
        return _check(new)


def _check(path: Path) -> int:
    """Check a database without a limit of time. Return the number of blogs in it."""
    integrity.check_log(beside(path, "-wal"))
    with closing(StoreFiles(path).connect_to_read()) as db:
        integrity.check(db, _CHECK_SECONDS)
        (blogs,) = db.execute("SELECT count(*) FROM blogs").fetchone()
    return int(blogs)


@contextmanager
def _explained(source: Path, target: Path) -> Iterator[None]:
    """Turn errors into a `StartError` that says what happened."""
    try:
        yield
    except StoreDamaged as error:
        raise StartError(f"cannot copy {source}, because it is damaged: {error}") from error
    except (OSError, sqlite3.Error) as error:
        raise StartError(f"cannot copy {source} to {target}: {getattr(error, 'strerror', None) or error}") from error


@contextmanager
def _new_file(target: Path, like: Path | None) -> Iterator[Path]:
    """Give an empty file to fill; it then becomes `target`, durably. After an error it is removed.

    Nobody else can read it, unless it gets the owner and the mode of `like`.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        yield Path(name)
        if like is not None:
            status = like.stat()
            os.fchmod(descriptor, status.st_mode & 0o777)
            os.fchown(descriptor, status.st_uid, status.st_gid)
        os.fsync(descriptor)
        Path(name).replace(target)
        sync_folder(target)
    finally:
        os.close(descriptor)
        Path(name).unlink(missing_ok=True)
