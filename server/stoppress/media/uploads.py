"""Images on their way in. Their bytes are in files without a name, so they are not in the memory of this process."""

from __future__ import annotations

import os
import tempfile
from types import TracebackType
from typing import IO

from stoppress.errors import TooManyUploads, UploadTooLarge
from stoppress.media.containers import HEAD_BYTES
from stoppress.media.limits import MAX_BYTES_IN_PROGRESS, MAX_UPLOAD_BYTES


class Uploads:
    """Counts the bytes of all uploads in progress."""

    def __init__(self) -> None:
        self._bytes = 0

    def begin(self) -> Upload:
        """Return a new upload, which is a context manager."""
        return Upload(self)

    def take(self, size: int) -> None:
        """Count bytes of an upload. Raises `TooManyUploads` if there are too many of all."""
        if self._bytes + size > MAX_BYTES_IN_PROGRESS:
            raise TooManyUploads()
        self._bytes += size

    def give_back(self, size: int) -> None:
        """Forget the bytes of an upload that has ended."""
        self._bytes -= size


class Upload:
    """One image on its way in."""

    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads
        self.file = anonymous_file("upload")
        self.size = 0
        self.head = b""
        """The first bytes, as many as `containers.kind_of` needs."""

    def __enter__(self) -> Upload:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.file.close()
        self._uploads.give_back(self.size)

    def write(self, piece: bytes) -> None:
        """Add bytes. Raises `UploadTooLarge` and `TooManyUploads`; the bytes are not added then."""
        if self.size + len(piece) > MAX_UPLOAD_BYTES:
            raise UploadTooLarge(MAX_UPLOAD_BYTES)
        self._uploads.take(len(piece))
        self.size += len(piece)
        self.head += piece[: HEAD_BYTES - len(self.head)]
        self.file.write(piece)


def anonymous_file(name: str) -> IO[bytes]:
    """Return a file without a place in a file system. The kernel deletes it when nobody has it open."""
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create(f"stoppress-{name}", os.MFD_CLOEXEC), "w+b", buffering=0)  # noqa: PTH123
    return tempfile.TemporaryFile(buffering=0)
