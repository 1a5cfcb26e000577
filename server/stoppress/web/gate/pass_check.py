"""A held request of a reader: it ends when the reader may not read the blog any longer."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from stoppress.errors import StoppressError, StoreUnavailable, TokenNeeded
from stoppress.live.passes import FOREVER, NO_PASS
from stoppress.model import Cursor
from stoppress.web.admission.held_requests import HeldRequest
from stoppress.web.editors.guess_limit import TooManyGuesses
from stoppress.web.gate.gate import RECHECK_SECONDS, Admitted, Gate
from stoppress.wire.close_reasons import ACCESS_CHANGED, ACCESS_REVOKED, TOKEN_ENDED, CloseReason

_MIN_PAUSE_SECONDS = 0.25
"""Time until the next check if that is due already: the store may not answer."""


class PassCheck:
    """The pass of one held request, and when to look at it again."""

    def __init__(self, gate: Gate, request: Request, admitted: Admitted, held: HeldRequest) -> None:
        self.hub = admitted.hub
        self._gate = gate
        self._request = request
        self._held = held
        self._check_at = 0.0
        self._is_guest = False
        self._take(admitted.ends)

    def _take(self, ends: float) -> None:
        self._is_guest = ends == NO_PASS
        self._check_at = self._gate.now() + RECHECK_SECONDS if ends == FOREVER else ends

    async def close_reason(self) -> CloseReason | None:
        """Return why the reader has to leave; None if the reader may stay. Ask this before each answer."""
        if not self._gate.is_private(self.hub.replica.opens_at) or self._gate.now() < self._check_at:
            return None
        if self._is_guest:
            return ACCESS_CHANGED
        try:
            admitted = await self._gate.admit(self._request, self.hub.replica.blog)
        except StoreUnavailable:
            return None
        except (TokenNeeded, TooManyGuesses):
            return TOKEN_ENDED
        except StoppressError:
            return ACCESS_REVOKED
        self._take(admitted.ends)
        return None

    async def last(self, seconds: float) -> bool:
        """Wait for a change, or until the reader has to leave. Return False if there was none in so many seconds."""
        cursor, loop = self.hub.replica.cursor, asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while (left := deadline - loop.time()) > 0 and not self._held.close_reason and not await self.close_reason():
            if await self.change(cursor, left):
                return True
        return False

    async def change(self, cursor: Cursor | None, seconds: float) -> bool:
        """Wait like `HeldRequest.change`, at most until the right to read has to be checked."""
        if self._gate.is_private(self.hub.replica.opens_at):
            seconds = min(seconds, max(_MIN_PAUSE_SECONDS, self._check_at - self._gate.now()))
        return await self._held.change(self.hub, cursor, seconds)
