"""The two forms in which readers get entries: as data, to render them, or as the markup of our pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from starlette.requests import Request
from websockets.frames import Opcode

from stoppress.errors import BadQuery
from stoppress.live.answers import UpdateCodec
from stoppress.live.items import PublicItem
from stoppress.live.replica import Part, Replica
from stoppress.model import Cursor, Header
from stoppress.web.pages.markup import Renderer
from stoppress.web.pages.texts import DEFAULT, direction_of
from stoppress.web.pages.view import KEY_EVENTS
from stoppress.wire.encodings import (
    HTML_SUBPROTOCOL,
    HTTP_JSON,
    SSE,
    WEBSOCKET,
    Compression,
    Encoding,
    ServerSentEvents,
    WebSocket,
    websockets,
)
from stoppress.wire.messages import Page, ShownEntry, ShownHeader, ShownPage, ShownUpdate


class Rendition:
    """Entries as data. `websockets` are the encodings of a WebSocket subprotocol."""

    events: ServerSentEvents = SSE
    changes: Encoding = HTTP_JSON

    def __init__(self, websockets: Mapping[Compression, WebSocket]) -> None:
        self.websockets = websockets

    def is_ready(self, _replica: Replica, _since: Cursor | None) -> bool:
        """Return whether the way from a cursor to the head needs no `prepare`."""
        return True

    async def prepare(self, replica: Replica, entries: Iterable[PublicItem]) -> None:
        """Do the slow part of answers with these entries."""

    def page(
        self, replica: Replica, entries: list[PublicItem], older: str | None = None, newer: str | None = None
    ) -> bytes:
        """Return a page of entries."""
        raw, cursor = [entry.raw(HTTP_JSON.codec) for entry in entries], str(replica.cursor)
        return msgspec.json.encode(Page(blog=replica.blog, cursor=cursor, entries=raw, older=older, newer=newer))

    def entry(self, _replica: Replica, entry: PublicItem) -> bytes:
        """Return one entry."""
        return bytes(entry.raw(HTTP_JSON.codec))

    def address(self, page: str | None) -> str | None:
        """Return the address of other entries in the same form."""
        return page


class _HtmlRendition(Rendition, UpdateCodec):
    """Entries as markup in one language, and the codec of their updates."""

    def __init__(self, renderer: Renderer, language: str) -> None:
        UpdateCodec.__init__(self, "html", msgspec.json.encode)
        Rendition.__init__(self, websockets(HTML_SUBPROTOCOL, self, Opcode.TEXT))
        self._renderer = renderer
        self._language = language
        self.events = ServerSentEvents(SSE.name, self)
        self.changes = Encoding(HTTP_JSON.name, self)

    def is_ready(self, replica: Replica, since: Cursor | None) -> bool:
        return self._renderer.is_ready(self._language, replica.entries_for(since))

    async def prepare(self, replica: Replica, entries: Iterable[PublicItem]) -> None:
        await self._renderer.prepare(replica.blog, self._language, entries)

    def update(self, replica: Replica, part: Part) -> bytes:
        update = ShownUpdate(
            blog=replica.blog,
            from_=None if part.since is None else str(part.since),
            cursor=str(part.cursor),
            header=_shown(part.header.content) if part.header else None,
            parts=self._parts(replica, part),
            entries=self._entries(replica, part.entries),
            more=part.more,
            older=self.address(part.older),
        )
        return msgspec.json.encode(update)

    def page(
        self, replica: Replica, entries: list[PublicItem], older: str | None = None, newer: str | None = None
    ) -> bytes:
        page = ShownPage(
            blog=replica.blog,
            cursor=str(replica.cursor),
            parts={"pages": self._renderer.pages(replica.blog, self._language, older)},
            entries=self._entries(replica, entries),
            older=self.address(older),
            newer=self.address(newer),
        )
        return msgspec.json.encode(page)

    def entry(self, replica: Replica, entry: PublicItem) -> bytes:
        return msgspec.json.encode(self._renderer.entry(replica.blog, self._language, entry))

    def address(self, page: str | None) -> str | None:
        return page and f"{page}&view=html&lang={self._language}"

    def _entries(self, replica: Replica, entries: list[PublicItem]) -> list[ShownEntry]:
        return [self._renderer.entry(replica.blog, self._language, entry) for entry in entries]

    def _parts(self, replica: Replica, part: Part) -> dict[str, str]:
        """Return the markup around the entries that differs between the part's two cursors.

        Each piece has a seq, as items do: that of the newest change to its content. The rule of items applies to it.
        """
        first = 0 if part.since is None else part.since.seq + 1
        blog, language, make, header = replica.blog, self._language, self._renderer, replica.header
        parts: dict[str, str] = {}
        if part.since is None or part.header is not None:
            parts |= make.of_header(blog, language, header)
        pinned = replica.entry(header.pinned) if header and header.pinned else None
        if first <= max(header.seq if header else 0, pinned.seq if pinned else 0) <= part.cursor.seq:
            parts["pinned"] = make.pinned(blog, language, pinned.content if pinned else None)
        if first <= replica.key_events_seq <= part.cursor.seq:
            key_events = [item.content for item in replica.key_events(KEY_EVENTS)]
            parts["key-events"] = make.key_events(blog, language, key_events)
        if part.since is None:
            parts["pages"] = make.pages(blog, language, part.older)
        return parts


def _shown(header: Header) -> ShownHeader:
    return ShownHeader(
        header.headline, header.status, header.language or DEFAULT, direction_of(header.language), header.timezone
    )


class Renditions:
    """All renditions of a node."""

    def __init__(self, renderer: Renderer) -> None:
        self._texts = renderer.texts
        self._plain = {name: Rendition(encodings) for name, encodings in WEBSOCKET.items()}
        self._html = {language: _HtmlRendition(renderer, language) for language in renderer.texts.languages}

    def of(self, request: Request) -> Rendition:
        """Return the rendition that a request asks for. Raises `BadQuery`."""
        view = request.query_params.get("view", "json")
        if view not in ("json", "html"):
            raise BadQuery("`view` must be json or html.", "view")
        return self.of_subprotocol(f"stoppress.v1+{view}", request.query_params.get("lang"))

    def of_subprotocol(self, name: str, language: str | None) -> Rendition:
        """Return the rendition of a WebSocket subprotocol; for markup, that of a language or the English one."""
        return self._plain.get(name) or self._html[self._texts.language(language)]
