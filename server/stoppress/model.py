"""The parts of a blog: header, entries, cursors and changes (see docs/reference/protocol.md).

Fields without a value are `None` or empty here and are left out of everything that is sent.
Times are text: RFC 3339, UTC, milliseconds (`2020-10-09T06:12:00.000Z`), so that they sort as text.
The limits below bind what is stored already: widen them, never tighten them.
"""

from __future__ import annotations

import base64
import re
import secrets
from datetime import UTC, datetime
from typing import Annotated, Literal, NamedTuple

from msgspec import Meta, Struct

from stoppress.errors import MalformedCursor

HEADER = "header"
"""The item id of a blog's header; entries have UUIDs."""

BLOG_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$"

Line = Annotated[str, Meta(min_length=1, max_length=500)]
Paragraph = Annotated[str, Meta(min_length=1, max_length=5_000)]
Url = Annotated[str, Meta(pattern=r"^https?://[^\s\x00-\x20\x7f-\xa0\ufeff]+$(?!\n)", max_length=2_000)]
"""White space is spelled out because regular expressions differ on it, and `$` alone allows a last newline."""
Pixels = Annotated[int, Meta(ge=1, le=100_000)]
Tags = Annotated[list[Annotated[str, Meta(min_length=1, max_length=100)]], Meta(max_length=50)]

EntryStatus = Literal["draft", "scheduled", "published", "retracted"]
BlogStatus = Literal["scheduled", "live", "paused", "ended"]


class Cursor(NamedTuple):
    """A place in a blog's line of changes: the seq of a change and its random tag."""

    seq: int
    tag: str

    def __str__(self) -> str:
        return f"{self.seq}-{self.tag}" if self.seq else "0"

    @classmethod
    def parse(cls, text: str, field: str = "since") -> Cursor:
        """Read a cursor as clients send it back.

        Raises:
            MalformedCursor: the text cannot have come from a server.
        """
        if text == "0":
            return START
        match = _CURSOR.fullmatch(text)
        if match is None:
            raise MalformedCursor(text, field)
        return cls(int(match[1]), match[2])


_CURSOR = re.compile(r"([1-9][0-9]{0,14})-([0-9A-Za-z]{1,32})", re.ASCII)

START = Cursor(0, "")
"""The cursor before the first change."""


def new_tag() -> str:
    """64 random bits in base32, lower case, 13 characters."""
    return base64.b32encode(secrets.token_bytes(8)).decode().rstrip("=").lower()


class Item(NamedTuple):
    """A header or an entry as a store keeps it. `seq` is 0 while readers may not see it."""

    id: str
    seq: int
    version: int
    body: bytes
    """A `Header` or a `StoredEntry` in JSON; the truth for seq and version is beside it, not in it."""


class Segment(NamedTuple):
    """A piece of a blog's line: its tags after one cursor, and every item whose newest change lies in it.

    `after=START` makes it the whole blog.
    """

    after: Cursor
    tags: tuple[str, ...]
    """The tag of each change after `after`, in order."""
    items: tuple[Item, ...]
    """Ascending by seq, each once, in its newest state; in a committed write also drafts, with seq 0."""

    @property
    def cursor(self) -> Cursor:
        """The cursor of the last change in it."""
        return Cursor(self.after.seq + len(self.tags), self.tags[-1]) if self.tags else self.after


class Person(Struct, omit_defaults=True, forbid_unknown_fields=True):
    name: Line
    url: Url | None = None


class Source(Struct, omit_defaults=True, forbid_unknown_fields=True):
    name: Line
    url: Url | None = None


class Link(Struct, forbid_unknown_fields=True):
    title: Line
    url: Url


class Media(Struct, omit_defaults=True, forbid_unknown_fields=True):
    type: Literal["image", "video", "audio", "embed"]
    url: Url
    alt: Annotated[str, Meta(max_length=2_000)] | None = None
    caption: Paragraph | None = None
    credit: Line | None = None
    width: Pixels | None = None
    height: Pixels | None = None


class Correction(Struct):
    text: str
    at: str


class Entry(Struct, kw_only=True, omit_defaults=True):
    """An entry as readers get it. A retracted one has nothing but its tombstone's fields."""

    id: str
    seq: int = 0
    version: int
    status: EntryStatus
    title: str | None = None
    html: str | None = None
    text: str | None = None
    authors: list[Person] = []
    key: bool | None = None
    pinned: bool | None = None
    breaking: bool | None = None
    tags: list[str] = []
    source: Source | None = None
    media: list[Media] = []
    published_at: str | None = None
    updated_at: str | None = None
    event_at: str | None = None
    corrections: list[Correction] = []
    retracted_at: str | None = None
    note: str | None = None


class StoredEntry(Entry, kw_only=True, omit_defaults=True):
    """An entry as editors get it and stores keep it: with what readers are not shown."""

    markdown: str | None = None
    publish_at: str | None = None


class Header(Struct, kw_only=True, omit_defaults=True):
    blog: str
    seq: int = 0
    headline: str
    standfirst: str | None = None
    status: BlogStatus
    language: str | None = None
    timezone: str | None = None
    coverage_start: str | None = None
    coverage_end: str | None = None
    url: str | None = None
    image: Media | None = None
    authors: list[Person] = []
    tags: list[str] = []
    pinned: str | None = None
    related: list[Link] = []


def timestamp(at: datetime | None = None) -> str:
    """A time as it is sent and stored; now, if none is given. `at` must be aware.

    Raises:
        OverflowError: `at` leaves the years 1 to 9999 when it is turned to UTC.
    """
    at = (at or datetime.now(UTC)).astimezone(UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z".rjust(24, "0")
