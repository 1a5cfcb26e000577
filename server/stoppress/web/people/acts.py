"""Lines of the audit about people and their sessions. They belong to no blog."""

from __future__ import annotations

from starlette.requests import Request

from stoppress.access.identity import Identity
from stoppress.newsroom.commits import Request as WriteRequest
from stoppress.store.past.port import Act
from stoppress.web.editors.origin import Origins


class Acts:
    """See the module's docstring.

    Args:
        origins: find out where requests come from.
    """

    def __init__(self, origins: Origins) -> None:
        self._origins = origins

    def act(self, request: Request, action: str, person: str | None = None, who: Identity | None = None) -> Act:
        """Return the line for what a request is about to do. Raises `HTTPError` (400) if its reason is malformed.

        Args:
            request: the request.
            action: what it does, see docs/reference/access.md.
            person: the name of the person whom it is about, if that is known.
            who: does it; None: the sender of the request.
        """
        sent = WriteRequest(who=who or request.state.who, origin=self._origins.of(request))
        return sent.act(action, None, person)
