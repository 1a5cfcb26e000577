"""The storage of files: a directory, memory, or the objects of S3, Google Cloud Storage or Azure."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from stoppress.errors import MediaUnavailable, StartError
from stoppress.store.select import REDIS_SCHEMES
from stoppress.store.sqlite.store import SQLiteStore

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_CLOUDS = ("s3", "gs", "az")

_PIECE_BYTES = 64 * 1024
"""About the bytes that are read at once."""

_TIMEOUT = timedelta(seconds=20)
_CONNECT_TIMEOUT = timedelta(seconds=3)
_MAX_RETRIES = 2

_MAX_DELETED = 500
"""Files that are deleted with one request, where a cloud can."""

log = logging.getLogger("stoppress.media")


class StoredFile(NamedTuple):
    """A file in the list of a storage."""

    name: str
    """Its name without that of the blog."""
    modified: float
    """The Unix time in seconds at which it was written, by the clock of the storage."""


class OpenFile(NamedTuple):
    """A file that is being read."""

    size: int
    pieces: AsyncIterator[bytes]


class MediaStorage:
    """The files of all blogs. Every method may raise `MediaUnavailable`.

    Args:
        make: returns obstore's store. It is called before the first use.
    """

    def __init__(self, make: Callable[[], ObjectStore]) -> None:
        self._make = make
        self._made: ObjectStore | None = None

    @property
    def _store(self) -> ObjectStore:
        if self._made is None:
            with _reported("open"):
                self._made = self._make()
        return self._made

    async def put(self, blog: str, name: str, data: bytes) -> None:
        """Write a file."""
        with _reported("put"):
            await self._store.put_async(f"{blog}/{name}", data, use_multipart=False)

    async def open(self, blog: str, name: str) -> OpenFile | None:
        """Return a file for reading; None if there is no such file."""
        with _reported("get"):
            try:
                found = await self._store.get_async(f"{blog}/{name}")
            except FileNotFoundError:
                return None
            return OpenFile(found.meta["size"], _pieces(found.stream(min_chunk_size=_PIECE_BYTES)))

    async def size(self, blog: str, name: str) -> int | None:
        """Return the bytes of a file; None if there is no such file."""
        with _reported("head"):
            try:
                return int((await self._store.head_async(f"{blog}/{name}"))["size"])
            except FileNotFoundError:
                return None

    async def delete(self, blog: str, names: Sequence[str]) -> None:
        """Delete files. Those that are not there are no error."""
        for begin in range(0, len(names), _MAX_DELETED):
            paths = [f"{blog}/{name}" for name in names[begin : begin + _MAX_DELETED]]
            with _reported("delete"):
                try:
                    await self._store.delete_async(paths)
                except FileNotFoundError:  # it may have ended the deletion of others
                    for path in paths:
                        await self._delete_one(path)

    async def _delete_one(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            await self._store.delete_async(path)
        with contextlib.suppress(FileNotFoundError):  # some services answer so to requests that they do not know
            await self._store.head_async(path)
            raise OSError(f"{path} is still there after its deletion")

    async def files(self, blog: str) -> list[StoredFile]:
        """Return all files of a blog."""
        found: list[StoredFile] = []
        with _reported("list"):
            async for batch in self._store.list(blog):
                for one in batch:
                    name = one["path"].rpartition("/")[2]
                    found.append(StoredFile(name, one["last_modified"].timestamp()))
        return found

    async def blogs(self) -> list[str]:
        """Return the names of all blogs that have files, also of deleted ones."""
        with _reported("list"):
            found = await self._store.list_with_delimiter_async()
            return sorted(found["common_prefixes"])


async def _pieces(stream: object) -> AsyncIterator[bytes]:
    with _reported("get"):
        async for piece in stream:  # type: ignore[attr-defined]  # its class has no name outside of obstore
            yield bytes(piece)


@contextlib.contextmanager
def _reported(operation: str) -> Iterator[None]:
    """Log what a storage says, and raise `MediaUnavailable` in its place: it may contain what is not for clients."""
    from obstore.exceptions import BaseError

    try:
        yield
    except (BaseError, OSError, ValueError) as error:
        log.warning("media_storage_failed", extra={"operation": operation, "error": str(error)[:500]})
        raise MediaUnavailable() from error


def storage_from(setting: str, store: str) -> MediaStorage | None:
    """Return the storage that a setting names, not yet opened; None if there is none.

    Args:
        setting: `file:PATH`, `memory:`, `s3://BUCKET/PATH`, `gs://BUCKET/PATH`, `az://CONTAINER/PATH` or `off`. Empty:
            a directory beside an SQLite store, and nothing beside Redis.
        store: the address of the store of the blogs.

    Raises:
        StartError: the address is wrong.
    """
    is_shared = store.partition(":")[0] in REDIS_SCHEMES
    if setting == "off" or (not setting and is_shared):
        return None
    setting = setting or f"file:{SQLiteStore.path_of(store)}-media"
    scheme, _, rest = setting.partition(":")
    if scheme == "file" and rest.strip("/"):
        return MediaStorage(lambda: _directory(Path(rest.removeprefix("//"))))
    if setting == "memory:":
        if is_shared:
            raise StartError("STOPPRESS_MEDIA=memory: is for one process; with Redis, name a storage that nodes share")
        return MediaStorage(_memory)
    if scheme in _CLOUDS and rest.startswith("//") and rest.strip("/"):
        return MediaStorage(_checked_cloud(setting))
    raise StartError(
        f"STOPPRESS_MEDIA={setting[:100]} is not a storage; use file:PATH, s3://BUCKET/PATH, gs://BUCKET/PATH, "
        "az://CONTAINER/PATH, memory: or off"
    )


def _directory(path: Path) -> ObjectStore:
    from obstore.store import LocalStore

    path.mkdir(mode=0o700, parents=True, exist_ok=True)  # drafts have images as well
    return LocalStore(path.resolve(), automatic_cleanup=True)


def _memory() -> ObjectStore:
    from obstore.store import MemoryStore

    return MemoryStore()


def _checked_cloud(address: str) -> Callable[[], ObjectStore]:
    """Return what makes a store of a cloud. Make one now, so that a mistake shows at the start."""

    def make() -> ObjectStore:
        from obstore.store import from_url

        is_local = os.environ.get("AWS_ALLOW_HTTP", "").lower() == "true"
        return from_url(
            address,
            client_options={"timeout": _TIMEOUT, "connect_timeout": _CONNECT_TIMEOUT, "allow_http": is_local},
            retry_config={"max_retries": _MAX_RETRIES, "retry_timeout": _TIMEOUT},
        )

    from obstore.exceptions import BaseError

    try:
        make()
    except (BaseError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise StartError(f"STOPPRESS_MEDIA={address[:100]} cannot be used: {reason}") from None
    return make
