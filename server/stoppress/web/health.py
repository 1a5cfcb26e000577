"""Whether this node lives, and whether it is ready to serve."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from stoppress.errors import StoreUnavailable
from stoppress.store.port import Store

PING_SECONDS = 3.0
"""How long the store may take to answer before the node counts as not ready."""


class Health:
    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> list[Route]:
        return [Route("/livez", self.alive, methods=["GET"]), Route("/readyz", self.ready, methods=["GET"])]

    async def alive(self, _request: Request) -> Response:
        """The process answers."""
        return _plain(200, "ok")

    async def ready(self, _request: Request) -> Response:
        """The store takes writes."""
        try:
            async with asyncio.timeout(PING_SECONDS):
                await self._store.ping()
        except (StoreUnavailable, TimeoutError) as error:
            return _plain(503, f"the store does not answer: {error}")
        return _plain(200, "ok")


def _plain(status: int, text: str) -> Response:
    return PlainTextResponse(text + "\n", status, {"cache-control": "no-store"})
