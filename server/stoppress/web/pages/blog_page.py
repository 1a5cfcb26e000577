"""Pages of a blog, complete without JavaScript: the newest entries, older ones, or those from one entry on."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress.errors import BlogNotFound
from stoppress.live.items import EntryPosition, PublicItem
from stoppress.live.replica import Replica
from stoppress.web.documents import Document, Documents
from stoppress.web.gate.gate import Gate
from stoppress.web.pages.layout import Layout
from stoppress.web.pages.view import View
from stoppress.web.security import EMBEDDABLE_HEADERS, HTML_HEADERS, READABLE

_EMBED_HEADERS = {**HTML_HEADERS, **READABLE, "x-robots-tag": "noindex"}
_PAGE_HEADERS = {**EMBEDDABLE_HEADERS, "vary": "accept"}


class Pages:
    """The handlers. `newest` is the number of entries on a page."""

    def __init__(self, gate: Gate, documents: Documents, layout: Layout, newest: int) -> None:
        self._gate = gate
        self._documents = documents
        self._layout = layout
        self.newest = newest

    def routes(self) -> list[Route]:
        return [
            Route("/blogs/{blog}", self.blog, methods=["GET"]),
            Route("/blogs/{blog}/embed", self.embed, methods=["GET"]),
        ]

    async def blog(self, request: Request) -> Response:
        """Answer with a blog's newest entries or, with `before`, with older ones."""
        before = request.query_params.get("before")
        position = EntryPosition.parse(before)
        replica = (await self._gate.hub(request, request.path_params["blog"])).replica
        position = replica.entry_at(position)
        return await self._answer(request, replica, lambda: View.of(replica, position, self.newest), position)

    async def embed(self, request: Request) -> Response:
        """Answer with a blog's newest entries for a page of another site, in the language `lang` if it is known."""
        layout, language = self._layout, self._layout.texts.language(request.query_params.get("lang"))
        try:
            replica = (await self._gate.hub(request, request.path_params["blog"])).replica
        except BlogNotFound:
            return Response(layout.gone(language), 404, {**_EMBED_HEADERS, "cache-control": "no-cache"})

        def view() -> View:
            return View.of(replica, None, self.newest)

        document = Document(
            ("embed", language),
            lambda _site: layout.embed(view(), language),
            lambda: layout.renderer.prepare(replica.blog, language, view().items),
        )
        return await self._documents.answer(request, replica, _EMBED_HEADERS, document)

    async def at_entry(self, request: Request, replica: Replica) -> Response:
        """Answer with the newest page if the entry is on it, else with a page that begins with the entry."""
        entry_id = request.path_params["entry"]
        replica.existing_entry(entry_id)  # or 404

        def view() -> View:
            entry = replica.existing_entry(entry_id)  # as it is now
            return View.of(replica, self._page_with(replica, entry), self.newest, entry)

        return await self._answer(request, replica, view, entry_id)

    def _page_with(self, replica: Replica, entry: PublicItem) -> EntryPosition | None:
        """Return the position of the page for an entry: none for the newest page, or just after the entry."""
        if entry in replica.page(None, self.newest)[0]:
            return None
        return EntryPosition(entry.position.published_at, f"{entry.id}~")

    async def _answer(self, request: Request, replica: Replica, view: Callable[[], View], key: object) -> Response:
        layout = self._layout
        language = layout.texts.language(replica.header.language if replica.header else None)
        document = Document(
            ("page", key),
            lambda site: layout.blog(site, view()),
            lambda: layout.renderer.prepare(replica.blog, language, view().items),
        )
        return await self._documents.answer(request, replica, _PAGE_HEADERS, document)
