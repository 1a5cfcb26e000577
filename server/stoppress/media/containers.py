"""The outside of an image file: its type, whether it is complete, and whether it is anything else as well.

This looks at headers and blocks, never at pixels. Re-encoding would remove what does not belong to the image anyway,
but a file that is also a page, a script or an archive was not made by a camera.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

from stoppress.errors import ImageRejected

TYPES = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
    "image/avif": "AVIF",
}
"""The types that uploads may have, and what Pillow calls them."""

HEAD_BYTES = 1_024
"""The bytes at the beginning of a file that `kind_of` looks at."""

_MARKUP = re.compile(
    rb"<(!doctype\s+html|html|head|body|script|iframe|svg|img|object|embed|meta|link|style|form|\?php)[\s/>]"
    rb"|javascript:|^#!",
    re.IGNORECASE,
)
_ARCHIVES = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"Rar!\x1a\x07",
    b"7z\xbc\xaf\x27\x1c",
    b"%PDF-",
    b"\x7fELF",
    b"\xca\xfe\xba\xbe",
)
_SCRIPT_BEGINS = b"/*"
"""A type of file whose next bytes are these can be a script: the first bytes are then the name of a variable."""

_TAIL_HEAD_BYTES = 64
"""The bytes at the beginning of a tail in which archives are looked for: further on, chance may write a short mark."""

_ZIP_END, _ZIP_END_BYTES, _MAX_ZIP_COMMENT = b"PK\x05\x06", 22, 65_535

_FOREIGN = "Send the image alone: open it, and save it again."
_TRUNCATED = "The image is not complete: it ends before its end. Send the whole file again."
_ANIMATED = (
    "The image is animated, and the server takes still images. Send one picture of it, or a film by its address."
)


class Container(NamedTuple):
    """What a file has besides its pixels."""

    extras: list[bytes]
    """Metadata, comments, and what follows the image."""
    tail: bytes
    """What follows the image."""
    frames: int = 1


def kind_of(head: bytes) -> str | None:
    """Return the type of an image by its first bytes, one of `TYPES`; None if it has no such type."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp" and head[8:12] in (b"avif", b"avis"):
        return "image/avif"
    return None


def check(data: bytes) -> str:
    """Return the type of an image.

    Raises:
        ImageRejected: it has no type of `TYPES`, is not complete, is animated, or is also something else.
    """
    kind = kind_of(data[:HEAD_BYTES])
    if kind is None:
        raise ImageRejected(f"The body is not an image of a type that the server takes: {', '.join(TYPES)}.")
    try:
        container = _READERS[kind](data)
    except (struct.error, IndexError):
        raise ImageRejected(_TRUNCATED) from None
    _check_foreign(data, kind, container)
    if container.frames > 1:
        raise ImageRejected(_ANIMATED)
    return kind


def _check_foreign(data: bytes, kind: str, container: Container) -> None:
    if found := next(filter(None, map(_MARKUP.search, container.extras)), None):
        text = found[0].decode("latin-1")
        raise ImageRejected(f"The image contains markup or a script, {text!r}. {_FOREIGN}")
    begins = data[4:6] if kind == "image/jpeg" else data[6:8]
    if kind in ("image/jpeg", "image/gif") and begins == _SCRIPT_BEGINS:
        raise ImageRejected(f"The image is also a script. {_FOREIGN}")
    if (
        _is_zip(data)
        or b"%PDF-" in data[:HEAD_BYTES]
        or any(mark in container.tail[:_TAIL_HEAD_BYTES] for mark in _ARCHIVES)
    ):
        raise ImageRejected(f"The image is also another file, such as an archive or a document. {_FOREIGN}")
    if container.tail.strip(b"\0\xff\r\n ") and not (kind == "image/jpeg" and _is_of_camera(container.tail)):
        raise ImageRejected(f"The image is followed by {len(container.tail)} bytes of something else. {_FOREIGN}")


def _is_zip(data: bytes) -> bool:
    """Return whether the end of a file is that of a ZIP archive, whatever it begins with."""
    end = data.rfind(_ZIP_END, max(0, len(data) - _ZIP_END_BYTES - _MAX_ZIP_COMMENT))
    return end >= 0 and end + _ZIP_END_BYTES <= len(data)


def _is_of_camera(tail: bytes) -> bool:
    """Return whether phones write such bytes behind a JPEG: more pictures, a short film, or notes of the camera."""
    begin = tail.lstrip(b"\0\xff")[:16]
    more_pictures = b"\xff\xd8\xff" in tail[:64]
    return more_pictures or begin[4:8] == b"ftyp" or b"ftyp" in tail[:256] or tail.rstrip(b"\0").endswith(b"SEFT")


