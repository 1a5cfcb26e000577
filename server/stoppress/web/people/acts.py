"""Lines of the audit about people and their sessions. They belong to no blog."""

from __future__ import annotations

from starlette.requests import Request

from stoppress.access.identity import Identity
from stoppress.newsroom.commits import Request as WriteRequest
from stoppress.store.past.port import Past
from stoppress.web.editors.origin import Origins


class Acts:
    """See the module's docstring.

    Args:
        past: keeps the audit.
        origins: find out where requests come from.
    """

    def __init__(self, past: Past, origins: Origins) -> None:
        self._past = past
        self._origins = origins

    async def note(self, request: Request, action: str, person: str, who: Identity | None = None) -> None:
        """Write what a request has just done, right after it. Raises `StoreUnavailable`.

        Args:
            request: the request.
            action: what was done, see docs/reference/access.md.
            person: the person whom it is about, or the session.
            who: has done it; None: the sender of the request.
        """
        sent = WriteRequest(who=who or request.state.who, origin=self._origins.of(request))
        await self._past.append(sent.act(action, None, person))
