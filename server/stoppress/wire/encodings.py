"""Encodings: they turn messages into the bytes that go to readers. One object for each, shared by all readers.

The bytes are ready to be written: WebSocket frames with their header, server-sent events with their fields. They are
the same for every reader, so they are made once per message and encoding. Encodings with the same codec share the
serialised payload, which is made once per codec.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

import msgspec
from websockets.frames import Opcode

from stoppress.wire import frames
from stoppress.wire.messages import Beat, Close, Retry, SampleRequest, Update


class Codec:
    """A serialisation format. The raw parts of an `Update` must come from the same codec.

    Args:
        name: what metrics call it.
        serialise: makes the bytes of a message.
        part_bytes: approximate maximum bytes of one message of a catch-up.
    """

    def __init__(self, name: str, serialise: Callable[[Any], bytes], part_bytes: int = 65_536) -> None:
        self.name = name
        self.serialise = serialise
        self.part_bytes = part_bytes


JSON = Codec("json", msgspec.json.encode)
MSGPACK = Codec("msgpack", msgspec.msgpack.encode)
_JSON_IN_LONG_PARTS = Codec("json in long parts", msgspec.json.encode, part_bytes=1_048_576)


class Encoding:
    """A codec and the framing of its payloads; this base class adds no framing.

    Args:
        name: media type or WebSocket subprotocol.
        codec: serialises the payload.
    """

    def __init__(self, name: str, codec: Codec) -> None:
        self.name = name
        self.codec = codec

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    def encode(self, message: Update | Beat | Retry | SampleRequest | Close) -> bytes:
        """Return a whole message, framed and ready for the transport."""
        kind, cursor = str(message.__struct_config__.tag), getattr(message, "cursor", "")
        return self.frame(kind, cursor, self.codec.serialise(message))

    def frame(self, _kind: str, _cursor: str, payload: bytes) -> bytes:
        """Frame a payload. `kind` is the type of its message, `cursor` the cursor that the message leads to."""
        return payload


class ServerSentEvents(Encoding):
    """Events of a text/event-stream (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

    def frame(self, kind: str, cursor: str, payload: bytes) -> bytes:
        # JSON has no line breaks, so one data line is enough.
        identity = f"id: {cursor}\n" if kind == "update" else ""
        return f"event: {kind}\n{identity}data: ".encode() + payload + b"\n\n"


class Compression(enum.Enum):
    """The compression that a WebSocket client has agreed to (RFC 7692)."""

    NONE = "all frames are plain"
    MESSAGE = "an update is compressed by itself"
    STREAM = "an update may refer to those before it"


class WebSocket(Encoding):
    """WebSocket messages of one frame each (RFC 6455)."""

    def __init__(self, name: str, codec: Codec, opcode: Opcode, compression: Compression) -> None:
        super().__init__(name, codec)
        self.opcode = opcode
        self.compression = compression

    def frame(self, kind: str, _cursor: str, payload: bytes) -> bytes:
        """Frame a payload so that it needs no earlier frames. Beats and retries are too short to compress."""
        if kind == "update" and self.compression is not Compression.NONE:
            return frames.DeflateStream().frame(self.opcode, payload)
        return frames.frame(self.opcode, payload)


SSE = ServerSentEvents("text/event-stream", JSON)
HTTP_JSON = Encoding("application/json", _JSON_IN_LONG_PARTS)


def websockets(name: str, codec: Codec, opcode: Opcode) -> dict[Compression, WebSocket]:
    """Return the encodings of a WebSocket subprotocol."""
    return {compression: WebSocket(name, codec, opcode, compression) for compression in Compression}


WEBSOCKET = {
    "stoppress.v1+json": websockets("stoppress.v1+json", JSON, Opcode.TEXT),
    "stoppress.v1+msgpack": websockets("stoppress.v1+msgpack", MSGPACK, Opcode.BINARY),
}
"""By subprotocol and compression, for readers that render by themselves; the default first."""

HTML_SUBPROTOCOL = "stoppress.v1+html"
"""For readers that show what they get; its encodings are a node's own, one for each language."""

SUBPROTOCOLS = (*WEBSOCKET, HTML_SUBPROTOCOL)
"""The default first."""
