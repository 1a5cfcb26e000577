"""Whether this node lives, and whether it is ready to serve."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from stoppress.errors import StoreUnavailable
from stoppress.store.port import Store
from stoppress.sync.follower import Follower
from stoppress.web.admission.admission import Admission

PING_SECONDS = 3.0
"""How long the store may take to answer before the node counts as not ready."""


class Health:
    """The handlers.

    Args:
        store: must take writes.
        follower: must show readers what is in it.
        admission: must not have been told to stop.
    """

    def __init__(self, store: Store, follower: Follower, admission: Admission) -> None:
        self._store = store
        self._follower = follower
        self._admission = admission
        self.store_up = False
        """Whether the store took a write when it was tried last."""

    def routes(self) -> list[Route]:
        return [Route("/livez", self.alive, methods=["GET"]), Route("/readyz", self.ready, methods=["GET"])]

    async def alive(self, _request: Request) -> Response:
        """The process answers."""
        return _plain(200, "ok")

    async def ready(self, _request: Request) -> Response:
        """A publish would come out at readers' sockets, and the node is not being stopped."""
        problem = "this node is being stopped" if self._admission.draining else await self.problem()
        return _plain(503, problem) if problem else _plain(200, "ok")

    async def problem(self) -> str | None:
        """Why a publish would not come out; None: it would."""
        self.store_up = False
        try:
            async with asyncio.timeout(PING_SECONDS):
                await self._store.ping()
        except (StoreUnavailable, TimeoutError) as error:
            return f"the store does not answer: {error}"
        self.store_up = True
        if behind := self._follower.behind:
            return f"what is in the store does not come out at readers' sockets: {behind} blogs are behind"
        return None


def _plain(status: int, text: str) -> Response:
    return PlainTextResponse(text + "\n", status, {"cache-control": "no-store"})
