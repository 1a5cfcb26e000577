"""`/entries`: entries page by page, and one entry by itself."""

from __future__ import annotations

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress.errors import BadInput, EntryNotFound
from stoppress.live.items import EntryPosition
from stoppress.sync.follower import Follower
from stoppress.telemetry.counts import Counts
from stoppress.web.bodies import number
from stoppress.web.negotiation import Wanted
from stoppress.web.pages.blog_page import Pages
from stoppress.web.readers.cursors import cacheable
from stoppress.web.readers.renditions import Renditions


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
            Route("/blogs/{blog}/entries", self.page, methods=["GET"]),
            Route("/blogs/{blog}/entries/{entry}", self.entry, methods=["GET"]),
        ]

    async def page(self, request: Request) -> Response:
        """Answer with a page of entries, newest first: those before a position, or after one."""
        query = request.query_params
        limit, key = number(request, "limit", self._newest, 200), _asks_for_key_events(query)
        rendition = self._renditions.of(request)
        replica = (await self._follower.hub(request.path_params["blog"])).replica
        if "after" in query:
            way, find, position = "newer", replica.page_after, EntryPosition.parse(query["after"], "after")
        else:
            way, find, position = "older", replica.page, EntryPosition.parse(query.get("before"), "before")
        await rendition.prepare(replica, find(position, limit, key=key)[0])
        entries, address = find(position, limit, key=key)
        self._counts.catch_ups["page"] += 1
        if address is not None:
            address += "&key=true" * key + f"&limit={limit}" * ("limit" in query)
        response = cacheable(request, rendition.page(replica, entries, **{way: address}), replica.cursor, "no-cache")
        if address is not None:
            response.headers["link"] = f'<{rendition.address(address)}>; rel="{"next" if way == "older" else "prev"}"'
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


def _asks_for_key_events(query: QueryParams) -> bool:
    text = query.get("key", "false")
    if text not in ("true", "false"):
        raise BadInput(f"`key` must be true or false; got {text[:80]!r}.", "key")
    return text == "true"
