"""The HTML encoding: updates and older pages with the markup of our pages, in one language."""

from __future__ import annotations

import msgspec

from stoppress.live.answers import UpdateCodec
from stoppress.live.items import PublicItem
from stoppress.live.replica import Part, Replica
from stoppress.model import Entry, Header
from stoppress.web.pages.markup import Renderer
from stoppress.web.pages.texts import DEFAULT, direction_of
from stoppress.web.pages.view import KEY_EVENTS
from stoppress.wire.messages import ShownEntry, ShownHeader, ShownPage, ShownUpdate


class HtmlCodec(UpdateCodec):
    """The codec of one language.

    Args:
        renderer: renders the markup.
        language: one of the renderer's.
    """

    def __init__(self, renderer: Renderer, language: str) -> None:
        super().__init__("html", msgspec.json.encode)
        self.renderer = renderer
        self.language = language

    def update(self, replica: Replica, part: Part) -> bytes:
        header = None if part.header is None else part.header.content
        update = ShownUpdate(
            blog=replica.blog,
            from_=None if part.since is None else str(part.since),
            cursor=str(part.cursor),
            header=_shown(header) if isinstance(header, Header) else None,
            parts=self._parts(replica, part),
            entries=self._entries(replica, part.entries),
            more=part.more,
            older=self.address(part.older),
        )
        return msgspec.json.encode(update)

    def page(self, replica: Replica, entries: list[PublicItem], older: str | None, newer: str | None) -> bytes:
        """Return a page of entries."""
        page = ShownPage(
            blog=replica.blog,
            cursor=str(replica.cursor),
            parts={"pages": self.renderer.pages(replica.blog, self.language, older)},
            entries=self._entries(replica, entries),
            older=self.address(older),
            newer=self.address(newer),
        )
        return msgspec.json.encode(page)

    def entry(self, replica: Replica, entry: PublicItem) -> ShownEntry:
        return self.renderer.entry(replica.blog, self.language, entry)

    def address(self, older: str | None) -> str | None:
        """Return the address of older entries in this encoding."""
        return older and f"{older}&view=html&lang={self.language}"

    def _entries(self, replica: Replica, entries: list[PublicItem]) -> list[ShownEntry]:
        return [self.entry(replica, entry) for entry in entries]

    def _parts(self, replica: Replica, part: Part) -> dict[str, str]:
        """Return the markup around the entries that differs between the part's two cursors.

        Each piece has a seq, as items do: that of the newest change to its content. The rule of items applies to it.
        """
        first = 0 if part.since is None else part.since.seq + 1
        blog, language, make, header = replica.blog, self.language, self.renderer, replica.header
        parts: dict[str, str] = {}
        if part.since is None or part.header is not None:
            parts |= make.of_header(blog, language, header)
        pinned = replica.entry(header.pinned) if header and header.pinned else None
        if first <= max(header.seq if header else 0, pinned.seq if pinned else 0) <= part.cursor.seq:
            parts["pinned"] = make.pinned(blog, language, _content(pinned) if pinned else None)
        if first <= replica.key_events_seq <= part.cursor.seq:
            key_events = [_content(item) for item in replica.key_events(KEY_EVENTS)]
            parts["key-events"] = make.key_events(blog, language, key_events)
        if part.since is None:
            parts["pages"] = make.pages(blog, language, part.older)
        return parts


def _content(item: PublicItem) -> Entry:
    content = item.content
    assert isinstance(content, Entry)
    return content


def _shown(header: Header) -> ShownHeader:
    return ShownHeader(header.headline, header.status, header.language or DEFAULT, direction_of(header.language))
