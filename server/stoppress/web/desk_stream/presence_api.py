"""`/api/blogs/{blog}/presence`: a browser tab says that it has a desk open, and what its editor is writing."""

from __future__ import annotations

import re
from typing import Annotated

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress.access.roles import Action
from stoppress.desk.company import Company
from stoppress.desk.presence import EDITING_PATTERN, TAB_PATTERN
from stoppress.errors import BadQuery
from stoppress.web.editors.auth import Authentication
from stoppress.web.editors.resource import Handler, Resource
from stoppress.web.editors.write_limit import WriteLimit
from stoppress.web.editors.writes import read_form
from stoppress.web.validation import PATTERNS, check_query


class PresenceForm(Struct, kw_only=True, forbid_unknown_fields=True):
    """A tab and what is edited in it, in the body of PUT."""

    tab: Annotated[str, Meta(pattern=TAB_PATTERN)]
    editing: Annotated[str, Meta(pattern=EDITING_PATTERN)] | None = None


class PresenceApi:
    """The handlers.

    Args:
        authentication: finds the sender.
        limit: not used; these requests do not count as writes.
        company: takes the reports.
    """

    def __init__(self, authentication: Authentication, limit: WriteLimit, company: Company) -> None:
        self._authentication = authentication
        self._limit = limit
        self._company = company

    def routes(self) -> list[Route]:
        handlers: dict[str, tuple[Action | None, Handler]] = {
            "PUT": ("read_blogs", self.arrive),
            "DELETE": ("read_blogs", self.leave),
        }
        resource = Resource(self._authentication, self._limit, (), handlers, counted=False)
        return [resource.route("/api/blogs/{blog}/presence")]

    async def arrive(self, request: Request, blog: str) -> Response:
        """Note that a tab is there."""
        check_query(request)
        form = await read_form(request, PresenceForm)
        who, session = request.state.who, getattr(request.state, "session", None)
        name = session.display_name if session else who.name
        await self._company.arrive(blog, form.tab, who.id, name, form.editing)
        return Response(status_code=204)

    async def leave(self, request: Request, blog: str) -> Response:
        """Note that a tab leaves."""
        check_query(request, "tab")
        tab = request.query_params.get("tab", "")
        if not re.match(TAB_PATTERN, tab):
            raise BadQuery(f"`tab` must be {PATTERNS[TAB_PATTERN]}; got {tab[:80]!r}.", "tab")
        await self._company.leave(blog, tab, request.state.who.id)
        return Response(status_code=204)
