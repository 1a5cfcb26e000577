"""Reads the answers of sampled readers: `{"painted":"42-t0yp1"}` in one text frame.

Hundreds of them come after each delivery while somebody looks at its figures. So they do not go through the parser of
`websockets_parser.py`, which would take twenty times as long. Whatever else arrives does.
"""

from __future__ import annotations

import re
import zlib

from stoppress.wire.frames import WINDOW_BITS

_TEXT, _COMPRESSED_TEXT = 0x81, 0xC1
_MASKED = 0x80
_MAX_PAYLOAD_BYTES = 125
_HEAD_BYTES = 6
_MAX_TEXT_BYTES = 100

_PAINTED = re.compile(rb'\s*\{\s*"painted"\s*:\s*"([1-9][0-9]{0,14}-[0-9A-Za-z]{1,32})"\s*\}\s*')


def painted_cursor(data: bytes, *, compressed: bool) -> str | None:
    """Return the cursor in an answer; None if the bytes are not exactly one frame with an answer.

    Args:
        data: bytes as they were received.
        compressed: whether the connection uses permessage-deflate.
    """
    if len(data) < _HEAD_BYTES or data[0] not in (_TEXT, _COMPRESSED_TEXT) or not data[1] & _MASKED:
        return None
    size = data[1] & ~_MASKED
    if size > _MAX_PAYLOAD_BYTES or len(data) != _HEAD_BYTES + size:
        return None
    text: bytes | None = _unmasked(data[2:_HEAD_BYTES], data[_HEAD_BYTES:])
    if data[0] == _COMPRESSED_TEXT:
        text = _inflated(text or b"") if compressed else None
    found = None if text is None else _PAINTED.fullmatch(text)
    return None if found is None else found[1].decode()


def _unmasked(key: bytes, payload: bytes) -> bytes:
    size = len(payload)
    mask = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload) ^ int.from_bytes(mask)).to_bytes(size)


def _inflated(payload: bytes) -> bytes | None:
    inflater = zlib.decompressobj(-WINDOW_BITS)
    try:
        return inflater.decompress(payload + b"\x00\x00\xff\xff", _MAX_TEXT_BYTES)
    except zlib.error:
        return None
