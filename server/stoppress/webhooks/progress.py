"""How far a webhook is in a blog: its cursor there, who is sending, and what went wrong.

The record is the lease as well: each write names the version that it expects, so of several nodes one wins.
"""

from __future__ import annotations

import logging
import random

import msgspec
from msgspec import Struct

from stoppress.model import START, Cursor

PROGRESS = "webhook_progress"
"""The kind of the records. Their id is that of the webhook, `/`, and the blog."""

LEASE_SECONDS = 15.0
"""Seconds for which a node may send the events of a blog before it has to write that it still does."""

RETRY_SECONDS = (1, 5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800)
"""Pauses before the attempts after the first one: 16 hours in all."""

REJECTED_ATTEMPTS = 4
"""Attempts at an event that the receiver rejects, because it would do so again (a status of 400 to 499)."""

_RETRIED = frozenset((408, 409, 425, 429))
"""Statuses below 500 that say: later."""

_GONE = 410

log = logging.getLogger("stoppress.webhooks")


class Progress(Struct, omit_defaults=True):
    """See the module's docstring."""

    seq: int = 0
    tag: str = ""
    """The seq and the tag of the cursor: all events up to it were sent or given up."""
    knows_header: bool = False
    """Whether the receiver knows of the blog."""
    newest: str = ""
    """The newest `published_at` of which the receiver was told."""
    holder: str = ""
    """The node that is sending."""
    until: float = 0.0
    """When its lease ends, as Unix time in seconds."""
    attempts: int = 0
    """Failed attempts at the next event."""
    again_at: float = 0.0
    """When to try it again."""
    reason: str = ""
    made_at: float = 0.0

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.seq, self.tag) if self.seq else START

    def at(self, cursor: Cursor) -> Progress:
        """Return the progress after a successful event, or one that was given up, that leads to a cursor."""
        return msgspec.structs.replace(self, seq=cursor.seq, tag=cursor.tag, attempts=0, again_at=0.0, reason="")

    def failed(self, now: float, reason: str) -> Progress:
        """Return the progress after a failed attempt."""
        pause = RETRY_SECONDS[min(self.attempts, len(RETRY_SECONDS) - 1)] * random.uniform(0.9, 1.1)  # noqa: S311
        return msgspec.structs.replace(self, attempts=self.attempts + 1, again_at=now + pause, reason=reason)

    def held(self, holder: str, until: float) -> Progress:
        """Return the progress with another lease."""
        return msgspec.structs.replace(self, holder=holder, until=until)

    @classmethod
    def read(cls, body: bytes) -> Progress | None:
        """Return the progress in a record, or None if it cannot be read."""
        try:
            return msgspec.json.decode(body, type=Progress)
        except msgspec.DecodeError:
            log.warning("unreadable_webhook_progress")
            return None


def is_given_up(attempts: int, status: int | None) -> bool:
    """Return whether an event has failed for good.

    Args:
        attempts: the failed attempts.
        status: the last answer; None if there was none.
    """
    is_rejected = status is not None and 400 <= status < 500 and status not in _RETRIED
    return status == _GONE or attempts > len(RETRY_SECONDS) or (is_rejected and attempts >= REJECTED_ATTEMPTS)
