"""`/changes`: the update that leads from a cursor to the head, at once or, as a long poll, when there is one."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress.errors import BadQuery
from stoppress.live.hub import Hub
from stoppress.model import Cursor
from stoppress.sync.follower import Follower
from stoppress.telemetry.counts import Counts
from stoppress.web.admission.held_requests import HeldRequests, ended_with_reader
from stoppress.web.negotiation import Wanted
from stoppress.web.readers.cursors import cacheable, cursor_of, etag_of
from stoppress.web.readers.renditions import Renditions
from stoppress.web.validation import check_query

_MAX_WAIT_SECONDS = 60.0
"""How long `wait` may hold a request."""


class Changes:
    """The handler.

    Args:
        follower: knows the blogs.
        held_requests: all requests that the node holds open.
        renditions: has the encodings.
        counts: gets the deliveries.
    """

    def __init__(self, follower: Follower, held_requests: HeldRequests, renditions: Renditions, counts: Counts) -> None:
        self._follower = follower
        self._renditions = renditions
        self._held_requests = held_requests
        self._counts = counts

    def routes(self) -> list[Route]:
        return [Route("/blogs/{blog}/changes", self.changes, methods=["GET"])]

    async def changes(self, request: Request) -> Response:
        """Answer with the update from `since`, at once or within `wait` seconds."""
        check_query(request, "since", "wait", "view", "lang")
        since, wait, rendition = cursor_of(request), _wait(request), self._renditions.of(request)
        hub = await self._hub(request, since)
        is_current = since == hub.replica.cursor or Wanted(request.headers).has(etag_of(hub.replica.cursor))
        leaves = False
        if wait and is_current and hub.close_reason is None:
            with self._held_requests.open(request, "long_poll") as held:
                async with ended_with_reader(held, request.receive):
                    self._counts.deliveries["long_poll"] += await held.change(hub, hub.replica.cursor, wait)
                leaves = held.close_reason is not None
            hub = await self._hub(request, since)  # it may have been deleted
            body, cursor = hub.answer(since, rendition.changes)
        else:
            await rendition.prepare(hub.replica, hub.replica.entries_for(since))
            hub = await self._hub(request, since)
            body, cursor = hub.catch_up(since, rendition.changes)
        answer = cacheable(request, body, cursor, "public, max-age=1")
        if leaves:
            answer.headers["connection"] = "close"  # the next request is for another node
        return answer

    async def _hub(self, request: Request, since: Cursor | None = None) -> Hub:
        return await self._follower.hub(request.path_params["blog"], since)


def _wait(request: Request) -> float:
    text = request.query_params.get("wait", "0")
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text):
        raise BadQuery(f"`wait` must be a number of seconds, as in wait=25; got {text[:80]!r}.", "wait")
    return min(float(text), _MAX_WAIT_SECONDS)
