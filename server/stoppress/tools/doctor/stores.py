"""The doctor's checks of the stores, of blogs and of images: what `serve` rejects, and what would only show later."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from stoppress.errors import MediaUnavailable
from stoppress.media.names import new_id
from stoppress.media.storage import MediaStorage, storage_from
from stoppress.settings import Settings
from stoppress.store.select import store_from
from stoppress.store.sqlite.store import SQLiteStore
from stoppress.tools.doctor.finding import Finding, fail, ok, run_each, warn
from stoppress.tools.doctor.redis_checks import RedisCheck

_MIN_DISK_BYTES = 256 * 2**20

_BLOG = "stoppress-doctor"
"""The name of the blog that a file of the doctor belongs to. Nothing else is written there."""

_SQLITE_HEADER = b"SQLite format 3\0"


class StoreCheck:
    """The checks of the store at an address, which a number of workers will use."""

    def __init__(self, url: str, workers: int = 1) -> None:
        self._url = url
        self._workers = workers

    async def findings(self) -> AsyncIterator[Finding]:
        """Run all checks for this kind of store."""
        store = store_from(self._url)
        if isinstance(store, SQLiteStore):
            for finding in _sqlite(store, SQLiteStore.path_of(self._url)):
                yield finding
        else:
            async for finding in RedisCheck(self._url, self._workers).findings():
                yield finding


def _sqlite(store: SQLiteStore, path: Path) -> Iterator[Finding]:
    folder = path.resolve().parent
    if not folder.is_dir():
        yield fail("sqlite", f"the folder {folder} does not exist; create it, writable for the node's user")
        return
    checks = {"sqlite": lambda: _file(store, path), "drafts": lambda: _readers(path), "disk": lambda: _disk(folder)}
    yield from run_each(checks)


def _file(store: SQLiteStore, path: Path) -> Iterator[Finding]:
    folder = path.resolve().parent
    files = (folder, path, path.with_name(f"{path.name}.lock"))
    unwritable = [str(file) for file in files if file.exists() and not os.access(file, os.R_OK | os.W_OK)]
    if path.is_dir():
        yield fail("sqlite", f"{path} is a folder; name a file in it, as in sqlite:{path}/stoppress.db")
    elif unwritable:
        text = f"this user cannot read and write {', '.join(unwritable)}"
        yield fail("sqlite", f"{text}; give the store a folder that belongs to the node's user, with all files in it")
    elif path.exists() and path.stat().st_size and not _is_sqlite(path):
        yield fail("sqlite", f"{path} is not an SQLite file; name another file, or restore a backup to this one")
    else:
        yield _content(store, path)


def _content(store: SQLiteStore, path: Path) -> Finding:
    if not path.exists():
        return ok("sqlite", f"{path} can be created")
    try:
        store.check()
    except TimeoutError:
        text = f"{path} is too large for a check of its whole content"
        return warn("sqlite", f"{text}; `stoppress backup FILE` checks everything that it copies")
    return ok("sqlite", f"{path} is writable and undamaged")


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_SQLITE_HEADER)) == _SQLITE_HEADER


def _readers(path: Path) -> Iterator[Finding]:
    blogs = (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm"))
    if public := [str(file) for file in blogs if file.exists() and file.stat().st_mode & 0o004]:
        yield warn("drafts", f"every user of this machine can read {', '.join(public)}; run chmod o= on them")


def _disk(folder: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(folder).free
    if free < _MIN_DISK_BYTES:
        text = f"only {free / 2**20:,.0f} MiB are free at {folder}"
        yield fail("disk", f"{text}; free some space, a full disk stops all writes")
    else:
        yield ok("disk", f"{free / 2**30:,.1f} GiB are free")


async def check_media(node: Settings) -> AsyncIterator[Finding]:
    """Check the storage of images that a setting names. Raises `StartError` if the setting is wrong.

    The default is a directory beside the store, which has been checked.
    """
    storage = storage_from(node.media, node.read_store()) if node.media else None
    if storage is not None:
        yield await _tried(storage)


async def _tried(storage: MediaStorage) -> Finding:
    """Write a file, read it and delete it."""
    name, content = f"{new_id()}-1.png", b"stoppress doctor"
    try:
        await storage.put(_BLOG, name, content)
        found = await storage.open(_BLOG, name)
        read = b"".join([piece async for piece in found.pieces]) if found else b""
        await storage.delete(_BLOG, [name])
    except MediaUnavailable as error:
        reason = str(error.__cause__).partition("\n")[0]
        return fail("media", f"images cannot be stored: {reason}; check STOPPRESS_MEDIA, and the rights of the node")
    if read != content:
        return fail("media", "a file that was written could not be read again; check STOPPRESS_MEDIA")
    return ok("media", "images can be written, read and deleted")
