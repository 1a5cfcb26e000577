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


class Beat(Struct, tag="beat", tag_field="type"):
    """A sign of life on a silent connection, with the cursor of the blog."""

    cursor: str


class Retry(Struct, tag="retry", tag_field="type"):
    """A request to reconnect after a uniformly random time of `min` to `max` milliseconds."""

    min: int
    max: int


class Page(Struct, kw_only=True, omit_defaults=True):
    """A page of older entries, newest first; `older` is the address of the next page."""

    blog: str
    cursor: str
    entries: list[Raw]
    older: str | None = None
