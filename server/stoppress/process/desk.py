"""The parts of a node that serve open desks."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable

from starlette.routing import Route

from stoppress.desk.company import Company
from stoppress.desk.exchange import Exchange
from stoppress.desk.open_desks import OpenDesks
from stoppress.store.port import Store
from stoppress.sync.follower import Follower
from stoppress.web.admission.held_requests import HeldRequests
from stoppress.web.desk_stream.presence_api import PresenceApi
from stoppress.web.desk_stream.stream import DeskStreams
from stoppress.web.editors.auth import Authentication
from stoppress.web.editors.write_limit import WriteLimit
from stoppress.web.pages.markup import Renderer


class DeskParts:
    """See the module's docstring.

    Args:
        store: has the drafts, and what nodes tell each other.
        follower: has the hubs; it tells of changes.
        now: returns the store's time, as Unix time in seconds.
        held_requests: those that a drain ends.
        beat: seconds between beats on a silent stream.
    """

    def __init__(
        self,
        store: Store,
        follower: Follower,
        now: Callable[[], float],
        held_requests: HeldRequests,
        beat: float,
    ) -> None:
        self._desks = OpenDesks(store, follower)
        self.company = Company(self._desks, Exchange(store, _node_name()), now)
        self._held_requests = held_requests
        self._beat = beat

    def routes(self, authentication: Authentication, limit: WriteLimit, renderer: Renderer) -> list[Route]:
        """Return the routes of open desks."""
        streams = DeskStreams(authentication, limit, self._desks, self._held_requests, renderer, self._beat)
        presence = PresenceApi(authentication, limit, self.company)
        return [*streams.routes(), *presence.routes()]


def _node_name() -> str:
    """Return a name that no other process has."""
    return f"{socket.gethostname()[:60]}-{secrets.token_hex(3)}"
