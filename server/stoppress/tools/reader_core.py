"""The decisions of a reader over WebSocket: whether a message leads on, and when to come back. No I/O, no clock.

`stoppress tail`, `stoppress swarm` and the load test are shells around it.
"""

from __future__ import annotations

import random
from enum import Enum

_SHORTEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.5, 3.0, 30.0
"""Before connecting again, as in `client_js/src/core/backoff.js`."""

_MAX_FAILURES = 5


class Outcome(Enum):
    """What a message means at a reader's cursor. After a gap or a duplicate, connect again from the cursor."""

    TAKEN = "it leads on from the cursor"
    RESET = "it replaces all that the reader has"
    DUPLICATE = "the reader has it already"
    GAP = "something between the cursor and the message is missing"


class ReaderCore:
    """One reader, over any number of connections.

    Args:
        cursor: where it begins; None for nowhere.
    """

    __slots__ = ("_failures", "_wait_seconds", "cursor")

    def __init__(self, cursor: str | None = None) -> None:
        self.cursor = cursor
        self._failures = 0
        self._wait_seconds: float | None = None  # as the server asked for it

    @property
    def seq(self) -> int:
        """The number of the cursor; 0 for nowhere."""
        return _seq(self.cursor)

    def take_update(self, since: str | None, cursor: str, *, more: bool) -> Outcome:
        """Take an update from `since` (None: a reset) to `cursor`; with `more`, another one completes it."""
        if since is not None and since != self.cursor:
            is_behind = self.cursor is not None and _seq(cursor) <= self.seq
            return Outcome.DUPLICATE if is_behind else Outcome.GAP
        step = Outcome.RESET if since is None and self.cursor is not None else Outcome.TAKEN
        self.cursor = cursor
        if not more:
            self._failures = 0
        return step

    def take_beat(self, cursor: str) -> Outcome:
        return Outcome.TAKEN if cursor == self.cursor else Outcome.GAP

    def take_retry(self, least: float, most: float) -> None:
        """Take the milliseconds that the server wants a reader to stay away."""
        self._wait_seconds = random.uniform(least, most) / 1000  # noqa: S311, no secret

    def take_status(self, status: int, retry_after: float | None = None) -> bool:
        """Take the answer to a handshake that was not accepted. Returns False if coming back is no use."""
        if retry_after is not None:
            self._wait_seconds = random.uniform(retry_after / 2, retry_after)  # noqa: S311, no secret
        return status == 429 or status >= 500

    def take_close(self, code: int) -> bool:
        """Take a close code of the server. Returns False if coming back is no use."""
        return not 4400 <= code < 4500

    def next_wait(self) -> float:
        """Return the seconds until the next attempt, now that the connection is gone or was not made."""
        wait, self._wait_seconds = self._wait_seconds, None
        if wait is None:
            limit = min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * 2**self._failures)
            wait = random.uniform(_SHORTEST_WAIT_SECONDS, limit)  # noqa: S311, no secret
            self._failures = min(self._failures + 1, _MAX_FAILURES)
        return wait


def _seq(cursor: str | None) -> int:
    return int(cursor.partition("-")[0]) if cursor else 0
