"""Deletes files that nothing names any more. An intent in the store survives a crash between a write and a deletion.

Before an item is erased, or a blog deleted, its uploads are noted. After that, the files that no other item of the blog
names are deleted, and then the note. Notes that are left over, of this node or another one, are found by a look a
minute. Once an hour, one node looks for files of more than a day that nothing names.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from stoppress.errors import BlogNotFound, MediaUnavailable, StoreUnavailable, VersionConflict
from stoppress.media.names import is_file_name, upload_of, uploads_in
from stoppress.media.storage import MediaStorage, StoredFile
from stoppress.model import Item
from stoppress.store.accounts.port import MAX_WRITES, RecordWrite
from stoppress.store.past.port import Version
from stoppress.store.port import Store

ERASED, SWEEP = "media_erased", "media_sweep"
"""Kinds of records: the notes, and the turn of the node that sweeps."""

_ALL = "*"
"""In a note, in place of the id of an upload: all uploads of a deleted blog."""

LOOK_SECONDS = 60.0
"""Time between two looks for notes that are left over, and the age from which a note is."""

SWEEP_SECONDS = 3_600.0

UNUSED_SECONDS = 24 * 3_600.0
"""The age from which a file that nothing names is deleted."""

_WAIT_SECONDS = 2.0
"""The time that an erasing write waits for its files to be deleted. After that, it goes on in the background."""

_MAX_VERSIONS = 1_000
_SLICE_ITEMS = 200
"""Items in which uploads are looked for before other work has a turn."""

log = logging.getLogger("stoppress.media")


class MediaCleaner:
    """See the module's docstring.

    Args:
        storage: keeps the files.
        store: keeps the blogs, and the notes.
        now: returns the store's time as Unix time in seconds.
    """

    def __init__(self, storage: MediaStorage, store: Store, now: Callable[[], float]) -> None:
        self._storage = storage
        self._store = store
        self._now = now
        self._tasks: set[asyncio.Task[None]] = set()
        self.deleted = 0
        """Files deleted so far."""

    @property
    def is_busy(self) -> bool:
        """Whether files are being deleted in the background after a write."""
        return bool(self._tasks)

    # Writes

    @asynccontextmanager
    async def erasing(self, blog: str, items: Sequence[str]) -> AsyncIterator[None]:
        """Surround a write that erases or removes items of a blog: their files go with them.

        Raises:
            BlogNotFound, StoreUnavailable
        """
        uploads: set[str] = set()
        for item_id in items:
            item = await self._store.item(blog, item_id)
            versions = await self._store.past.versions(blog, item_id, limit=_MAX_VERSIONS)
            uploads |= _mentioned(blog, [item] if item else [], versions)
        await self._note(blog, uploads)
        yield
        if uploads:
            await self._soon(self._clean(blog, uploads))

    @asynccontextmanager
    async def deleting(self, blog: str) -> AsyncIterator[None]:
        """Surround the deletion of a blog: all of its files go with it. Raises `StoreUnavailable`."""
        await self._note(blog, [_ALL])
        yield
        await self._soon(self._clean(blog, {_ALL}))

    async def _note(self, blog: str, uploads: Iterable[str]) -> None:
        body = f"{self._now():.3f}".encode()
        writes = [RecordWrite(ERASED, f"{blog}/{upload}", body) for upload in sorted(uploads)]
        for begin in range(0, len(writes), MAX_WRITES):
            await self._store.accounts.write(writes[begin : begin + MAX_WRITES])

    async def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        """Do work now, or in the background if it takes longer. What fails is done again at the next look."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await asyncio.wait([task], timeout=_WAIT_SECONDS)

    async def _clean(self, blog: str, uploads: set[str]) -> None:
        """Delete files after a write that may have been done, and then the notes about them."""
        try:
            await self._delete_unnamed(blog, uploads, self._now())
            await self._forget(blog, uploads)
        except (StoreUnavailable, MediaUnavailable) as error:
            log.warning("media_not_deleted_yet", extra={"blog": blog, "error": str(error)})

    # Notes that are left over, and files that nothing has ever named

    async def run(self) -> None:
        """Look for what is left over, until cancelled."""
        try:
            while True:
                try:
                    await self.look()
                    await self.sweep()
                except (StoreUnavailable, MediaUnavailable) as error:
                    log.warning("media_look_failed", extra={"error": str(error)})
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            for task in self._tasks:
                task.cancel()

    async def look(self) -> None:
        """Do what notes say that are older than `LOOK_SECONDS`."""
        after = ""
        while records := await self._store.accounts.records(ERASED, after):
            after = records[-1].id
            for record in records:
                blog, _, upload = record.id.partition("/")
                noted = float(record.body)
                if self._now() - noted >= LOOK_SECONDS:
                    await self._follow(blog, upload, noted)

    async def _follow(self, blog: str, upload: str, noted: float) -> None:
        try:
            await self._delete_unnamed(blog, {upload}, noted)
        except StoreUnavailable as error:  # it may concern this blog alone; the note stays
            log.warning("media_not_deleted_yet", extra={"blog": blog, "error": str(error)})
        else:
            await self._forget(blog, {upload})

    async def sweep(self) -> None:
        """Delete old files that no item names, if no node has done so within the last hour."""
        turn = RecordWrite(SWEEP, "turn", b"", expected=0, expires=self._now() + SWEEP_SECONDS)
        try:
            await self._store.accounts.write([turn])
        except VersionConflict:
            return
        for blog in await self._storage.blogs():
            try:
                await self._sweep_blog(blog)
            except StoreUnavailable as error:
                log.warning("media_not_swept", extra={"blog": blog, "error": str(error)})

    async def _sweep_blog(self, blog: str) -> None:
        named = await self._named(blog)
        if named is None:
            return  # a deletion has a note; a store that does not have the blog may not be the right one
        limit = self._now() - UNUSED_SECONDS
        newest: defaultdict[str, float] = defaultdict(float)
        files = await self._storage.files(blog)
        for file in files:
            newest[upload_of(file.name)] = max(newest[upload_of(file.name)], file.modified)
        old = [one for one in files if newest[upload_of(one.name)] < limit and upload_of(one.name) not in named]
        await self._delete(blog, old)

    # Both

    async def _delete_unnamed(self, blog: str, uploads: set[str], before: float) -> None:
        """Delete the files of uploads that no item names.

        If the blog was deleted and created again, delete those that were written before the deletion.
        """
        named = await self._named(blog)
        is_all = _ALL in uploads
        files = [one for one in await self._storage.files(blog) if is_all or upload_of(one.name) in uploads]
        if named is not None:
            files = [one for one in files if upload_of(one.name) not in named]
        if named is not None and is_all:
            files = [one for one in files if one.modified < before]
        await self._delete(blog, files)

    async def _delete(self, blog: str, files: Sequence[StoredFile]) -> None:
        names = [one.name for one in files if is_file_name(one.name)]
        if names:
            await self._storage.delete(blog, names)
            self.deleted += len(names)
            log.info("media_deleted", extra={"blog": blog, "files": len(names)})

    async def _named(self, blog: str) -> set[str] | None:
        """Return the uploads that items of a blog name, drafts included; None if the blog does not exist."""
        try:
            items = [*(await self._store.read(blog)).items, *await self._store.drafts(blog)]
        except BlogNotFound:
            return None
        named: set[str] = set()
        for begin in range(0, len(items), _SLICE_ITEMS):
            named |= _mentioned(blog, items[begin : begin + _SLICE_ITEMS])
            await asyncio.sleep(0)
        return named

    async def _forget(self, blog: str, uploads: Iterable[str]) -> None:
        writes = [RecordWrite(ERASED, f"{blog}/{upload}", None) for upload in sorted(uploads)]
        for begin in range(0, len(writes), MAX_WRITES):
            await self._store.accounts.write(writes[begin : begin + MAX_WRITES])


def _mentioned(blog: str, items: Iterable[Item], versions: Iterable[Version] = ()) -> set[str]:
    bodies = [*(item.body for item in items), *(one.body for one in versions if one.body)]
    return {upload for body in bodies for upload in uploads_in(blog, body)}
