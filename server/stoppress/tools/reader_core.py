"""The logic of a WebSocket reader: check each message against the cursor, and decide when to reconnect.

It has no I/O and no clock. `stoppress tail`, `stoppress swarm` and the load test add them.
"""

from __future__ import annotations

import random
from enum import Enum

_SHORTEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.5, 3.0, 30.0
"""Waits before the reader connects again, as in `client_js/src/core/backoff.js`."""

_MAX_FAILURES = 5


class Outcome(Enum):
    """The result of taking a message. After a gap or a duplicate, connect again from the cursor."""

    TAKEN = "the message continues from the cursor"
    RESET = "the message replaces everything that the reader has"
    DUPLICATE = "the reader already has the message"
    GAP = "changes between the cursor and the message are missing"


class ReaderCore:
    """One reader, over any number of connections; a cursor of None means that it has nothing."""

    __slots__ = ("_failures", "_wait_seconds", "cursor", "is_sampled")

    def __init__(self, cursor: str | None = None) -> None:
        self.cursor = cursor
        self.is_sampled = False
        """Whether the server has asked for an answer to each update, over the current connection."""
        self._failures = 0
        self._wait_seconds: float | None = None  # the server asked for this wait

    @property
    def seq(self) -> int:
        """The seq of the cursor; 0 if the reader has nothing."""
        return _seq(self.cursor)

    def take_update(self, since: str | None, cursor: str, *, more: bool) -> Outcome:
        """Take an update from `since` (None: a reset) to `cursor`. With `more`, the next update continues it."""
        if since is not None and since != self.cursor:
            is_behind = self.cursor is not None and _seq(cursor) <= self.seq
            return Outcome.DUPLICATE if is_behind else Outcome.GAP
        step = Outcome.RESET if since is None and self.cursor is not None else Outcome.TAKEN
        self.cursor = cursor
        if not more:
            self._failures = 0
        return step

    def take_beat(self, cursor: str) -> Outcome:
        """Take a beat at the server's cursor."""
        return Outcome.TAKEN if cursor == self.cursor else Outcome.GAP

    def take_sample_request(self, *, answer: bool) -> None:
        """Take the request to answer updates, or not to answer them any longer."""
        self.is_sampled = answer

    @property
    def answer(self) -> str:
        """The message that says that the current state was shown."""
        return f'{{"painted":"{self.cursor}"}}'

    def take_retry(self, least: float, most: float) -> None:
        """Take the shortest and longest wait, in milliseconds, that the server asks for."""
        self._wait_seconds = random.uniform(least, most) / 1000  # noqa: S311, no secret

    def take_status(self, status: int, retry_after: float | None = None) -> bool:
        """Take the status of a rejected handshake. Return False if the reader must not try again."""
        if retry_after is not None:
            self._wait_seconds = random.uniform(retry_after / 2, retry_after)  # noqa: S311, no secret
        return status == 429 or status >= 500

    def take_close(self, code: int) -> bool:
        """Take a close code of the server. Return False if the reader must not try again."""
        return not 4400 <= code < 4500

    def next_wait(self) -> float:
        """Return the seconds to wait before the next attempt, after a connection was lost or failed."""
        self.is_sampled = False
        wait, self._wait_seconds = self._wait_seconds, None
        if wait is None:
            limit = min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * 2**self._failures)
            wait = random.uniform(_SHORTEST_WAIT_SECONDS, limit)  # noqa: S311, no secret
            self._failures = min(self._failures + 1, _MAX_FAILURES)
        return wait


def _seq(cursor: str | None) -> int:
    return int(cursor.partition("-")[0]) if cursor else 0
