"""`/changes` and `/entries`: what a blog has, over plain HTTP.

`/changes` is the update that leads from a cursor to the head, at once or, as a long poll, when there is one. `/entries`
are older entries, page by page, or one entry by itself.
"""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress.errors import BadQuery
from stoppress.live.items import EntryPosition, PublicItem
from stoppress.live.replica import Replica
from stoppress.model import Cursor
from stoppress.sync.follower import Follower
from stoppress.telemetry.counts import Counts
from stoppress.web.admission.held_requests import HeldRequests
from stoppress.web.documents import Document, Documents
from stoppress.web.negotiation import Wanted, unless_known
from stoppress.web.pages.blog_page import Pages
from stoppress.web.readers.renditions import Renditions
from stoppress.web.security import READABLE
from stoppress.web.validation import check_query, number

_MAX_WAIT_SECONDS = 60.0
"""How long `wait` may hold a request."""


class Content:
    """The handlers. `pages` answers browsers that ask for one entry."""

    def __init__(
        self,
        follower: Follower,
        held_requests: HeldRequests,
        renditions: Renditions,
        pages: Pages,
        documents: Documents,
        counts: Counts,
    ) -> None:
        self._follower = follower
        self._held_requests = held_requests
        self._renditions = renditions
        self._pages = pages
        self._documents = documents
        self._counts = counts

    def routes(self) -> list[Route]:
        return [
            Route("/blogs/{blog}/changes", self.changes, methods=["GET"]),
            Route("/blogs/{blog}/entries", self.older, methods=["GET"]),
            Route("/blogs/{blog}/entries/{entry}", self.entry, methods=["GET"]),
        ]

    async def changes(self, request: Request) -> Response:
        """Answer with the update from `since`, at once or within `wait` seconds."""
        check_query(request, "since", "wait", "view", "lang")
        blog, text = request.path_params["blog"], request.query_params.get("since")
        since = None if text is None else Cursor.parse(text)
        wait, rendition = _wait(request), self._renditions.of(request)
        hub = await self._follower.hub(blog, since)
        is_current = since == hub.replica.cursor or Wanted(request.headers).has(f'"{hub.replica.cursor}"')
        leaves = False
        if wait and is_current and hub.close_reason is None:
            with self._held_requests.open(request, "long_poll") as held:
                self._counts.deliveries["long_poll"] += await held.change(hub, hub.replica.cursor, wait)
                leaves = held.close_reason is not None
            hub = await self._follower.hub(blog, since)  # it may have been deleted
            body, cursor = hub.answer(since, rendition.changes)
        else:
            await rendition.prepare(hub.replica, hub.replica.entries_for(since))
            hub = await self._follower.hub(blog, since)
            body, cursor = hub.catch_up(since, rendition.changes)
        answer = _answer(request, body, cursor, "public, max-age=1")
        if leaves:
            answer.headers["connection"] = "close"  # the next request is for another node
        return answer

    async def older(self, request: Request) -> Response:
        """Answer with a page of entries, newest first."""
        check_query(request, "before", "limit", "view", "lang")
        before = request.query_params.get("before")
        limit = number(request, "limit", self._pages.newest, 200)
        position = None if before is None else EntryPosition.parse(before)
        rendition, replica = self._renditions.of(request), await self._replica(request)
        position, says_limit, cursor = replica.entry_at(position), "limit" in request.query_params, replica.cursor

        def page() -> tuple[list[PublicItem], str | None]:
            entries, address = replica.page(position, limit)
            return entries, address + f"&limit={limit}" if address and says_limit else address

        document = Document(
            ("entries", rendition, position, limit, says_limit),
            lambda _site: rendition.page(replica, *page()),
            lambda: rendition.prepare(replica, page()[0]),
        )
        body = await self._documents.body(request, replica, document)
        self._counts.catch_ups["page"] += 1
        response = _answer(request, body, cursor, "no-cache")
        if (address := page()[1]) is not None:
            response.headers["link"] = f'<{rendition.address(address)}>; rel="next"'
        return response

    async def entry(self, request: Request) -> Response:
        """Answer with one entry: with the page at it for a browser, with JSON for other clients."""
        rendition, replica = self._renditions.of(request), await self._replica(request)
        if Wanted(request.headers).prefers_html():
            return await self._pages.at_entry(request, replica)
        entry = replica.existing_entry(request.path_params["entry"])
        return _answer(request, rendition.entry(replica, entry), replica.cursor_at(entry.seq), "no-cache")

    async def _replica(self, request: Request) -> Replica:
        return (await self._follower.hub(request.path_params["blog"])).replica


def _wait(request: Request) -> float:
    text = request.query_params.get("wait", "0")
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text):
        raise BadQuery(f"`wait` must be a number of seconds, as in wait=25; got {text[:80]!r}.", "wait")
    return min(float(text), _MAX_WAIT_SECONDS)


def _answer(request: Request, body: bytes, cursor: Cursor, cache_control: str) -> Response:
    headers = {**READABLE, "content-type": "application/json", "cache-control": cache_control, "vary": "accept"}
    return unless_known(request, f'"{cursor}"', headers, body)
