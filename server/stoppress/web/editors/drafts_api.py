"""`/api/session/drafts`: a tab of the desk takes over the draft that a person is writing."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress.errors import BadQuery
from stoppress.newsroom.desk.epochs import DraftEpochs
from stoppress.web.editors.auth import Authentication
from stoppress.web.editors.resource import Resource, answered, unstored
from stoppress.web.editors.write_limit import WriteLimit
from stoppress.web.editors.writes import DRAFT_ID


class DraftsApi:
    """The handler. `epochs` counts the takeovers."""

    def __init__(self, authentication: Authentication, epochs: DraftEpochs, limit: WriteLimit) -> None:
        self._epochs = epochs
        self._resource = Resource(authentication, limit, (), {"PUT": ("write_draft", self.take_over)})

    def routes(self) -> list[Route]:
        return [self._resource.route("/api/session/drafts/{draft}")]

    async def take_over(self, request: Request, draft: str) -> Response:
        """Answer with a new epoch. Writes with an older one are refused from now on."""
        if not re.fullmatch(DRAFT_ID, draft):
            raise BadQuery(f"The id of a draft must be a UUID in lower case; got {draft[:80]!r}.", "draft")
        return unstored(answered(request, {"epoch": await self._epochs.take_over(request.state.who, draft)}))
