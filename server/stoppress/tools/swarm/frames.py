"""The client's side of a WebSocket (RFC 6455), reduced to what a reader of Stoppress needs. No I/O.

It is only for load tests, because a library's connection would use more CPU than the measured server. It accepts what a
Stoppress node sends and rejects everything else: fragments, masked frames, unknown bits.
"""

from __future__ import annotations

import zlib
from typing import Any, NamedTuple

from websockets.frames import Opcode

KEY, _ACCEPT = "dGhlIHNhbXBsZSBub25jZQ==", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""The key of every handshake and the answer to it, from RFC 6455, section 1.3. A test needs no random key."""

_MAX_MESSAGE_BYTES = 64 * 1024 * 1024
"""The longest accepted message. The longest that a node sends is a reset of about 384 KB."""

_HEAD_BYTES = 16_384

_FIN, COMPRESSED = 0x80, 0x40
_OPCODES = (Opcode.TEXT, Opcode.BINARY, Opcode.CLOSE, Opcode.PING, Opcode.PONG)


class BrokenFrames(Exception):
    """The server sent bytes that a Stoppress node never sends."""


class HandshakeAnswer(NamedTuple):
    """The server's answer to a handshake."""

    status: int
    retry_after: float | None
    compressed: bool
    is_websocket: bool
    rest: bytes
    """The bytes after the head."""

    @classmethod
    def parse(cls, data: bytes) -> HandshakeAnswer | None:
        """Parse the head of the answer. Return None while it is incomplete.

        Raises:
            BrokenFrames: it is not HTTP, or too long.
        """
        head, end, rest = data.partition(b"\r\n\r\n")
        if not end:
            if len(data) > _HEAD_BYTES:
                raise BrokenFrames(f"the head of the answer is longer than {_HEAD_BYTES} bytes")
            return None
        first, *lines = head.split(b"\r\n")
        words = first.split(b" ", 2)
        if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
            raise BrokenFrames(f"the answer is not HTTP: {first[:60]!r}")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        seconds = headers.get(b"retry-after", b"")
        return cls(
            int(words[1]),
            float(seconds) if seconds.isdigit() else None,
            b"permessage-deflate" in headers.get(b"sec-websocket-extensions", b""),
            words[1] == b"101" and headers.get(b"sec-websocket-accept") == _ACCEPT,
            rest,
        )


def split_frames(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """Return the complete frames in `data`, each as its first byte and its payload, and the remaining bytes.

    Raises:
        BrokenFrames: a node never sends such a frame.
    """
    frames = []
    begin, size = 0, len(data)
    while size - begin >= 2:
        first, length = data[begin], data[begin + 1]
        head = begin + 2
        if length >= 126:
            wide = {126: 2, 127: 8}.get(length)
            if wide is None:
                raise BrokenFrames("the server sent a masked frame")
            if size < head + wide:
                break
            length, head = int.from_bytes(data[head : head + wide], "big"), head + wide
        end = head + length
        if length > _MAX_MESSAGE_BYTES:
            raise BrokenFrames(f"the server sent a frame of {length} bytes")
        if not first & _FIN or first & 0x30 or first & 0x0F not in _OPCODES:
            raise BrokenFrames(f"the server sent a frame that begins with {first:#04x}")
        if size < end:
            break
        frames.append((first, data[head:end]))
        begin = end
    return frames, data[begin:]


class InflateState:
    """The state of decompression after a sequence of messages (RFC 7692).

    A node compresses once for many readers, so nearly all of them get the same sequence of compressed messages. The
    sequences form a tree, each connection is at one of its nodes, and a message is decompressed once for each node.
    """

    __slots__ = ("_inflater", "_next")

    def __init__(self, inflater: Any = None) -> None:
        self._inflater = inflater or zlib.decompressobj(-zlib.MAX_WBITS)
        self._next: dict[bytes, tuple[bytes, InflateState]] = {}

    def inflate(self, payload: bytes) -> tuple[bytes, InflateState]:
        """Return the message in a compressed payload, and the state after it.

        Raises:
            BrokenFrames: the payload was compressed with another context.
        """
        known = self._next.get(payload)
        if known is None:
            inflater = self._inflater.copy()
            try:
                message = inflater.decompress(payload + b"\x00\x00\xff\xff", _MAX_MESSAGE_BYTES)
            except zlib.error as error:
                raise BrokenFrames(f"the message was compressed with another context: {error}") from None
            known = self._next[payload] = message, InflateState(inflater)
        return known
