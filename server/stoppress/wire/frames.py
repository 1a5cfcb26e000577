"""WebSocket frames that one node makes once and sends to all its readers (RFC 6455, RFC 7692)."""

from __future__ import annotations

from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Close, Frame, Opcode

from stoppress.wire.close_reasons import CloseReason

WINDOW_BITS = 15
"""How far back a deflate stream may refer, as a power of two: the most that RFC 7692 allows, and its default."""


def frame(opcode: Opcode, payload: bytes) -> bytes:
    """A whole message in one frame, as it is. Any client may get it at any time."""
    return Frame(opcode, payload).serialize(mask=False)


def close_frame(close_reason: CloseReason) -> bytes:
    """Return a close frame (RFC 6455, section 5.5.1); the reason is cut to the 123 bytes that fit."""
    reason = close_reason.reason.encode()[:123].decode(errors="ignore")
    return Frame(Opcode.CLOSE, Close(close_reason.code, reason).serialize()).serialize(mask=False)


class DeflateStream:
    """Messages that are compressed one after the other, each with what came before it as context.

    Its first frame refers to nothing before it: it can be read by every client that agreed on permessage-deflate,
    whatever that was sent until then. Each later one can be read only by those that were sent all frames of the
    stream since, and no other compressed ones; uncompressed frames in between do no harm.
    """

    def __init__(self) -> None:
        self._extensions = [PerMessageDeflate(True, False, WINDOW_BITS, WINDOW_BITS)]

    def frame(self, opcode: Opcode, payload: bytes) -> bytes:
        """The next message of the stream in one frame."""
        return Frame(opcode, payload).serialize(mask=False, extensions=self._extensions)
