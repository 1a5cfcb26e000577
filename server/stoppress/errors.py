"""Every exception that Stoppress raises on purpose, in one tree.

StoppressError
|-- StartError                 the node cannot start; the command line prints it and exits with 2
|-- BadInput                   what was sent is wrong; says which field and what to do
|   `-- MalformedCursor
|-- NotFound
|   |-- BlogNotFound
|   `-- EntryNotFound
|-- Conflict                   what was sent contradicts the state
|   |-- VersionConflict        somebody else wrote first (raised by stores, retried by the newsroom)
|   |-- PreconditionFailed     If-Match names another version; carries the current item
|   `-- KeyReused              an Idempotency-Key came again with another body
`-- StoreUnavailable           the store cannot commit or read now; nothing was written
"""

from __future__ import annotations

from typing import Any


class StoppressError(Exception):
    """Base of all."""


class StartError(StoppressError):
    """The node cannot start. The message is one line: what is wrong, and what to do."""


class BadInput(StoppressError):
    """The request is wrong; `field` names the part of it, if one is to blame."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class MalformedCursor(BadInput):
    """The text is not a cursor at all (a cursor that is merely unknown is answered by a reset)."""

    def __init__(self, text: str, field: str = "since") -> None:
        super().__init__(
            f"{text[:64]!r} is not a cursor: send back a `cursor` that the server gave you, or leave it out",
            field,
        )


class NotFound(StoppressError):
    """What the address names does not exist."""


class BlogNotFound(NotFound):
    def __init__(self, blog: str) -> None:
        super().__init__(f"there is no blog {blog[:100]!r}: an editor makes it with PUT /api/blogs/NAME")
        self.blog = blog


class EntryNotFound(NotFound):
    def __init__(self, blog: str, entry: str) -> None:
        super().__init__(f"blog {blog[:100]!r} has no entry {entry[:64]!r}")


class Conflict(StoppressError):
    """What was asked contradicts the state of the blog."""


class VersionConflict(Conflict):
    """The store holds another version of an item than the write was made for."""

    def __init__(self, item: str, expected: int) -> None:
        super().__init__(f"item {item!r} is no longer at version {expected}")
        self.item = item


class PreconditionFailed(Conflict):
    """`If-Match` named another version; `current` is the item as it stands, ready to be encoded."""

    def __init__(self, message: str, current: Any, version: int) -> None:
        super().__init__(message)
        self.current = current
        self.version = version


class KeyReused(Conflict):
    def __init__(self) -> None:
        super().__init__("this Idempotency-Key was used for another request within the last 24 hours: take a new one")


class StoreUnavailable(StoppressError):
    """The store cannot answer now. Nothing was written, or the writer cannot know: ask again."""
