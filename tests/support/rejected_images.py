"""Files that the server must reject as images, made when they are needed."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from functools import cache

from PIL import Image

from tests.support.images import bomb, image, photo, png_chunk


def _with_text(text: bytes) -> bytes:
    """Return a PNG with a text beside its pixels."""
    plain = image("PNG")
    return plain[:33] + png_chunk(b"tEXt", b"Comment\0" + text) + plain[33:]


def _animated(kind: str) -> bytes:
    frames = [Image.new("L", (16, 16), shade) for shade in range(0, 250, 25)]
    file = io.BytesIO()
    frames[0].save(file, kind, save_all=True, append_images=frames[1:])
    return file.getvalue()


def _many_frames() -> bytes:
    """Return a GIF with so many large frames that all of them would take 3 GB."""
    one = image("GIF", (1000, 1000), "P")
    begin = one.index(b",", 13 + 3 * 256)
    return one[:begin] + one[begin:-1] * 3_000 + b";"


SCRIPT = b"<script>alert(1)</script>"
ZIP = b"PK\x03\x04" + b"\0" * 26 + b"PK\x05\x06" + b"\0" * 18
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@cache
def _zeros(megabytes: int) -> bytes:
    """Return compressed zeros."""
    compressor = zlib.compressobj(9)
    return b"".join(compressor.compress(bytes(2**20)) for _ in range(megabytes)) + compressor.flush()


REJECTED: dict[str, tuple[Callable[[], bytes], str, int, str]] = {
    "a JPEG that is a page": (lambda: image() + SCRIPT, "image/jpeg", 422, "script"),
    "a JPEG with a page in a comment": (lambda: image(comment=b"<html>" + SCRIPT), "image/jpeg", 422, "<html>"),
    "a JPEG with a page in EXIF": (lambda: image(exif=b"Exif\0\0" + SCRIPT), "image/jpeg", 422, "script"),
    "a JPEG that is a script": (
        lambda: b"\xff\xd8\xff\xe0/*" + bytes(0x2F28) + image()[2:],
        "image/jpeg",
        422,
        "script",
    ),
    "a JPEG that is an archive": (lambda: image() + ZIP, "image/jpeg", 422, "archive"),
    "a JPEG that is a document": (lambda: image(comment=b"%PDF-1.7"), "image/jpeg", 422, "document"),
    "a JPEG with PHP": (lambda: image(comment=b"<?php system('x') ?>"), "image/jpeg", 422, "<?php"),
    "a PNG with a page": (lambda: _with_text(SCRIPT), "image/png", 422, "script"),
    "a PNG and more": (lambda: image("PNG") + b"more", "image/png", 422, "4 bytes of something else"),
    "a PNG that is an archive": (lambda: image("PNG") + ZIP, "image/png", 422, "archive"),
    "a GIF that is a script": (lambda: b"GIF89a/*" + image("GIF", mode="P")[8:], "image/gif", 422, "script"),
    "a GIF with a script behind": (lambda: image("GIF", mode="P") + b"*/=1;alert(1)", "image/gif", 422, "else"),
    "a GIF with a page": (lambda: image("GIF", mode="P", comment=SCRIPT), "image/gif", 422, "script"),
    "a WebP and more": (lambda: image("WEBP") + SCRIPT, "image/webp", 422, "script"),
    "an AVIF and more": (lambda: image("AVIF") + SCRIPT, "image/avif", 422, "script"),
    "an SVG": (lambda: SVG, "image/svg+xml", 415, "SVG"),
    "an SVG that says that it is a PNG": (lambda: SVG, "image/png", 422, "SVG"),
    "an SVG after a comment": (lambda: b"\n <!-- x --><svg onload='alert(1)'/>", "image/jpeg", 422, "SVG"),
    "a page": (lambda: b"<!doctype html>" + SCRIPT, "image/png", 422, "is not an image"),
    "a PNG that says that it is a JPEG": (lambda: image("PNG"), "image/jpeg", 422, "is image/png"),
    "a TIFF": (lambda: image("TIFF"), "image/tiff", 415, "image/tiff"),
    "a form": (lambda: b"x=1", "application/x-www-form-urlencoded", 415, "application/x-www-form"),
    "nothing": (lambda: b"", "image/png", 422, "empty"),
    "100 megapixels": (lambda: bomb(10_000, 10_000), "image/png", 422, "10,000 x 10,000"),
    "100 megapixels in a JPEG": (lambda: image(size=(10_000, 10_000), mode="L"), "image/jpeg", 422, "10,000 x 10,000"),
    "a bomb of a gigapixel": (lambda: bomb(65_000, 16_000), "image/png", 422, "65,000 x 16,000"),
    "a bomb of pixels that are not there": (lambda: bomb(7_000, 7_000)[:60] + bomb(9, 9)[33:], "image/png", 422, ""),
    "a bomb of text": (
        lambda: image("PNG")[:33] + png_chunk(b"zTXt", b"c\0\0" + _zeros(64)) + image("PNG")[33:],
        "image/png",
        422,
        "",
    ),
    "a bomb of a profile": (
        lambda: image("PNG")[:33] + png_chunk(b"iCCP", b"c\0\0" + _zeros(64)) + image("PNG")[33:],
        "image/png",
        422,
        "",
    ),
    "a bomb of frames": (_many_frames, "image/gif", 422, "animated"),
    "an animated GIF": (lambda: _animated("GIF"), "image/gif", 422, "animated"),
    "an animated PNG": (lambda: _animated("PNG"), "image/png", 422, "animated"),
    "an animated WebP": (lambda: _animated("WEBP"), "image/webp", 422, "animated"),
    "an animated AVIF": (lambda: _animated("AVIF"), "image/avif", 422, "animated"),
    "half a JPEG": (lambda: photo()[: len(photo()) // 2], "image/jpeg", 422, "not complete"),
    "half a PNG": (lambda: photo(kind="PNG")[:-5_000], "image/png", 422, "not complete"),
    "half a WebP": (lambda: photo(kind="WEBP")[:-500], "image/webp", 422, "not complete"),
    "half an AVIF": (lambda: photo(kind="AVIF")[:-500], "image/avif", 422, "not complete"),
    "half a GIF": (lambda: photo(kind="GIF")[:-500], "image/gif", 422, "not complete"),
    "a head alone": (lambda: b"\xff\xd8\xff", "image/jpeg", 422, "not complete"),
}
"""By name: the file, its Content-Type, the status of the answer, and a word in it."""
