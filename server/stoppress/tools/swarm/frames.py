"""The client's side of a WebSocket, as little of it as a reader of Stoppress needs (RFC 6455). No I/O.

For load only: a library's connection would cost more than the server that is measured. It takes what a Stoppress node
sends and calls everything else broken: pieces of messages, masked frames, unknown bits.
"""

from __future__ import annotations

import os
from typing import NamedTuple
from urllib.parse import urlencode

_KEY, _ACCEPT = "dGhlIHNhbXBsZSBub25jZQ==", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""A handshake's key and its answer, from RFC 6455, section 1.3: nothing between us and the server is to be fooled."""

LONGEST = 64 * 1024 * 1024
"""Bytes of a message. A reset is the longest that a node sends, some 384 KB."""

_HEAD_BYTES = 16_384

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
_FIN, COMPRESSED = 0x80, 0x40


class BrokenFrames(Exception):
    """The server sent what this reader does not take."""


class Options(NamedTuple):
    """What a reader asks for in its handshake."""

    msgpack: bool = False
    compress: bool = False


def request(authority: str, blog: str, since: str | None, options: Options) -> bytes:
    """An opening handshake; `authority` is the host and port of the address."""
    query = "?" + urlencode({"since": since}) if since is not None else ""
    lines = [
        f"GET /blogs/{blog}/live{query} HTTP/1.1",
        f"Host: {authority}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "User-Agent: stoppress-swarm",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {_KEY}",
        f"Sec-WebSocket-Protocol: stoppress.v1+{'msgpack' if options.msgpack else 'json'}",
    ]
    if options.compress:
        lines.append("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")
    return "\r\n".join([*lines, "", ""]).encode()


class _HandshakeAnswer(NamedTuple):
    """The head of what came back for a handshake."""

    status: int
    retry_after: float | None
    compressed: bool
    is_websocket: bool
    rest: bytes
    """What came after the head."""


def answer(data: bytes) -> _HandshakeAnswer | None:
    """Read the head; None while it is not whole.

    Raises:
        BrokenFrames: it is not HTTP, or too long.
    """
    head, end, rest = data.partition(b"\r\n\r\n")
    if not end:
        if len(data) > _HEAD_BYTES:
            raise BrokenFrames(f"the head of an answer with more than {_HEAD_BYTES} bytes")
        return None
    first, *lines = head.split(b"\r\n")
    words = first.split(b" ", 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        raise BrokenFrames(f"no HTTP: {first[:60]!r}")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
    seconds = headers.get(b"retry-after", b"")
    return _HandshakeAnswer(
        int(words[1]),
        float(seconds) if seconds.isdigit() else None,
        b"permessage-deflate" in headers.get(b"sec-websocket-extensions", b""),
        words[1] == b"101" and headers.get(b"sec-websocket-accept") == _ACCEPT,
        rest,
    )


def cut(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """The whole frames at the beginning of `data`, each as its first byte and its payload, and what is left.

    Raises:
        BrokenFrames: a frame that no node sends.
    """
    frames = []
    begin, size = 0, len(data)
    while size - begin >= 2:
        first, length = data[begin], data[begin + 1]
        head = begin + 2
        if length >= 126:
            wide = {126: 2, 127: 8}.get(length)
            if wide is None:
                raise BrokenFrames("a frame from the server with a mask")
            if size < head + wide:
                break
            length, head = int.from_bytes(data[head : head + wide], "big"), head + wide
        end = head + length
        if length > LONGEST:
            raise BrokenFrames(f"a frame of {length} bytes")
        if not first & _FIN or first & 0x30 or first & 0x0F not in (TEXT, BINARY, CLOSE, PING, PONG):
            raise BrokenFrames(f"a frame that begins with {first:#04x}")
        if size < end:
            break
        frames.append((first, data[head:end]))
        begin = end
    return frames, data[begin:]


def masked(opcode: int, payload: bytes) -> bytes:
    """A short frame to the server."""
    mask = os.urandom(4)
    body = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return bytes((_FIN | opcode, 0x80 | len(payload))) + mask + body
