"""The client's side of a WebSocket (RFC 6455), reduced to what a reader of Stoppress needs. No I/O.

It is only for load tests, because a library's connection would use more CPU than the measured server. It accepts what a
Stoppress node sends and rejects everything else: fragments, masked frames, unknown bits.
"""

from __future__ import annotations

import os
from typing import NamedTuple
from urllib.parse import urlencode

_KEY, _ACCEPT = "dGhlIHNhbXBsZSBub25jZQ==", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""The key of every handshake and the answer to it, from RFC 6455, section 1.3. A test needs no random key."""

MAX_MESSAGE_BYTES = 64 * 1024 * 1024
"""The longest accepted message. The longest that a node sends is a reset of about 384 KB."""

_HEAD_BYTES = 16_384

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
_FIN, COMPRESSED = 0x80, 0x40


class BrokenFrames(Exception):
    """The server sent bytes that a Stoppress node never sends."""


class HandshakeOptions(NamedTuple):
    """The options of a reader's opening handshake."""

    msgpack: bool = False
    compress: bool = False

    def request(self, authority: str, blog: str, since: str | None) -> bytes:
        """Return an opening handshake. `authority` is the host and port of the server's address."""
        query = "?" + urlencode({"since": since}) if since is not None else ""
        lines = [
            f"GET /blogs/{blog}/live{query} HTTP/1.1",
            f"Host: {authority}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "User-Agent: stoppress-swarm",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {_KEY}",
            f"Sec-WebSocket-Protocol: stoppress.v1+{'msgpack' if self.msgpack else 'json'}",
        ]
        if self.compress:
            lines.append("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")
        return "\r\n".join([*lines, "", ""]).encode()


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
        if length > MAX_MESSAGE_BYTES:
            raise BrokenFrames(f"the server sent a frame of {length} bytes")
        if not first & _FIN or first & 0x30 or first & 0x0F not in (TEXT, BINARY, CLOSE, PING, PONG):
            raise BrokenFrames(f"the server sent a frame that begins with {first:#04x}")
        if size < end:
            break
        frames.append((first, data[head:end]))
        begin = end
    return frames, data[begin:]


def client_frame(opcode: int, payload: bytes) -> bytes:
    """Return a masked frame with a short payload, to send to the server."""
    mask = os.urandom(4)
    body = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
    return bytes((_FIN | opcode, 0x80 | len(payload))) + mask + body
