"""The parts of a blog: header, entries, cursors and changes (see docs/reference/protocol.md).

Fields without a value are `None` or empty here and are left out of every message.
Times are text: RFC 3339, UTC, milliseconds (`2020-10-09T06:12:00.000Z`), so that they sort as text.
Stored items already obey the limits below: widen them, but never tighten them.
"""

from __future__ import annotations

import base64
import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, NamedTuple, Self, TypeVar

import msgspec
from msgspec import Meta, Struct

from stoppress.errors import BlogDamaged, MalformedCursor

HEADER = "header"
"""The item id of a blog's header; entries have UUIDs."""

BLOG_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$"

URL_PATTERN = r"^https?://[^\s\x00-\x20\x7f-\xa0\ufeff]+$(?!\n)"
"""Lists white space by hand because regular expressions differ on `\\s`; `$` alone would allow a trailing newline."""

MEDIA_FILE = r"[a-z2-7]{26}-[1-9][0-9]{0,4}\.(avif|jpg|png)"
"""A regular expression for the name of an uploaded file: the id of the upload, the width, and the type."""

MEDIA_URL_PATTERN = (
    rf"^(https?://[^\s\x00-\x20\x7f-\xa0\ufeff]+|/blogs/[A-Za-z0-9][A-Za-z0-9_-]{{0,99}}/media/{MEDIA_FILE})$(?!\n)"
)
"""An address as in `URL_PATTERN`, or that of an uploaded file, which begins with `/`."""

IMAGE_TYPE_PATTERN = r"^image/[a-z0-9][a-z0-9.+-]*$(?!\n)"

Line = Annotated[str, Meta(min_length=1, max_length=500)]
Paragraph = Annotated[str, Meta(min_length=1, max_length=5_000)]
Url = Annotated[str, Meta(pattern=URL_PATTERN, max_length=2_000)]
MediaUrl = Annotated[str, Meta(pattern=MEDIA_URL_PATTERN, max_length=2_000)]
Pixels = Annotated[int, Meta(ge=1, le=100_000)]
Share = Annotated[float, Meta(ge=0, le=1)]
Tags = Annotated[list[Annotated[str, Meta(min_length=1, max_length=100)]], Meta(max_length=50)]

EntryStatus = Literal["draft", "scheduled", "published", "retracted"]
BlogStatus = Literal["scheduled", "live", "paused", "ended"]
Access = Literal["public", "token"]


_Content = TypeVar("_Content")


class Cursor(NamedTuple):
    """A position in a blog's history: the seq of a change and its random tag. Its text is `SEQ-TAG`, or `0`."""

    seq: int
    tag: str

    def __str__(self) -> str:
        return f"{self.seq}-{self.tag}" if self.seq else "0"

    @classmethod
    def parse(cls, text: str, field: str = "since") -> Cursor:
        """Parse a cursor as clients send it back; `field` is the name of the parameter, for the error.

        Raises:
            MalformedCursor: the text does not have the form of a cursor.
        """
        if text == "0":
            return START
        match = _CURSOR.fullmatch(text)
        if match is None:
            raise MalformedCursor(text, field)
        return cls(int(match[1]), match[2])

    @staticmethod
    def new_tag() -> str:
        """Return a tag for a change: 64 random bits as 13 characters of lower-case base32."""
        return base64.b32encode(secrets.token_bytes(8)).decode().rstrip("=").lower()


_CURSOR = re.compile(r"([1-9][0-9]{0,14})-([0-9A-Za-z]{1,32})", re.ASCII)

START = Cursor(0, "")
"""The cursor before the first change."""


class Item(NamedTuple):
    """A header or an entry as a store keeps it. `seq` is 0 as long as readers must not see it."""

    id: str
    seq: int
    version: int
    body: bytes
    """A `Header` or a `StoredEntry` in JSON. Ignore its seq and version: those of the `Item` are valid."""


class Segment(NamedTuple):
    """A part of a blog's history: the tags after one cursor, and every item whose newest change is among them.

    With `after=START` it is the whole blog.
    """

    after: Cursor
    tags: tuple[str, ...]
    """The tag of each change after `after`, in order."""
    items: tuple[Item, ...]
    """Each item once, in its newest state, in ascending order of seq. A committed write also has drafts, with seq 0."""

    @property
    def cursor(self) -> Cursor:
        """The cursor of the last change in the segment, or `after` if there is none."""
        return Cursor(self.after.seq + len(self.tags), self.tags[-1]) if self.tags else self.after


class Person(Struct, omit_defaults=True, forbid_unknown_fields=True):
    """An author of a blog or an entry."""

    name: Line
    url: Url | None = None


class Source(Struct, omit_defaults=True, forbid_unknown_fields=True):
    """The source that an entry cites."""

    name: Line
    url: Url | None = None


class Link(Struct, forbid_unknown_fields=True):
    """A related story."""

    title: Line
    url: Url


