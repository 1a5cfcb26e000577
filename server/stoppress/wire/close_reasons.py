"""Why the server closes connections of readers: every close code that it chooses (RFC 6455, section 7.4).

`websockets` chooses the codes of protocol errors by itself (1002, 1007, 1009) and repeats those of clients.
"""

from __future__ import annotations

from typing import NamedTuple

from stoppress.wire.messages import Retry


class CloseReason(NamedTuple):
    """A close code, a reason for people, and when the reader may come back, if the server says so."""

    code: int
    reason: str
    retry: Retry | None = None


READER_LEFT = CloseReason(1001, "The reader has left.")
"""Ends a held request; nobody receives it."""

TOO_MANY_MESSAGES = CloseReason(1008, "Too many messages. This connection is for listening.")

BLOG_DELETED = CloseReason(4404, "This blog was deleted.")


def going_away(retry: Retry) -> CloseReason:
    """Return the reason of a node that is being stopped."""
    return CloseReason(1001, "The server is going away.", retry)


def try_again_later(reason: str, retry: Retry) -> CloseReason:
    """Return the reason of a node that cannot take the reader now: it is full, or its store does not answer."""
    return CloseReason(1013, reason, retry)


def malformed_cursor(reason: str) -> CloseReason:
    return CloseReason(4400, reason)


def blog_not_found(reason: str) -> CloseReason:
    return CloseReason(4404, reason)
