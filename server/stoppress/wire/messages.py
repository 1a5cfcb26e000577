"""The messages that readers get (docs/reference/protocol.md), and the limits of what they may send."""

from __future__ import annotations

from msgspec import Raw, Struct, field


class Update(Struct, tag="update", tag_field="type", kw_only=True, omit_defaults=True):
    """Live delivery, catch-up and reset. The raw parts are in the encoding of the message they are put in."""

    blog: str
    from_: str | None = field(name="from")
    """The cursor that the client must have for this to fit; None makes it a reset."""
    cursor: str
    header: Raw | None = None
    entries: list[Raw]
    more: bool = False
    older: str | None = None


class Beat(Struct, tag="beat", tag_field="type"):
    cursor: str


class Retry(Struct, tag="retry", tag_field="type"):
    """Wait a uniformly random time between `min` and `max` milliseconds, then connect again."""

    min: int
    max: int


class Page(Struct, kw_only=True, omit_defaults=True):
    """Entries from further down, newest first; `older` is the address of the next page."""

    blog: str
    cursor: str
    entries: list[Raw]
    older: str | None = None
