"""How a message becomes the bytes that go to a reader: one object per surface, made once and shared by all.

An encoding's bytes are ready to be written: WebSocket frames with their frame header, SSE with its event
fields. They are the same for every reader, so they are made once per message and encoding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct
from websockets.frames import Close, Frame, Opcode

from stoppress.wire.messages import Beat, Retry, Update

_Framing = Callable[[str, str | None, bytes], bytes]
"""The message's type, its cursor and its payload to what goes over the wire."""


class Encoding:
    """A serialisation (JSON or msgpack) and a framing around it."""

    def __init__(self, name: str, serialise: Callable[[Any], bytes], frame: _Framing, part_bytes: int = 65_536):
        self.name = name
        self.serialise = serialise
        """Any value to bytes without framing; the raw parts of an `Update` must come from this."""
        self.part_bytes = part_bytes
        """About how much of a catch-up goes into one message."""
        self._frame = frame

    def __repr__(self) -> str:
        return f"<Encoding {self.name}>"

    def encode(self, message: Update | Beat | Retry) -> bytes:
        """A whole message, framed, ready for the transport."""
        cursor = getattr(message, "cursor", None)
        return self._frame(_type_of(message), cursor, self.serialise(message))


def _type_of(message: Struct) -> str:
    return str(message.__struct_config__.tag)


def _text_frame(_type: str, _cursor: str | None, payload: bytes) -> bytes:
    return Frame(Opcode.TEXT, payload).serialize(mask=False)


def _binary_frame(_type: str, _cursor: str | None, payload: bytes) -> bytes:
    return Frame(Opcode.BINARY, payload).serialize(mask=False)


def _server_sent_event(type_: str, cursor: str | None, payload: bytes) -> bytes:
    # https://html.spec.whatwg.org/multipage/server-sent-events.html: JSON has no line breaks, one data line will do
    identity = f"id: {cursor}\n" if cursor is not None and type_ == "update" else ""
    return f"event: {type_}\n{identity}data: ".encode() + payload + b"\n\n"


def _unframed(_type: str, _cursor: str | None, payload: bytes) -> bytes:
    return payload


WS_JSON = Encoding("stoppress.v1+json", msgspec.json.encode, _text_frame)
WS_MSGPACK = Encoding("stoppress.v1+msgpack", msgspec.msgpack.encode, _binary_frame)
SSE = Encoding("text/event-stream", msgspec.json.encode, _server_sent_event)
HTTP_JSON = Encoding("application/json", msgspec.json.encode, _unframed, part_bytes=1_048_576)

SUBPROTOCOLS = {encoding.name: encoding for encoding in (WS_JSON, WS_MSGPACK)}
"""The WebSocket subprotocols, the default first."""


def close_frame(code: int, reason: str) -> bytes:
    """A WebSocket close frame (RFC 6455, section 5.5.1); the reason is cut to the 123 bytes that fit."""
    reason = reason.encode()[:123].decode(errors="ignore")
    return Frame(Opcode.CLOSE, Close(code, reason).serialize()).serialize(mask=False)
