"""The items of a blog as readers get them, and their places in the order that readers see."""

from __future__ import annotations

import re
from functools import cached_property
from typing import NamedTuple

import msgspec
from msgspec import Raw

from stoppress.errors import BadInput
from stoppress.model import HEADER, Entry, Header, Item
from stoppress.wire.encodings import Codec


class Place(NamedTuple):
    """Where an entry stands: newest last by publication, then by id. Both compare as text."""

    published_at: str
    id: str


class PublicItem:
    """A header or an entry, serialised at most once for each kind of codec."""

    def __init__(self, item: Item):
        self.stored = item
        self.id, self.seq, self.version = item.id, item.seq, item.version
        self._serialised: dict[object, Raw] = {}

    @cached_property
    def content(self) -> Entry | Header:
        content: Entry | Header
        if self.id == HEADER:
            content = msgspec.json.decode(self.stored.body, type=Header)
        else:
            content = msgspec.json.decode(self.stored.body, type=Entry)
            content.version = self.version
        content.seq = self.seq
        return content

    @property
    def place(self) -> Place:
        """Of an entry."""
        assert isinstance(self.content, Entry)
        return Place(self.content.published_at or "", self.id)

    @property
    def is_retracted(self) -> bool:
        return isinstance(self.content, Entry) and self.content.status == "retracted"

    def raw(self, codec: Codec) -> Raw:
        raw = self._serialised.get(codec.serialise)
        if raw is None:
            raw = self._serialised[codec.serialise] = Raw(codec.serialise(self.content))
        return raw


def is_retraction(item: Item) -> bool:
    """Whether an item is the tombstone of an entry."""
    return PublicItem(item).is_retracted


_PLACE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z_[0-9a-f-]{36}", re.ASCII)


def older_address(blog: str, place: Place) -> str:
    """Where the entries before a place are."""
    return f"/blogs/{blog}/entries?before={place.published_at}_{place.id}"


def parse_place(text: str) -> Place:
    """Read the `before` of an older page's address.

    Raises:
        BadInput: the text cannot have come from a server.
    """
    if not _PLACE.fullmatch(text):
        raise BadInput(f"{text[:80]!r} is no place in a blog: follow the `older` address you were given", "before")
    published_at, _, entry_id = text.partition("_")
    return Place(published_at, entry_id)
