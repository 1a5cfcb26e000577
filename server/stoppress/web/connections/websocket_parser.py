"""Parse the bytes of a reader with `websockets`, which also makes the replies that RFC 6455 requires."""

from __future__ import annotations

from codecs import IncrementalDecoder, getincrementaldecoder

from websockets.extensions.base import Extension
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from stoppress.wire.frames import WINDOW_BITS

_MESSAGE_BYTES = 4_096
"""The longest message that a reader may send. The protocol gives no meaning to any of them yet."""


class WebSocketParser:
    """The parser of one connection's frames.

    It uses several kilobytes, so a connection creates one when bytes arrive and drops it between two messages.
    """

    def __init__(self, *, compressed: bool) -> None:
        self._protocol = ServerProtocol(state=State.OPEN, max_size=_MESSAGE_BYTES)
        self._rest = _Rest(self._protocol)
        deflate = [PerMessageDeflate(True, True, WINDOW_BITS, WINDOW_BITS)] if compressed else []
        self._protocol.extensions = [_Utf8(), *deflate, self._rest]  # the last one sees incoming frames first

    def receive(self, data: bytes) -> tuple[int, bytes]:
        """Parse bytes. Return the number of frames that are complete now, and the bytes to send in reply."""
        self._rest.bytes += len(data)
        self._protocol.receive_data(data)
        return len(self._protocol.events_received()), b"".join(self._protocol.data_to_send())

    @property
    def is_over(self) -> bool:
        """Whether the reply was the last one, because the client has closed or broken the protocol."""
        return self._protocol.close_expected()

    @property
    def close_code(self) -> int | None:
        """The close code of the last reply; None if there was no close frame."""
        close = self._protocol.close_sent
        return close.code if close else None

    @property
    def is_between_messages(self) -> bool:
        """Whether no part of a message has arrived yet."""
        return self._rest.bytes == 0 and self._protocol.current_size is None


class _Rest(Extension):
    """Counts the received bytes that are not part of a complete frame yet. It sees frames before inflation."""

    def __init__(self, protocol: ServerProtocol) -> None:
        self.bytes = 0
        self._protocol = protocol

    def decode(self, frame: Frame, *, max_size: int | None = None) -> Frame:
        length = len(frame.data)
        # RFC 6455, section 5.2. A client with longer length fields than necessary is never between messages.
        self.bytes -= 6 + length + (0 if length < 126 else 2 if length < 65_536 else 8)
        if frame.opcode is Opcode.CLOSE:
            # A close frame may come between fragments (section 5.4), which `websockets` rejects
            self._protocol.current_size = None
        return frame

    def encode(self, frame: Frame) -> Frame:
        return frame


class _Utf8(Extension):
    """Checks the UTF-8 of text messages (RFC 6455, section 8.1), over fragments. It sees frames after inflation."""

    def __init__(self) -> None:
        self._decoder: IncrementalDecoder | None = None

    def decode(self, frame: Frame, *, max_size: int | None = None) -> Frame:
        if frame.opcode is Opcode.TEXT:
            self._decoder = getincrementaldecoder("utf-8")()
        elif frame.opcode is not Opcode.CONT:
            return frame  # control frames come between fragments, and binary messages are not text
        if self._decoder is not None:
            self._decoder.decode(frame.data, frame.fin)  # raises UnicodeDecodeError: `websockets` closes with 1007
        if frame.fin:
            self._decoder = None
        return frame

    def encode(self, frame: Frame) -> Frame:
        return frame
