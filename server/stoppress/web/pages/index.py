"""The list of a server's blogs. Live ones come first; of these, the one whose coverage began last is on top."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from stoppress.errors import BlogDamaged, BlogMissing, Forbidden, NotFound, TokenNeeded
from stoppress.model import StoredHeader
from stoppress.newsroom.catalogue import Catalogue
from stoppress.web.gate.gate import Gate
from stoppress.web.negotiation import unless_known
from stoppress.web.pages.head import describe_index
from stoppress.web.pages.layout import Layout
from stoppress.web.security import HTML_HEADERS
from stoppress.web.site import Sites
from stoppress.web.turns import Turns
from stoppress.web.validation import number

PER_PAGE = 30

_MAX_PAGES = 10_000


class Index:
    """The handler."""

    def __init__(self, gate: Gate, catalogue: Catalogue, layout: Layout, sites: Sites, turns: Turns) -> None:
        self._gate = gate
        self._catalogue = catalogue
        self._layout = layout
        self._sites = sites
        self._turns = turns
        self._listed: Sequence[StoredHeader] = ()
        self._ordered: list[StoredHeader] = []  # the same in the order of the page

    def routes(self) -> list[Route]:
        return [Route("/", self.page, methods=["GET"]), Route("/blogs", self.moved, methods=["GET"])]

    async def moved(self, _request: Request) -> Response:
        """Lead to the list from the address that a reader may guess."""
        return RedirectResponse("/", 308)

    async def page(self, request: Request) -> Response:
        """Answer with the blogs by status and, within a status, by times of coverage; scheduled ones by start.

        Not by their newest update: headers do not say when that was, and to read every blog for it would be too much.
        The order must not come from which blogs are in memory, as a look at a page brings more of them there.
        """
        page = number(request, "page", 1, _MAX_PAGES)
        known = await self._gate.visible(request, await self._known())
        begin = (page - 1) * PER_PAGE
        found = await asyncio.gather(*(self._row(request, header) for header in known[begin : begin + PER_PAGE]))
        rows = {row["header"].blog: row for row in found if row}
        shown = [rows[header.blog] for header in _ordered([row["header"] for row in rows.values()])]
        older = page + 1 if len(known) > begin + PER_PAGE else None

        async def render() -> bytes:
            head = describe_index(self._sites.any, page)
            return self._layout.render("index.html", rows=shown, newer=page - 1 or None, older=older, head=head)

        content = tuple((row["header"].blog, row["header"].seq, row["updates"], row["updated_at"]) for row in shown)
        html = await self._turns.make(("index", page, older, content), render)
        html = self._sites.fill(html, self._sites.of(request))
        etag = f'"{hashlib.sha256(html).hexdigest()[:16]}"'
        return unless_known(request, etag, {**HTML_HEADERS, "cache-control": "no-cache"}, html)

    async def _known(self) -> list[StoredHeader]:
        """Return all headers in order. Sorting thousands takes milliseconds, so it is done after a change only."""
        listed = await self._catalogue.headers()
        if listed is not self._listed:
            self._listed, self._ordered = listed, _ordered(listed)
        return self._ordered

    async def _row(self, request: Request, header: StoredHeader) -> dict[str, Any] | None:
        """Return a blog with the number of its entries, and when the newest one was published."""
        try:
            replica = (await self._gate.hub(request, header.blog)).replica
        except (NotFound, BlogMissing, BlogDamaged, TokenNeeded, Forbidden):
            return None  # deleted or made private meanwhile, or not readable now
        positions = replica.positions
        updated_at = positions[-1].published_at if positions else None
        return {"header": replica.header or header, "updates": len(positions), "updated_at": updated_at}


def _ordered(headers: Sequence[StoredHeader]) -> list[StoredHeader]:
    """Sort headers. Equal ones keep the catalogue's order, by name."""
    begun = sorted(headers, key=lambda header: header.coverage_end or header.coverage_start or "", reverse=True)
    coming = sorted(headers, key=lambda header: header.coverage_start or "without a time")
    by_status = {"live": begun, "paused": begun, "scheduled": coming, "ended": begun}
    return [header for status, sort in by_status.items() for header in sort if header.status == status]
