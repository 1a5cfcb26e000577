"""The parts of a node that serve open desks."""

from __future__ import annotations

from starlette.routing import Route

from stoppress.desk.open_desks import OpenDesks
from stoppress.store.port import Store
from stoppress.sync.follower import Follower
from stoppress.web.admission.held_requests import HeldRequests
from stoppress.web.desk_stream.stream import DeskStreams
from stoppress.web.editors.auth import Authentication
from stoppress.web.editors.write_limit import WriteLimit
from stoppress.web.pages.markup import Renderer


class DeskParts:
    """See the module's docstring.

    Args:
        store: has the drafts.
        follower: has the hubs; it tells of changes.
        held_requests: those that a drain ends.
        beat: seconds between beats on a silent stream.
    """

    def __init__(self, store: Store, follower: Follower, held_requests: HeldRequests, beat: float) -> None:
        self._desks = OpenDesks(store, follower)
        self._held_requests = held_requests
        self._beat = beat

    def routes(self, authentication: Authentication, limit: WriteLimit, renderer: Renderer) -> list[Route]:
        """Return the routes of open desks."""
        streams = DeskStreams(authentication, limit, self._desks, self._held_requests, renderer, self._beat)
        return streams.routes()
