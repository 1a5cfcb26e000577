"""WebSocket frames that a node makes once and sends to all its readers (RFC 6455, RFC 7692)."""

from __future__ import annotations

from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Close, Frame, Opcode

from stoppress.wire.close_reasons import CloseReason

WINDOW_BITS = 15
"""The window of a deflate stream as a power of two in bytes: the maximum and the default of RFC 7692."""


def frame(opcode: Opcode, payload: bytes) -> bytes:
    """Return a whole message in one uncompressed frame. Any client can read it at any time."""
    return Frame(opcode, payload).serialize(mask=False)


def close_frame(close_reason: CloseReason) -> bytes:
    """Return a close frame (RFC 6455, section 5.5.1); the reason is cut to the 123 bytes that fit."""
    reason = close_reason.reason.encode()[:123].decode(errors="ignore")
    return Frame(Opcode.CLOSE, Close(close_reason.code, reason).serialize()).serialize(mask=False)


class DeflateStream:
    """A stream of compressed messages, each with the earlier ones as context (RFC 7692).

    The first frame has no context: every client that agreed to permessage-deflate can read it at any time. Each later
    frame can only be read by a client that has got all frames of the stream since the first, and no other compressed
    frames; uncompressed frames in between do no harm.
    """

    def __init__(self) -> None:
        self._extensions = [PerMessageDeflate(True, False, WINDOW_BITS, WINDOW_BITS)]

    def frame(self, opcode: Opcode, payload: bytes) -> bytes:
        """Return the next message of the stream in one frame."""
        return Frame(opcode, payload).serialize(mask=False, extensions=self._extensions)
