"""`/changes` and `/entries`: what a blog has, over plain HTTP.

`/changes` is the update that leads from a cursor to the head, at once or, as a long poll, when there is one. `/entries`
are entries, page by page, or one entry by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress.errors import BadQuery
from stoppress.live.hub import Hub
from stoppress.live.items import EntryPosition, PublicItem
from stoppress.live.replica import Replica
from stoppress.model import Cursor
from stoppress.telemetry.counts import Counts
from stoppress.web.admission.held_requests import HeldRequests
from stoppress.web.documents import Document, Documents
from stoppress.web.gate.credentials import TOKEN_PARAMETER
from stoppress.web.gate.gate import Gate
from stoppress.web.gate.pass_check import PassCheck
from stoppress.web.negotiation import Wanted, unless_known
from stoppress.web.pages.blog_page import Pages
from stoppress.web.readers.renditions import Renditions
from stoppress.web.security import READABLE
from stoppress.web.validation import check_query, number

_MAX_WAIT_SECONDS = 60.0
"""Maximum seconds for which `wait` may hold a request."""


class Content:
    """The handlers. `pages` answers browsers that ask for one entry."""

    def __init__(
        self,
        gate: Gate,
        held_requests: HeldRequests,
        renditions: Renditions,
        pages: Pages,
        documents: Documents,
        counts: Counts,
    ) -> None:
        self._gate = gate
        self._held_requests = held_requests
        self._renditions = renditions
        self._pages = pages
        self._documents = documents
        self._counts = counts

    def routes(self) -> list[Route]:
        return [
            Route("/blogs/{blog}/changes", self.changes, methods=["GET"]),
            Route("/blogs/{blog}/entries", self.page, methods=["GET"]),
            Route("/blogs/{blog}/entries/{entry}", self.entry, methods=["GET"]),
        ]

    async def changes(self, request: Request) -> Response:
        """Answer with the update from `since`, at once or within `wait` seconds."""
        check_query(request, "since", "wait", "view", "lang", TOKEN_PARAMETER)
        blog, text = request.path_params["blog"], request.query_params.get("since")
        since = None if text is None else Cursor.parse(text)
        wait, rendition = _wait(request), self._renditions.of(request)
        admitted = await self._gate.admit(request, blog, since)
        hub = admitted.hub
        is_current = since == hub.replica.cursor or Wanted(request.headers).has(f'"{hub.replica.cursor}"')
        leaves = False
        if wait and is_current and hub.close_reason is None:
            with self._held_requests.open(request, "long_poll") as held, _waiting(hub):
                self._counts.deliveries["long_poll"] += await PassCheck(self._gate, request, admitted, held).last(wait)
                leaves = held.close_reason is not None
            hub = await self._gate.hub(request, blog, since)  # it may have been deleted
            body, cursor = hub.answer(since, rendition.changes)
        else:
            await rendition.prepare(hub.replica, hub.replica.entries_for(since))
            hub = await self._gate.hub(request, blog, since)
            body, cursor = hub.catch_up(since, rendition.changes)
        answer = _answer(request, body, cursor, "public, max-age=1")
        if leaves:
            answer.headers["connection"] = "close"  # the next request is for another node
        return answer

    async def page(self, request: Request) -> Response:
        """Answer with a page of entries, newest first: those before a position, or after one."""
        check_query(request, "before", "after", "key", "limit", "view", "lang", TOKEN_PARAMETER)
        query = request.query_params
        limit, key = number(request, "limit", self._pages.newest, 200), _asks_for_key_events(query)
        rendition, replica = self._renditions.of(request), await self._replica(request)
        if "after" in query:
            way, find = "newer", replica.page_after
            position = replica.entry_up_to(EntryPosition.parse(query["after"], "after"))
        else:
            way, find = "older", replica.page
            position = replica.entry_at(EntryPosition.parse(query.get("before")))
        more, cursor = "&key=true" * key + f"&limit={limit}" * ("limit" in query), replica.cursor

        def page() -> tuple[list[PublicItem], str | None]:
            entries, address = find(position, limit, key=key)
            return entries, address and address + more

        def render() -> bytes:
            entries, address = page()
            return rendition.page(replica, entries, **{way: address})

        document = Document(
            ("entries", rendition, way, position, limit, more),
            lambda _site: render(),
            lambda: rendition.prepare(replica, page()[0]),
        )
        body = await self._documents.body(request, replica, document)
        self._counts.catch_ups["page"] += 1
        response = _answer(request, body, cursor, "no-cache")
        if (address := page()[1]) is not None:
            response.headers["link"] = f'<{rendition.address(address)}>; rel="{"next" if way == "older" else "prev"}"'
        return response

    async def entry(self, request: Request) -> Response:
        """Answer with one entry: with the page at it for a browser, with JSON for other clients."""
        rendition, replica = self._renditions.of(request), await self._replica(request)
        if Wanted(request.headers).prefers_html():
            return await self._pages.at_entry(request, replica)
        entry = replica.existing_entry(request.path_params["entry"])
        return _answer(request, rendition.entry(replica, entry), replica.cursor_at(entry.seq), "no-cache")

    async def _replica(self, request: Request) -> Replica:
        return (await self._gate.hub(request, request.path_params["blog"])).replica


@contextmanager
def _waiting(hub: Hub) -> Iterator[None]:
    """Count a reader that waits for the next change, and has it at the end."""
    mark = hub.deliveries.enter("changes")
    try:
        yield
        hub.deliveries.settle(mark, hub.cursor)
    finally:
        hub.deliveries.exit("changes")


def _wait(request: Request) -> float:
    text = request.query_params.get("wait", "0")
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text):
        raise BadQuery(f"`wait` must be a number of seconds, as in wait=25; got {text[:80]!r}.", "wait")
    return min(float(text), _MAX_WAIT_SECONDS)


def _answer(request: Request, body: bytes, cursor: Cursor, cache_control: str) -> Response:
    headers = {**READABLE, "content-type": "application/json", "cache-control": cache_control, "vary": "accept"}
    return unless_known(request, f'"{cursor}"', headers, body)


def _asks_for_key_events(query: QueryParams) -> bool:
    text = query.get("key", "false")
    if text not in ("true", "false"):
        raise BadQuery(f"`key` must be true or false; got {text[:80]!r}.", "key")
    return text == "true"
