"""The right to look at a desk, checked for as long as it is open, because it may be taken away."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from stoppress.access.roles import may
from stoppress.errors import StoreUnavailable
from stoppress.web.editors.auth import Authentication
from stoppress.web.gate.gate import RECHECK_SECONDS
from stoppress.web.problems import HTTPError
from stoppress.wire.close_reasons import ACCESS_REVOKED, CloseCode, CloseReason

SIGNED_OUT = CloseReason(
    CloseCode.TOKEN_NEEDED, "Your session has ended, or your key is no longer valid. Sign in again."
)


class DeskRight:
    """The sender of an authorised request, and when to look at it again."""

    def __init__(self, authentication: Authentication, request: Request, blog: str) -> None:
        self.who = request.state.who
        """The sender as it was when it was checked last: its role may have changed."""
        self._authentication = authentication
        self._request = request
        self._blog = blog
        self._check_at = self._now() + RECHECK_SECONDS

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    async def close_reason(self) -> CloseReason | None:
        """Return why the desk has to close; None if it may stay open. Ask this before anything is sent."""
        if self._now() < self._check_at:
            return None
        self._check_at = self._now() + RECHECK_SECONDS
        try:
            self.who = await self._authentication.identify(self._request)
        except StoreUnavailable:
            return None
        except HTTPError:
            return SIGNED_OUT
        return None if may(self.who, "read_blogs", self._blog) else ACCESS_REVOKED
