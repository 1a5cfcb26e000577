"""Why the server closes connections of readers: every close code that it chooses (RFC 6455, section 7.4).

`websockets` chooses the codes of protocol errors by itself (1002, 1007, 1009) and repeats those of clients.
"""

from __future__ import annotations

import enum
from typing import NamedTuple

from stoppress.wire.messages import Retry


class CloseCode(enum.IntEnum):
    """The protocol's close codes; `docs/reference/protocol.md` says what clients do with each."""

    GOING_AWAY = 1001
    TOO_MANY_MESSAGES = 1008
    TRY_AGAIN_LATER = 1013
    MALFORMED_CURSOR = 4400
    TOKEN_NEEDED = 4401
    NOT_ALLOWED = 4403
    BLOG_NOT_FOUND = 4404


class CloseReason(NamedTuple):
    """A close code, a reason for people, and when the reader may come back, if the server says so."""

    code: CloseCode
    reason: str
    retry: Retry | None = None


STORE_RETRY = Retry(min=1_000, max=10_000)
"""The time after which a reader may come back if the store did not answer."""

READER_LEFT = CloseReason(CloseCode.GOING_AWAY, "The reader has left.")
"""Ends a held request; nobody receives it."""

TOO_MANY_MESSAGES = CloseReason(CloseCode.TOO_MANY_MESSAGES, "Too many messages. This connection is for listening.")

BLOG_DELETED = CloseReason(CloseCode.BLOG_NOT_FOUND, "This blog was deleted.")

TOKEN_ENDED = CloseReason(CloseCode.TOKEN_NEEDED, "The token has ended. Come back with a new one.")

ACCESS_REVOKED = CloseReason(CloseCode.NOT_ALLOWED, "Your right to read this blog was taken away.")

ACCESS_CHANGED = CloseReason(CloseCode.NOT_ALLOWED, "This blog has become private.")

BLOG_UNLOADED = CloseReason(
    CloseCode.GOING_AWAY, "This blog has left the memory of the server.", Retry(min=0, max=1_000)
)
"""For readers that come at the very moment. When they come back, the blog is loaded again."""
