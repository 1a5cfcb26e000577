"""`/entries`: older entries, page by page, and one entry by itself."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress.errors import EntryNotFound
from stoppress.live.items import EntryPosition
from stoppress.sync.follower import Follower
from stoppress.telemetry.counts import Counts
from stoppress.web.negotiation import Wanted
from stoppress.web.pages.blog_page import Pages
from stoppress.web.readers.cursors import cacheable
from stoppress.web.readers.renditions import Renditions
from stoppress.web.validation import check_query, number


class PublishedEntries:
    """The handlers.

    Args:
        follower: knows the blogs.
        pages: answers browsers that ask for one entry.
        renditions: has the encodings.
        newest: entries on a page, unless `limit` says otherwise.
        counts: gets the pages.
    """

    def __init__(self, follower: Follower, pages: Pages, renditions: Renditions, newest: int, counts: Counts) -> None:
        self._follower = follower
        self._renditions = renditions
        self._pages = pages
        self._newest = newest
        self._counts = counts

    def routes(self) -> list[Route]:
        return [
            Route("/blogs/{blog}/entries", self.older, methods=["GET"]),
            Route("/blogs/{blog}/entries/{entry}", self.entry, methods=["GET"]),
        ]

    async def older(self, request: Request) -> Response:
        """Answer with a page of entries, newest first."""
        check_query(request, "before", "limit", "view", "lang")
        before = request.query_params.get("before")
        limit = number(request, "limit", self._newest, 200)
        position = None if before is None else EntryPosition.parse(before)
        rendition = self._renditions.of(request)
        replica = (await self._follower.hub(request.path_params["blog"])).replica
        await rendition.prepare(replica, replica.page(position, limit)[0])
        entries, address = replica.page(position, limit)
        self._counts.catch_ups["page"] += 1
        if address is not None and "limit" in request.query_params:
            address += f"&limit={limit}"
        body, address = rendition.page(replica, entries, address), rendition.address(address)
        response = cacheable(request, body, replica.cursor, "no-cache")
        if address is not None:
            response.headers["link"] = f'<{address}>; rel="next"'
        return response

    async def entry(self, request: Request) -> Response:
        """Answer with one entry: with the page at it for a browser, with JSON for other clients."""
        entry_id, rendition = request.path_params["entry"], self._renditions.of(request)
        replica = (await self._follower.hub(request.path_params["blog"])).replica
        entry = replica.entry(entry_id)
        if entry is None:
            raise EntryNotFound(replica.blog, entry_id)
        if Wanted(request.headers).prefers_html():
            return await self._pages.at_entry(request, replica, entry)
        return cacheable(request, rendition.entry(replica, entry), replica.cursor_at(entry.seq), "no-cache")