# The types. Each function raises `struct.error` or `IndexError` where a file ends too early.


def _jpeg(data: bytes) -> Container:
    extras: list[bytes] = []
    at, is_scan = 2, False
    while True:
        marker = data[at + 1]
        if data[at] != 0xFF:
            raise IndexError
        if marker == 0xD9:
            break
        if marker == 0xFF or marker == 0x01 or 0xD0 <= marker <= 0xD7:  # padding, and markers without content
            at += 1 if marker == 0xFF else 2
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        if length < 2:
            raise IndexError
        if marker == 0xFE or 0xE0 <= marker <= 0xEF:
            extras.append(data[at + 4 : at + 2 + length])
        at += 2 + length
        if marker == 0xDA:
            at, is_scan = _end_of_scan(data, at), True
    if not is_scan:
        raise IndexError
    tail = data[at + 2 :]
    return Container([*extras, tail[:_MAX_TAIL_BYTES], tail[-_MAX_TAIL_BYTES:]], tail)


_MAX_TAIL_BYTES = 64 * 1024
"""The bytes at both ends of what follows a JPEG that are searched for markup: in a film, chance may write some."""

_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")


def _end_of_scan(data: bytes, at: int) -> int:
    """Return the position of the first marker that ends compressed data."""
    found = _MARKER.search(data, at)
    if found is None:
        raise IndexError
    return found.start()


def _png(data: bytes) -> Container:
    extras, at, frames = [], 8, 1
    while True:
        length, name = struct.unpack_from(">I4s", data, at)
        content = data[at + 8 : at + 8 + length]
        at += 12 + length
        if at > len(data):
            raise IndexError
        if name == b"IEND":
            break
        if name == b"acTL":
            frames = struct.unpack_from(">I", content)[0]
        if name not in (b"IDAT", b"fdAT"):
            extras.append(content)
    return Container([*extras, data[at:]], data[at:], frames)


def _gif(data: bytes) -> Container:
    extras: list[bytes] = []
    flags = data[10]
    at = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    frames = 0
    while data[at] != 0x3B:
        if data[at] == 0x21:
            blocks, at = _gif_blocks(data, at + 2)
            extras.append(blocks)
        elif data[at] == 0x2C:
            flags = data[at + 9]
            at += 10 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
            _, at = _gif_blocks(data, at + 1)
            frames += 1
            if frames > 1:
                return Container(extras, b"", frames)
        else:
            raise IndexError
    return Container([*extras, data[at + 1 :]], data[at + 1 :], frames)


def _gif_blocks(data: bytes, at: int) -> tuple[bytes, int]:
    pieces = []
    while length := data[at]:
        pieces.append(data[at + 1 : at + 1 + length])
        at += 1 + length
    return b"".join(pieces), at + 1


def _chunks(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    while at < end:
        name, length = struct.unpack_from("<4sI", data, at)
        yield name, data[at + 8 : at + 8 + length]
        at += 8 + length + (length & 1)


def _webp(data: bytes) -> Container:
    (length,) = struct.unpack_from("<I", data, 4)
    end = 8 + length + (length & 1)
    if end > len(data) + (length & 1):
        raise IndexError
    chunks = list(_chunks(data, 12, 8 + length))
    frames = sum(name == b"ANMF" for name, _ in chunks) or 1
    is_animated = any(name == b"ANIM" for name, _ in chunks)
    extras = [content for name, content in chunks if name not in (b"VP8 ", b"VP8L", b"ALPH", b"ANMF")]
    return Container([*extras, data[end:]], data[end:], max(frames, 2) if is_animated else 1)


def _avif(data: bytes) -> Container:
    extras: list[bytes] = []
    at = 0
    while at < len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, at + 8)
        elif length == 0:
            length = len(data) - at
        if not re.fullmatch(rb"[A-Za-z0-9 ]{4}", name) or length < 8:
            if not at:
                raise IndexError
            return Container([*extras, data[at:]], data[at:])
        if at + length > len(data):
            raise IndexError
        if name != b"mdat":
            extras.append(data[at + 8 : at + length])
        at += length
    return Container(extras, b"", 2 if data[8:12] == b"avis" else 1)


_READERS: dict[str, Callable[[bytes], Container]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/gif": _gif,
    "image/webp": _webp,
    "image/avif": _avif,
}
