"""Health checks: `/livez` (the process answers) and `/readyz` (the node is ready to serve)."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from stoppress.errors import StoreUnavailable
from stoppress.newsroom.clock import StoreClock
from stoppress.store.port import Store
from stoppress.sync.follower import Follower
from stoppress.web.admission.admission import Admission

_PING_TIMEOUT_SECONDS = 3.0
"""Seconds after which a store without an answer makes the node not ready."""


class Health:
    """The handlers of the health checks."""

    def __init__(self, store: Store, follower: Follower, admission: Admission, clock: StoreClock | None = None) -> None:
        self._store = store
        self._follower = follower
        self._admission = admission
        self._clock = clock
        self.store_up = False
        """Whether the store took a write at the last check."""

    def routes(self) -> list[Route]:
        return [Route("/livez", self.alive, methods=["GET"]), Route("/readyz", self.ready, methods=["GET"])]

    async def alive(self, _request: Request) -> Response:
        return _plain(200, "ok")

    async def ready(self, _request: Request) -> Response:
        """Answer 200 if a publish would reach the readers and the node is not stopping, else 503.

        A wrong clock does not keep publications from the readers, so it is only mentioned.
        """
        problem = "This node is stopping." if self._admission.draining else await self.problem()
        if problem:
            return _plain(503, problem)
        warning = self._clock.warning if self._clock else None
        return _plain(200, f"ok\n{warning}" if warning else "ok")

    @property
    def clock_skew(self) -> float:
        """Seconds by which the node's clock is ahead of the store's."""
        return self._clock.skew if self._clock else 0.0

    async def problem(self) -> str | None:
        """Return the reason why a publish would not reach the readers, or None if it would."""
        self.store_up = False
        try:
            async with asyncio.timeout(_PING_TIMEOUT_SECONDS):
                await self._store.ping()
        except StoreUnavailable as error:
            return str(error)
        except TimeoutError:
            return f"The store did not answer within {_PING_TIMEOUT_SECONDS:g} s."
        self.store_up = True
        if behind := self._follower.behind:
            return f"Readers do not get the newest changes: {behind} blogs are behind the store."
        return None


def _plain(status: int, text: str) -> Response:
    return PlainTextResponse(text + "\n", status, {"cache-control": "no-store"})
