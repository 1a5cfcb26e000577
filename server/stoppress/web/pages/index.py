"""The list of a server's blogs. Live ones come first; of these, the one whose coverage began last is on top."""

from __future__ import annotations

import asyncio
import hashlib

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress.errors import NotFound
from stoppress.model import Header
from stoppress.newsroom.catalogue import Catalogue
from stoppress.sync.follower import Follower
from stoppress.web.negotiation import Wanted
from stoppress.web.pages.head import describe_index
from stoppress.web.pages.layout import Layout
from stoppress.web.pages.view import Row
from stoppress.web.security import HTML_HEADERS
from stoppress.web.site import Sites
from stoppress.web.validation import number

PER_PAGE = 30

_MAX_PAGES = 10_000

_RANKS = {"live": 0, "paused": 1, "scheduled": 2, "ended": 3}


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
        """Answer with the blogs by status and, within a status, by times of coverage; scheduled ones by start.

        Not by their newest update: headers do not say when that was, and to read every blog for it would be too much.
        The order must not come from which blogs are in memory, as a look at a page brings more of them there.
        """
        page = number(request, "page", 1, _MAX_PAGES)
        known = _ordered(await self._catalogue.headers())
        begin = (page - 1) * PER_PAGE
        found = await asyncio.gather(*(self._row(header) for header in known[begin : begin + PER_PAGE]))
        rows = {row.header.blog: row for row in found if row}
        html = self._layout.render(
            "index.html",
            rows=[rows[header.blog] for header in _ordered([row.header for row in rows.values()])],
            newer=page - 1 or None,
            older=page + 1 if len(known) > begin + PER_PAGE else None,
            head=describe_index(self._sites.of(request), page),
        )
        etag = f'"{hashlib.sha256(html).hexdigest()[:16]}"'
        answered = {**HTML_HEADERS, "cache-control": "no-cache", "etag": etag}
        if Wanted(request.headers).has(etag):
            return Response(None, 304, answered)
        return Response(html, 200, answered, media_type="text/html")

    async def _row(self, header: Header) -> Row | None:
        try:
            replica = (await self._follower.hub(header.blog)).replica
        except NotFound:
            return None  # deleted meanwhile
        positions = replica.positions
        return Row(replica.header or header, len(positions), positions[-1].published_at if positions else None)


def _ordered(headers: list[Header]) -> list[Header]:
    """Sort headers. Equal ones keep the catalogue's order, by name."""
    begun = sorted((header for header in headers if header.status != "scheduled"), key=_last, reverse=True)
    coming = sorted((header for header in headers if header.status == "scheduled"), key=_first)
    return sorted([*begun, *coming], key=lambda header: _RANKS[header.status])


def _last(header: Header) -> str:
    return header.coverage_end or header.coverage_start or ""


def _first(header: Header) -> tuple[bool, str]:
    start = header.coverage_start
    return start is None, start or ""
