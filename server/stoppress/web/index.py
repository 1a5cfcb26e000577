"""The list of a server's blogs: those that are live first."""

from __future__ import annotations

import asyncio
import hashlib

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress.errors import NotFound
from stoppress.follower import Follower
from stoppress.model import Header
from stoppress.newsroom.catalogue import Catalogue
from stoppress.web.bodies import number
from stoppress.web.documents import matches
from stoppress.web.head import describe_index
from stoppress.web.layout import Layout
from stoppress.web.security import HTML_HEADERS
from stoppress.web.site import Sites
from stoppress.web.view import Row

PER_PAGE = 30

MOST_PAGES = 10_000

RANKS = {"live": 0, "paused": 1, "scheduled": 2, "ended": 3}


class Index:
    """The handler.

    Args:
        follower: knows the blogs.
        catalogue: lists them.
        layout: makes pages.
        sites: gives absolute addresses.
    """

    def __init__(self, follower: Follower, catalogue: Catalogue, layout: Layout, sites: Sites) -> None:
        self._follower = follower
        self._catalogue = catalogue
        self._layout = layout
        self._sites = sites

    def routes(self) -> list[Route]:
        return [Route("/", self.page, methods=["GET"])]

    async def page(self, request: Request) -> Response:
        """The blogs of this server by status, those of one status by the time of their coverage."""
        page = number(request, "page", 1, MOST_PAGES)
        headers = sorted(await self._catalogue.headers(), key=_time, reverse=True)
        headers.sort(key=lambda header: RANKS[header.status])
        begin = (page - 1) * PER_PAGE
        rows = await asyncio.gather(*(self._row(header) for header in headers[begin : begin + PER_PAGE]))
        html = self._layout.render(
            "index.html",
            rows=sorted((row for row in rows if row), key=lambda row: RANKS[row.header.status]),
            newer=page - 1 or None,
            older=page + 1 if len(headers) > begin + PER_PAGE else None,
            head=describe_index(self._sites.of(request), page),
        )
        etag = f'"{hashlib.sha256(html).hexdigest()[:16]}"'
        answered = {**HTML_HEADERS, "cache-control": "no-cache", "etag": etag}
        if matches(etag, request):
            return Response(None, 304, answered)
        return Response(html, 200, answered, media_type="text/html")

    async def _row(self, header: Header) -> Row | None:
        try:
            replica = (await self._follower.hub(header.blog)).replica
        except NotFound:
            return None  # deleted meanwhile
        places = replica.places
        return Row(replica.header or header, len(places), places[-1].published_at if places else None)


def _time(header: Header) -> str:
    return header.coverage_end or header.coverage_start or ""
