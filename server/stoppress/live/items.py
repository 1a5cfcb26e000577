"""The items of a blog as readers get them, and their positions in the order that readers see."""

from __future__ import annotations

import re
from typing import Any, NamedTuple, Self

from msgspec import Raw

from stoppress.errors import BadQuery
from stoppress.model import HEADER, Entry, Header, Item, StoredHeader
from stoppress.wire.encodings import Codec

_POSITION = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z_[0-9a-f-]{36}~?", re.ASCII)


class EntryPosition(NamedTuple):
    """The sort key of an entry: its time of publication, then its id. Both compare as text."""

    published_at: str
    id: str

    @classmethod
    def parse(cls, text: str | None, name: str = "before") -> Self | None:
        """Read the position in the address of a page; None without one, and for `0`, the beginning of the blog.

        Args:
            text: two fields with `_` between them; a `~` at its end stands for the position just after an entry.
            name: the name of the parameter, `before` or `after`.

        Raises:
            BadInput: the text cannot have come from a server.
        """
        if text is None or (text == "0" and name == "after"):
            return None
        if not _POSITION.fullmatch(text):
            way = "an `older`" if name == "before" else "a `newer`"
            raise BadQuery(f"`{name}` must come from {way} address; got {text[:80]!r}.", name)
        published_at, _, entry_id = text.partition("_")
        return cls(published_at, entry_id)

    def __str__(self) -> str:
        return f"{self.published_at}_{self.id}"

    def older_address(self, blog: str) -> str:
        """Return the address of the entries before this position."""
        return f"/blogs/{blog}/entries?before={self}"

    def newer_address(self, blog: str) -> str:
        """Return the address of the entries after this position."""
        return f"/blogs/{blog}/entries?after={self}"


class PublicItem:
    """A header or an entry.

    It keeps the stored item, to be able to restore it, and the position. It decodes the content again on request,
    because nobody asks for most entries of a long blog. Raises `BlogDamaged` if the item cannot be read.
    """

    __slots__ = ("__weakref__", "is_key", "is_retracted", "opens_at", "position", "stored", "summary")

    def __init__(self, item: Item) -> None:
        self.stored = item
        content = self.content  # all of it, so that an item that cannot be read is found here and not at a delivery
        is_entry = isinstance(content, Entry)
        self.position = EntryPosition((is_entry and content.published_at) or "", item.id)
        self.is_retracted = is_entry and content.status == "retracted"
        self.is_key = is_entry and bool(content.key) and not self.is_retracted
        self.summary: tuple[str, ...] = () if is_entry else tuple(content.summary)
        """The ids of key events in the order of the header; none for an entry."""
        self.opens_at = 0.0 if is_entry else StoredHeader.of(item).opens_at

    @property
    def id(self) -> str:
        return self.stored.id

    @property
    def seq(self) -> int:
        return self.stored.seq

    @property
    def content(self) -> Any:
        """The `Header` or the `Entry`."""
        return Header.of(self.stored) if self.id == HEADER else Entry.of(self.stored)

    def raw(self, codec: Codec) -> Raw:
        """Return the content as a part of an update."""
        return Raw(codec.serialise(self.content))
