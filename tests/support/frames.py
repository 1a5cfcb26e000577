"""Read WebSocket frames as a client does, with `websockets` and the agreed compression."""

from __future__ import annotations

import json
from typing import Any

from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame
from websockets.protocol import State
from websockets.uri import parse_uri

from stoppress.wire.encodings import Compression


def client_protocol() -> ClientProtocol:
    """Return a client whose handshake is done."""
    return ClientProtocol(parse_uri("ws://localhost/"), state=State.OPEN, max_size=None)


class FrameReader:
    """One connection. It keeps the context of compression between messages only if the server may rely on that."""

    def __init__(self, compression: Compression) -> None:
        self._protocol = client_protocol()
        if compression is not Compression.NONE:
            forgets = compression is Compression.MESSAGE
            self._protocol.extensions = [PerMessageDeflate(forgets, True, 15, 15)]

    def read(self, data: bytes) -> dict[str, Any]:
        """Return the JSON message in a frame."""
        self._protocol.receive_data(data)
        events = self._protocol.events_received()
        assert len(events) == 1 and isinstance(events[0], Frame), f"not one frame: {self._protocol.parser_exc}"
        return message_of(events[0])


def message_of(frame: Frame) -> dict[str, Any]:
    """Return the JSON of a frame that was read."""
    try:
        message: dict[str, Any] = json.loads(bytes(frame.data))
    except ValueError as error:
        raise AssertionError(f"the message is not JSON, so the context of compression is wrong: {error}") from error
    return message
