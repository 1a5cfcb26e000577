"""`/entries`: older entries, page by page, and one entry by itself."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress.errors import EntryNotFound
from stoppress.live.items import EntryPosition
from stoppress.sync.follower import Follower
from stoppress.telemetry.counts import Counts
from stoppress.web.bodies import number
from stoppress.web.negotiation import Wanted
from stoppress.web.pages.blog_page import Pages
from stoppress.web.readers.cursors import cacheable
from stoppress.wire.encodings import HTTP_JSON
from stoppress.wire.messages import Page


class PublishedEntries:
    """The handlers.

    Args:
        follower: knows the blogs.
        pages: answers browsers that ask for one entry.
        newest: entries on a page, unless `limit` says otherwise.
        counts: gets the pages.
    """

    def __init__(self, follower: Follower, pages: Pages, newest: int, counts: Counts) -> None:
        self._follower = follower
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
        before = request.query_params.get("before")
        limit = number(request, "limit", self._newest, 200)
        position = None if before is None else EntryPosition.parse(before)
        replica = (await self._follower.hub(request.path_params["blog"])).replica
        entries, address = replica.page(position, limit)
        self._counts.catch_ups["page"] += 1
        if address is not None and "limit" in request.query_params:
            address += f"&limit={limit}"
        page = Page(
            blog=replica.blog,
            cursor=str(replica.cursor),
            entries=[entry.raw(HTTP_JSON.codec) for entry in entries],
            older=address,
        )
        response = cacheable(request, msgspec.json.encode(page), replica.cursor, "no-cache")
        if address is not None:
            response.headers["link"] = f'<{address}>; rel="next"'
        return response

    async def entry(self, request: Request) -> Response:
        """Answer with one entry: with the page at it for a browser, with JSON for other clients."""
        entry_id = request.path_params["entry"]
        replica = (await self._follower.hub(request.path_params["blog"])).replica
        entry = replica.entry(entry_id)
        if entry is None:
            raise EntryNotFound(replica.blog, entry_id)
        if Wanted(request.headers).prefers_html():
            return self._pages.at_entry(request, replica, entry)
        return cacheable(request, bytes(entry.raw(HTTP_JSON.codec)), replica.cursor_at(entry.seq), "no-cache")
