"""`stoppress backup` and `stoppress restore`: copies of an SQLite store."""

from __future__ import annotations

from pathlib import Path

from stoppress.errors import StartError
from stoppress.store.select import store_from
from stoppress.store.sqlite import copies
from stoppress.store.sqlite.store import SQLiteStore


def back_up(store: str, file: Path) -> str:
    """Back up the store at an address, also while a node uses it. Return a line for the terminal.

    Raises:
        StartError: the store is not SQLite or cannot be read, or the file cannot be written.
    """
    path = _path(store)
    copied = copies.back_up(path, file)
    return f"Wrote {file}: {_blogs(copied)} of {path}, {file.stat().st_size / 1e6:,.2f} MB."


def restore(store: str, file: Path) -> str:
    """Replace the store at an address by a backup. Return a line for the terminal.

    Raises:
        StartError: a node uses the store, the store is not SQLite, or the file is not a whole backup.
    """
    path = _path(store)
    copied = copies.restore(file, path)
    kept = f" The store that was there before is now {copied.kept}." if copied.kept else ""
    return f"Restored {path} from {file}: {_blogs(copied)}.{kept}"


def _blogs(copied: copies.Copied) -> str:
    return f"{copied.blogs:,} blog{'' if copied.blogs == 1 else 's'}"


def _path(store: str) -> Path:
    if not isinstance(store_from(store), SQLiteStore):
        raise StartError("these commands are for SQLite; for Redis, see docs/howto/back-up-and-restore.md")
    return SQLiteStore.path_of(store)
