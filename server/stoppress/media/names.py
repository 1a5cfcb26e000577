"""The names of uploaded files. They are random, so nobody can guess them.

An upload has an id. Each of its files is `ID-WIDTH.TYPE`, is stored as `BLOG/NAME`, and has the address
`/blogs/BLOG/media/NAME`.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Iterable

from stoppress.errors import BadInput
from stoppress.model import MEDIA_FILE, Media

CONTENT_TYPES = {"avif": "image/avif", "jpg": "image/jpeg", "png": "image/png"}
"""The type of a file by the end of its name."""

_FILE = re.compile(MEDIA_FILE)
_MENTIONED = re.compile(rb"/blogs/([A-Za-z0-9][A-Za-z0-9_-]{0,99})/media/([a-z2-7]{26})-")


def new_id() -> str:
    """Return the id of a new upload: 128 random bits as 26 characters of lower-case base32."""
    return base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()


def is_file_name(name: str) -> bool:
    """Return whether a file can have this name."""
    return _FILE.fullmatch(name) is not None


def upload_of(name: str) -> str:
    """Return the id of the upload that a file belongs to."""
    return name.partition("-")[0]


def content_type(name: str) -> str:
    """Return the type of a file."""
    return CONTENT_TYPES[name.rpartition(".")[2]]


def address(blog: str, name: str) -> str:
    """Return the address of a file on its server."""
    return f"/blogs/{blog}/media/{name}"


def uploads_in(blog: str, body: bytes) -> frozenset[str]:
    """Return the ids of the uploads of a blog that an item names, in its media or anywhere in its text.

    `body` is the item in JSON.
    """
    name = blog.encode()
    return frozenset(upload.decode() for owner, upload in _MENTIONED.findall(body) if owner == name)


def check_owner(blog: str, media: Iterable[Media]) -> None:
    """Raise `BadInput` if media name a file that was uploaded to another blog: it would be deleted with that blog."""
    own = f"/blogs/{blog}/"
    for one in media:
        for url in (one.url, *(source.url for source in one.sources)):
            if url.startswith("/") and not url.startswith(own):
                raise BadInput(f"{url[:200]} belongs to another blog. Upload the image to blog {blog!r}.", "media")
