"""The two forms in which readers get entries: as data, to render them, or as the markup of our pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from starlette.requests import Request
from websockets.frames import Opcode

from stoppress.errors import BadInput
from stoppress.live.items import PublicItem
from stoppress.live.replica import Replica
from stoppress.model import Cursor
from stoppress.web.pages.markup import Renderer
from stoppress.web.readers.html import HtmlCodec
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
from stoppress.wire.messages import Page


class Rendition:
    """Entries as data.

    Args:
        websockets: the encodings of a WebSocket subprotocol.
    """

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


class _HtmlRendition(Rendition):
    """Entries as markup, in one language."""

    def __init__(self, codec: HtmlCodec) -> None:
        super().__init__(websockets(HTML_SUBPROTOCOL, codec, Opcode.TEXT))
        self._codec = codec
        self.events = ServerSentEvents(SSE.name, codec)
        self.changes = Encoding(HTTP_JSON.name, codec)

    def is_ready(self, replica: Replica, since: Cursor | None) -> bool:
        return self._codec.renderer.is_ready(self._codec.language, replica.entries_for(since))

    async def prepare(self, replica: Replica, entries: Iterable[PublicItem]) -> None:
        await self._codec.renderer.prepare(replica.blog, self._codec.language, entries)

    def page(
        self, replica: Replica, entries: list[PublicItem], older: str | None = None, newer: str | None = None
    ) -> bytes:
        return self._codec.page(replica, entries, older, newer)

    def entry(self, replica: Replica, entry: PublicItem) -> bytes:
        return msgspec.json.encode(self._codec.entry(replica, entry))

    def address(self, page: str | None) -> str | None:
        return self._codec.address(page)


class Renditions:
    """All renditions of a node.

    Args:
        renderer: renders markup, in each of its languages.
    """

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._plain = {name: Rendition(encodings) for name, encodings in WEBSOCKET.items()}
        self._html: Mapping[str, _HtmlRendition] = {
            language: _HtmlRendition(HtmlCodec(renderer, language)) for language in renderer.languages
        }

    def of(self, request: Request) -> Rendition:
        """Return the rendition that a request asks for. Raises `BadInput`."""
        query = request.query_params
        match query.get("view", "json"):
            case "json":
                return self._plain["stoppress.v1+json"]
            case "html":
                return self.html(query.get("lang"))
        raise BadInput("`view` must be json or html.", "view")

    def html(self, language: str | None) -> _HtmlRendition:
        """Return the markup rendition of a language, or the English one."""
        return self._html[self._renderer.language(language)]

    def of_subprotocol(self, name: str, language: str | None) -> Rendition:
        """Return the rendition of a WebSocket subprotocol."""
        return self._plain.get(name) or self.html(language)
