"""Decode an image and make its sizes anew. Only pixels get from one to the other.

This runs in the worker process: it is the one module that uses Pillow.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

from PIL import Image, ImageCms, ImageFile, PngImagePlugin, UnidentifiedImageError

from stoppress.errors import ImageRejected
from stoppress.media.containers import TYPES, check
from stoppress.media.limits import FALLBACK_WIDTH, MAX_PART_PIXELS, MAX_PIXELS, MAX_SIDE, WIDTHS
from stoppress.media.made import MadeFile, MadeImage

_AVIF_QUALITY, _AVIF_SPEED, _JPEG_QUALITY = 60, 8, 82

_ORIENTATION = 0x0112
"""The tag of EXIF that says how the camera was held."""

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_MAX_PROFILE_BYTES = 4 * 1024 * 1024


def make(data: bytes) -> MadeImage:
    """Return the files of an image.

    Raises:
        ImageRejected: it is damaged, too large, animated, of an unknown type, or also something else.
    """
    kind = check(data)
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    Image.MAX_IMAGE_PIXELS = None  # `_check_size` looks at the size before a pixel is decoded
    PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY = _MAX_PROFILE_BYTES
    try:
        with Image.open(io.BytesIO(data), formats=[TYPES[kind]]) as image:
            _check_size(image)
            largest = _in_srgb(_reduced(image))
    except (ImageRejected, MemoryError):
        raise
    except Image.DecompressionBombError:
        raise ImageRejected("The image has more metadata than the server takes. Save it without.") from None
    except UnidentifiedImageError:
        raise ImageRejected(f"The image cannot be read as {kind}. Save it again, and send that.") from None
    except Exception as error:
        detail = str(error)[:120]
        raise ImageRejected(f"The image is damaged or not complete: {detail}. Send the whole file again.") from None
    return MadeImage(_fallback(largest), [_encoded(one, "avif") for one in _sizes(largest)])


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        size = f"{width:,} x {height:,} pixels"
        raise ImageRejected(f"The image has {size}; {MAX_PIXELS:,} in all is the limit. Make it smaller.")


def _reduced(image: Image.Image) -> Image.Image:
    """Return the image upright, in at most the largest size that is made."""
    turn = _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    is_turned = turn is not None and turn >= Image.Transpose.ROTATE_90 and turn != Image.Transpose.ROTATE_180
    width, height = image.size[::-1] if is_turned else image.size
    size = fitted(width, height, WIDTHS[-1])
    size = size[::-1] if is_turned else size
    if image.format == "JPEG":
        image.draft(image.mode, size)  # decode no more pixels than are needed
    image.load()
    plain = _plain(image)
    if plain.size != size:
        plain = plain.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    return plain if turn is None else plain.transpose(turn)


def _plain(image: Image.Image) -> Image.Image:
    """Return the image in a mode that can be resized: grey, RGB or CMYK, perhaps with transparency."""
    if image.has_transparency_data:
        return image if image.mode in ("RGBA", "LA") else image.convert("RGBA")
    if image.mode in ("I;16", "I;16B", "I;16L", "I"):  # Pillow would cut off what is brighter than 255
        return image.point(lambda value: value * (1 / 256), "L") if image.mode == "I" else _from_16_bits(image)
    return image if image.mode in ("L", "RGB", "CMYK") else image.convert("RGB")


def _from_16_bits(image: Image.Image) -> Image.Image:
    return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")


def _in_srgb(image: Image.Image) -> Image.Image:
    """Return the pixels in sRGB, without anything else. Transparency stays, if there is any."""
    alpha = image.getchannel("A") if image.mode in ("RGBA", "LA") else None
    colour = image.convert({"RGBA": "RGB", "LA": "L"}[image.mode]) if alpha else image
    profile = image.info.get("icc_profile")
    converted = _converted(colour, profile) if profile and len(profile) <= _MAX_PROFILE_BYTES else None
    rgb = converted or colour.convert("RGB")
    if alpha is not None and alpha.getextrema() != (255, 255):
        rgb.putalpha(alpha)
    clean = Image.new(rgb.mode, rgb.size)
    clean.paste(rgb)
    return clean


def _converted(image: Image.Image, profile: bytes) -> Image.Image | None:
    """Return the image in sRGB; None if its profile is of another kind of image, or damaged."""
    try:
        source = ImageCms.getOpenProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def fitted(width: int, height: int, most: int) -> tuple[int, int]:
    """Return the size of an image in pixels when it is at most `most` wide, and within the other limits."""
    factor = min(1.0, most / width, MAX_SIDE / height, (MAX_PART_PIXELS / (width * height)) ** 0.5)
    return max(1, round(width * factor)), max(1, round(height * factor))


def _sizes(largest: Image.Image) -> Iterator[Image.Image]:
    for width in (*(width for width in WIDTHS if width < largest.width), largest.width):
        yield _resized(largest, width)


def _resized(largest: Image.Image, width: int) -> Image.Image:
    if width >= largest.width:
        return largest
    size = width, max(1, round(largest.height * width / largest.width))
    return largest.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _fallback(largest: Image.Image) -> MadeFile:
    return _encoded(_resized(largest, FALLBACK_WIDTH), "png" if largest.mode == "RGBA" else "jpg")


def _encoded(image: Image.Image, end: str) -> MadeFile:
    file = io.BytesIO()
    if end == "avif":
        image.save(file, "AVIF", quality=_AVIF_QUALITY, speed=_AVIF_SPEED, max_threads=1)
    elif end == "jpg":
        image.save(file, "JPEG", quality=_JPEG_QUALITY, optimize=True, progressive=True)
    else:
        image.save(file, "PNG", optimize=False)
    return MadeFile(image.width, image.height, end, file.getvalue())
