"""The messages that readers get (see docs/reference/protocol.md)."""

from __future__ import annotations

from msgspec import Raw, Struct, field


class Update(Struct, tag="update", tag_field="type", kw_only=True, omit_defaults=True):
    """A live delivery, catch-up or reset. Its raw parts are already in the encoding of the message."""

    blog: str
    from_: str | None = field(name="from")
    """The cursor that a client must have to apply this update; None makes it a reset."""
    cursor: str
    header: Raw | None = None
    entries: list[Raw]
    more: bool = False
    older: str | None = None


class ShownEntry(Struct, kw_only=True, omit_defaults=True):
    """An entry for readers that show what they get: what a client must know of it, and its article."""

    id: str
    seq: int
    version: int
    status: str
    published_at: str | None = None
    key: bool = False
    breaking: bool = False
    corrected: bool = False
    tags: list[str] = []
    html: str


class ShownHeader(Struct, omit_defaults=True):
    """The fields of a header that a client needs in addition to the markup."""

    headline: str
    status: str
    language: str
    dir: str
    """The direction of its script, for the attribute of this name."""
    timezone: str | None = None


class ShownUpdate(Struct, tag="update", tag_field="type", kw_only=True, omit_defaults=True):
    """An `Update` for readers that show what they get."""

    blog: str
    from_: str | None = field(name="from")
    cursor: str
    header: ShownHeader | None = None
    parts: dict[str, str] = {}
    """The markup of what is around the entries, by the names of the page's parts: what has changed."""
    entries: list[ShownEntry]
    more: bool = False
    older: str | None = None


class Beat(Struct, tag="beat", tag_field="type"):
    """A sign of life on a silent connection, with the cursor of the blog."""

    cursor: str


class Retry(Struct, tag="retry", tag_field="type"):
    """A request to reconnect after a uniformly random time of `min` to `max` milliseconds."""

    min: int
    max: int


class SampleRequest(Struct, tag="sample", tag_field="type"):
    """A request to say when updates were painted, or not to say it any longer."""

    answer: bool


class Close(Struct, tag="close", tag_field="type"):
    """The last message of an event stream that would fail if it came again in the same way."""

    code: int
    """The close code that a WebSocket gets."""
    reason: str


class Page(Struct, kw_only=True, omit_defaults=True):
    """A page of entries, newest first; `older` or `newer` is the address of the next page."""

    blog: str
    cursor: str
    entries: list[Raw]
    older: str | None = None
    newer: str | None = None


class ShownPage(Struct, kw_only=True, omit_defaults=True):
    """A `Page` for readers that show what they get, with the links to other pages."""

    blog: str
    cursor: str
    parts: dict[str, str]
    entries: list[ShownEntry]
    older: str | None = None
    newer: str | None = None
