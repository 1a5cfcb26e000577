"""The endpoints of a blog's feeds: Atom and JSON Feed, with entries by their newest change, newest first.

In that order (RFC 5023, section 10.1) a feed reader that fetches the first page again also gets edits and retractions
of old entries.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress.web.documents import Document, Documents
from stoppress.web.feeds.atom import atom
from stoppress.web.feeds.feed import Feed
from stoppress.web.feeds.json_feed import json_feed
from stoppress.web.gate.gate import Gate
from stoppress.web.site import Site
from stoppress.web.validation import number

_HEADERS = {"access-control-allow-origin": "*", "x-content-type-options": "nosniff"}


class Feeds:
    """The handlers. `newest` is the number of entries on a page of a feed."""

    def __init__(self, gate: Gate, documents: Documents, newest: int) -> None:
        self._gate = gate
        self._documents = documents
        self._newest = newest

    def routes(self) -> list[Route]:
        return [
            Route("/blogs/{blog}.atom", self.atom, methods=["GET"]),
            Route("/blogs/{blog}.json", self.json, methods=["GET"]),
        ]

    async def atom(self, request: Request) -> Response:
        """RFC 4287, with the tombstones of RFC 6721 and the paging of RFC 5005."""
        return await self._answer(request, "application/atom+xml", atom)

    async def json(self, request: Request) -> Response:
        """https://www.jsonfeed.org/version/1.1/"""
        return await self._answer(request, "application/feed+json", json_feed)

    async def _answer(self, request: Request, media_type: str, write: Callable[[Feed], bytes]) -> Response:
        before = number(request, "before", 0, 10**9) or None
        replica = (await self._gate.hub(request, request.path_params["blog"])).replica
        before = replica.change_at(before)

        def make(site: Site) -> bytes:
            return write(Feed.of(replica, site, before, self._newest))

        headers = {**_HEADERS, "content-type": media_type}
        return await self._documents.answer(request, replica, headers, Document((media_type, before), make))
