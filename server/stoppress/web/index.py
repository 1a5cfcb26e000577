"""The list of a server's blogs: those that are live first, and of these the one with the newest update."""

from __future__ import annotations

import asyncio
import hashlib

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress.errors import NotFound
from stoppress.follower import Follower
from stoppress.live.replica import Replica
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
        """The blogs of this server by status, those of one status by their newest update, or by what begins next.

        When that was is known of blogs in memory, which those are that have readers; of others, their coverage says
        about when. So nothing is read to put them in order.
        """
        page = number(request, "page", 1, MOST_PAGES)
        known = _ordered([self._at_hand(header) for header in await self._catalogue.headers()])
        begin = (page - 1) * PER_PAGE
        rows = await asyncio.gather(*(self._row(row.header) for row in known[begin : begin + PER_PAGE]))
        html = self._layout.render(
            "index.html",
            rows=_ordered([row for row in rows if row]),
            newer=page - 1 or None,
            older=page + 1 if len(known) > begin + PER_PAGE else None,
            head=describe_index(self._sites.of(request), page),
        )
        etag = f'"{hashlib.sha256(html).hexdigest()[:16]}"'
        answered = {**HTML_HEADERS, "cache-control": "no-cache", "etag": etag}
        if matches(etag, request):
            return Response(None, 304, answered)
        return Response(html, 200, answered, media_type="text/html")

    def _at_hand(self, header: Header) -> Row:
        hub = self._follower.at_hand(header.blog)
        return Row(header, 0, None) if hub is None else _row_of(hub.replica, header)

    async def _row(self, header: Header) -> Row | None:
        try:
            return _row_of((await self._follower.hub(header.blog)).replica, header)
        except NotFound:
            return None  # deleted meanwhile


def _row_of(replica: Replica, header: Header) -> Row:
    places = replica.places
    return Row(replica.header or header, len(places), places[-1].published_at if places else None)


def _ordered(rows: list[Row]) -> list[Row]:
    begun = sorted((row for row in rows if row.header.status != "scheduled"), key=_last, reverse=True)
    coming = sorted((row for row in rows if row.header.status == "scheduled"), key=_first)
    return sorted([*begun, *coming], key=lambda row: RANKS[row.header.status])


def _last(row: Row) -> str:
    return row.updated_at or row.header.coverage_end or row.header.coverage_start or ""


def _first(row: Row) -> tuple[bool, str]:
    start = row.header.coverage_start
    return start is None, start or ""