class ImageSource(Struct, forbid_unknown_fields=True):
    """The same picture in another size or type. Browsers choose among them."""

    url: MediaUrl
    width: Pixels
    height: Pixels
    type: Annotated[str, Meta(pattern=IMAGE_TYPE_PATTERN, max_length=100)]


class Media(Struct, omit_defaults=True, forbid_unknown_fields=True):
    """A picture, film, sound or embed, by its address."""

    type: Literal["image", "video", "audio", "embed"]
    url: MediaUrl
    alt: Annotated[str, Meta(max_length=2_000)] | None = None
    caption: Paragraph | None = None
    credit: Line | None = None
    width: Pixels | None = None
    height: Pixels | None = None
    sources: Annotated[list[ImageSource], Meta(max_length=20)] = []
    """Other forms of an image, the preferred types first."""
    focus: Annotated[list[Share], Meta(min_length=2, max_length=2)] | None = None
    """The point of an image that matters most: its distance from the left and from the top, as shares of the size."""


class Correction(Struct):
    """A correction of an entry and the time at which it was made."""

    text: str
    at: str


class Entry(Struct, kw_only=True, omit_defaults=True):
    """An entry as readers get it. A retracted entry has only the fields of its tombstone."""

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

    @classmethod
    def of(cls, item: Item) -> Self:
        """Decode an item's body, with the seq and version of the item. Raises `BlogDamaged`."""
        entry = _decoded(item, cls)
        entry.seq, entry.version = item.seq, item.version
        return entry


class StoredEntry(Entry, kw_only=True, omit_defaults=True):
    """An entry as editors get it and stores keep it, with the fields that readers do not get."""

    markdown: str | None = None
    publish_at: str | None = None
    expires_at: str | None = None
    """When the server retracts the entry by itself."""
    created_by: str | None = None
    """The `Identity.id` that created a draft. A contributor may edit only drafts of its own."""
    submitted: bool | None = None
    """Whether the author has submitted a draft to the editors."""
    remark: str | None = None
    """Why an editor has sent a submission back."""
    warnings: list[str] = []
    """Sentences that name what was left out of the body or changed in it."""

    @property
    def due(self) -> float | None:
        """The Unix time in seconds at which the server publishes the entry or retracts it by itself, or None."""
        at = {"scheduled": self.publish_at, "published": self.expires_at}.get(self.status)
        return datetime.fromisoformat(at).timestamp() if at else None

    def tombstone(self, now: str, note: str | None = None) -> StoredEntry:
        """Return what stays of the entry when it is retracted at a time; readers see the note."""
        return StoredEntry(
            id=self.id,
            version=self.version + 1,
            status="retracted",
            published_at=self.published_at,
            retracted_at=now,
            note=note,
        )


class Header(Struct, kw_only=True, omit_defaults=True):
    """The header of a blog: everything about it except its entries."""

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
    summary: list[str] = []
    """The ids of key events, in the order in which readers see them first."""
    related: list[Link] = []

    @classmethod
    def bare(cls, blog: str) -> Self:
        """Return what stands for the header of a blog that has none."""
        return cls(blog=blog, headline=blog, status="live")

    @classmethod
    def of(cls, item: Item) -> Self:
        """Decode an item's body, with the seq of the item. Raises `BlogDamaged`."""
        header = _decoded(item, cls)
        header.seq = item.seq
        return header


class StoredHeader(Header, kw_only=True, omit_defaults=True):
    """A header as editors get it and stores keep it, with the fields that readers do not get."""

    access: Access = "public"
    """Who may read the blog: everybody, or readers with a token."""
    public_from: str | None = None
    """When a blog with `access` token opens for everybody."""
    handover: str | None = None
    """A note of the editors of one shift for those of the next."""

    @property
    def opens_at(self) -> float:
        """The Unix time in seconds from which everybody may read the blog: 0 for a public blog, infinity for never."""
        if self.access == "public":
            return 0.0
        try:
            return datetime.fromisoformat(self.public_from or "").timestamp()
        except ValueError:
            return float("inf")


def _decoded(item: Item, kind: type[_Content]) -> _Content:
    try:
        return msgspec.json.decode(item.body, type=kind)
    except (ValueError, RecursionError) as error:
        raise BlogDamaged(f"Item {item.id[:64]!r}", f"version {item.version} of it cannot be read: {error}") from error


def due_of(item: Item) -> float | None:
    """Return when a visible item expires, as Unix time in seconds, or None. Raises `BlogDamaged`."""
    if item.id == HEADER or b'"expires_at"' not in item.body:  # decoding all entries of a blog would take long
        return None
    return StoredEntry.of(item).due


def timestamp(at: datetime | None = None) -> str:
    """Return a time as text, as it is sent and stored; the current time if `at` is None. `at` must be aware.

    Raises:
        OverflowError: `at` is outside the years 1 to 9999 in UTC.
    """
    at = (at or datetime.now(UTC)).astimezone(UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z".rjust(24, "0")


def later(moment: str) -> str:
    """Return the time, as text, of the millisecond after another one."""
    return timestamp(datetime.fromisoformat(moment) + timedelta(milliseconds=1))
