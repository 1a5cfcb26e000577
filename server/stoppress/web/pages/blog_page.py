"""Pages of a blog, complete without JavaScript: the newest entries, older ones, or those from one entry on."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress.errors import BlogNotFound, EntryNotFound
from stoppress.live.items import EntryPosition, PublicItem
from stoppress.live.replica import Replica
from stoppress.sync.follower import Follower
from stoppress.web.documents import Documents, Kind
from stoppress.web.pages.layout import Layout
from stoppress.web.pages.view import View
from stoppress.web.security import EMBEDDABLE_HEADERS, HTML_HEADERS, READABLE
from stoppress.web.site import Sites

_EMBED = Kind("text/html", {**HTML_HEADERS, **READABLE, "x-robots-tag": "noindex"})
_PAGE = Kind("text/html", {**EMBEDDABLE_HEADERS, "vary": "accept"})


class Pages:
    """The handlers.

    Args:
        follower: knows the blogs.
        documents: keeps what was made.
        layout: makes it.
        sites: gives absolute addresses.
        newest: entries on a page.
    """

    def __init__(self, follower: Follower, documents: Documents, layout: Layout, sites: Sites, newest: int) -> None:
        self._follower = follower
        self._documents = documents
        self._layout = layout
        self._sites = sites
        self._newest = newest

    def routes(self) -> list[Route]:
        return [
            Route("/blogs/{blog}", self.blog, methods=["GET"]),
            Route("/blogs/{blog}/embed", self.embed, methods=["GET"]),
        ]

    async def blog(self, request: Request) -> Response:
        """Answer with a blog's newest entries or, with `before`, with older ones."""
        before = request.query_params.get("before")
        position = EntryPosition.parse(before)
        replica = (await self._follower.hub(request.path_params["blog"])).replica
        await self._prepare(replica, replica.page(position, self._newest)[0])

        def view() -> View:
            entries, older = replica.page(position, self._newest)
            return View.of(replica, entries, older, newest=position is None, before=before)

        site = self._sites.of(request)
        return self._documents.answer(request, replica, _PAGE, (site, before), lambda: self._layout.blog(site, view()))

    async def embed(self, request: Request) -> Response:
        """Answer with a blog's newest entries for a page of another site, in the language `lang` if it is known."""
        language = self._layout.texts.language(request.query_params.get("lang"))
        try:
            replica = (await self._follower.hub(request.path_params["blog"])).replica
        except BlogNotFound:
            gone = self._layout.gone(language)
            return Response(gone, 404, {**_EMBED.headers, "cache-control": "no-cache"}, media_type=_EMBED.media_type)

        await self._layout.renderer.prepare(replica.blog, language, replica.page(None, self._newest)[0])

        def view() -> View:
            return View.of(replica, *replica.page(None, self._newest), newest=True)

        return self._documents.answer(
            request, replica, _EMBED, (language,), lambda: self._layout.embed(view(), language)
        )

    async def _prepare(self, replica: Replica, entries: list[PublicItem]) -> None:
        renderer, header = self._layout.renderer, replica.header
        await renderer.prepare(replica.blog, renderer.language(header.language if header else None), entries)

    async def at_entry(self, request: Request, replica: Replica, entry: PublicItem) -> Response:
        """Answer with the newest page if the entry is on it, else with a page that begins with the entry."""
        around = replica.page(None, self._newest)[0]
        if entry not in around:
            around = [entry, *replica.page(entry.position, self._newest - 1)[0]]
        await self._prepare(replica, around)
        entry = _as_it_is_now(replica, entry.id)

        def view() -> View:
            entries, older = replica.page(None, self._newest)
            newest = entry in entries
            if not newest:
                further, older = replica.page(entry.position, self._newest - 1)
                entries = [entry, *further]
            return View.of(replica, entries, older, newest=newest, at=entry)

        site = self._sites.of(request)
        return self._documents.answer(
            request, replica, _PAGE, (site, "at", entry.id), lambda: self._layout.blog(site, view())
        )


def _as_it_is_now(replica: Replica, entry_id: str) -> PublicItem:
    entry = replica.entry(entry_id)
    if entry is None:
        raise EntryNotFound(replica.blog, entry_id)
    return entry
