"""The use cases for images: store one, and read one of its files.

`MediaLibrary.add` is for everything that has the bytes of an image, not only for HTTP.
"""

from __future__ import annotations

import asyncio
import logging
from typing import NamedTuple

from stoppress.errors import MediaUnavailable, NoMediaStorage
from stoppress.media.made import MadeFile, MadeImage
from stoppress.media.names import address, content_type, new_id
from stoppress.media.reencoder import Reencoder
from stoppress.media.storage import MediaStorage, OpenFile
from stoppress.media.uploads import Upload, Uploads
from stoppress.model import HEADER, ImageSource, Media
from stoppress.store.port import Store

log = logging.getLogger("stoppress.media")


class Focus(NamedTuple):
    """The point of an image that matters most, as shares of its width and height, from the left and from the top."""

    x: float
    y: float


class MediaLibrary:
    """The use cases for images.

    Args:
        storage: keeps the files; None: there is none, and every image is rejected.
        store: keeps the blogs.
    """

    def __init__(self, storage: MediaStorage | None, store: Store) -> None:
        self._storage = storage
        self._store = store
        self._reencoder = Reencoder()
        self._uploads = Uploads()

    async def begin(self, blog: str) -> Upload:
        """Return an upload to write an image into; it is a context manager.

        Raises:
            BlogNotFound, StoreUnavailable
            NoMediaStorage: the setting names none.
        """
        if self._storage is None:
            raise NoMediaStorage()
        await self._check_blog(blog)
        return self._uploads.begin()

    async def add(self, blog: str, image: bytes, focus: Focus | None = None) -> Media:
        """Re-encode an image, store its files, and return it for an entry or a header.

        Files that no item of the blog names are deleted after a day.

        Raises:
            ImageRejected, UploadTooLarge, TooManyUploads, MediaUnavailable
            BlogNotFound, StoreUnavailable, NoMediaStorage
        """
        with await self.begin(blog) as upload:
            upload.write(image)
            return await self.finish(blog, upload, focus)

    async def finish(self, blog: str, upload: Upload, focus: Focus | None = None) -> Media:
        """Do the same as `add` with an upload that is complete."""
        made = await self._reencoder.make(upload)
        upload_id = new_id()
        files = {_name(upload_id, one): one for one in (made.fallback, *made.sizes)}
        try:
            for name, file in files.items():
                await self._required.put(blog, name, file.data)
            await self._check_blog(blog)  # it may have been deleted meanwhile
        except BaseException:
            await asyncio.shield(self._discard(blog, list(files)))
            raise
        return _media(blog, upload_id, made, focus)

    async def open(self, blog: str, name: str) -> OpenFile | None:
        """Return a file for reading; None if there is none with this name. Raises `MediaUnavailable`."""
        return await self._storage.open(blog, name) if self._storage else None

    async def size(self, blog: str, name: str) -> int | None:
        """Return the bytes of a file; None if there is none with this name. Raises `MediaUnavailable`."""
        return await self._storage.size(blog, name) if self._storage else None

    @property
    def _required(self) -> MediaStorage:
        if self._storage is None:
            raise NoMediaStorage()
        return self._storage

    async def _check_blog(self, blog: str) -> None:
        """Raise `BlogNotFound` if there is no such blog."""
        await self._store.item(blog, HEADER)

    async def _discard(self, blog: str, names: list[str]) -> None:
        try:
            await self._required.delete(blog, names)
        except MediaUnavailable:
            log.warning("media_not_discarded", extra={"blog": blog})  # the next sweep finds them


def _name(upload: str, file: MadeFile) -> str:
    return f"{upload}-{file.width}.{file.end}"


def _media(blog: str, upload: str, made: MadeImage, focus: Focus | None) -> Media:
    def source(file: MadeFile) -> ImageSource:
        name = _name(upload, file)
        return ImageSource(address(blog, name), file.width, file.height, content_type(name))

    return Media(
        type="image",
        url=address(blog, _name(upload, made.fallback)),
        width=made.fallback.width,
        height=made.fallback.height,
        sources=[source(file) for file in made.sizes],
        focus=None if focus is None else [round(focus.x, 3), round(focus.y, 3)],
    )
