from __future__ import annotations

import json
from typing import Any

from stoppress.live.fd_group import FdGroup
from stoppress.model import Cursor
from stoppress.wire.close_reasons import CloseReason
from stoppress.wire.encodings import HTTP_JSON, Encoding


class Reader:
    """A connection that keeps what it was sent, and takes as many bytes as it is told to."""

    def __init__(self, fd: int, encoding: Encoding = HTTP_JSON, cursor: Cursor | None = None) -> None:
        self.fd, self.encoding, self.cursor = fd, encoding, cursor
        self.fd_group: FdGroup | None = None
        self.slot = 0
        self.ends = 0
        self.sent: list[bytes] = []
        self.closed: int | None = None
        self.room: int | OSError | None = None
        """Bytes that a direct write takes; None: all."""
        self.takes_rest = False
        self.buffered = b""
        self.aborted = False

    def write(self, data: bytes) -> int:
        if isinstance(self.room, OSError):
            raise self.room
        self.sent.append(data)
        return len(data) if self.room is None else self.room

    def send(self, data: bytes) -> None:
        self.sent.append(data)

    def buffer(self, rest: memoryview) -> bool:
        self.buffered = bytes(rest)
        return not self.takes_rest

    def abort(self) -> None:
        self.aborted = True

    def close(self, close_reason: CloseReason) -> None:
        self.closed = close_reason.code

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(data) for data in self.sent]
