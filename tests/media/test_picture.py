"""What is rejected before, or while, a pixel is decoded; and the sizes that are made."""

from __future__ import annotations

import pytest

from stoppress.errors import ImageRejected
from stoppress.media.limits import MAX_PART_PIXELS, MAX_SIDE
from stoppress.media.picture import fitted, make
from tests.support.images import image
from tests.support.rejected_images import REJECTED

OF_HTTP = ("nothing", "a page", "an SVG after a comment")
DECODED = {
    name: case for name, case in REJECTED.items() if case[2] == 422 and "says that" not in name and name not in OF_HTTP
}
"""Those that get as far as the process. HTTP rejects the others by their type."""


@pytest.mark.parametrize("case", DECODED)
def test_it_rejects(case: str):
    data, _, _, word = DECODED[case]
    with pytest.raises(ImageRejected) as rejected:
        make(data())
    assert word in str(rejected.value)
    assert rejected.value.field == "body"


@pytest.mark.parametrize("data", [b"", b"<!doctype html>", b"\0" * 2_000, b"RIFF\0\0\0\0WAVE"])
def test_what_is_no_image_is_rejected_with_the_types_that_are(data: bytes):
    with pytest.raises(ImageRejected, match="image/avif"):
        make(data)


@pytest.mark.parametrize(
    ("size", "most", "expected"),
    [
        ((4_000, 3_000), 2_048, (2_048, 1_536)),
        ((300, 200), 2_048, (300, 200)),
        ((1, 40_000), 2_048, (1, MAX_SIDE)),
        ((40_000, 1), 2_048, (2_048, 1)),
    ],
)
def test_a_size_keeps_its_proportions(size: tuple[int, int], most: int, expected: tuple[int, int]):
    assert fitted(*size, most) == expected


def test_a_high_image_gets_narrower():
    width, height = fitted(2_000, 20_000, 2_048)
    assert width * height <= MAX_PART_PIXELS * 1.01 and abs(height - 10 * width) <= 10


def test_a_narrow_image_has_its_own_width():
    made = make(image("PNG", (50, 30)))
    assert [(one.width, one.height, one.end) for one in (made.fallback, *made.sizes)] == [
        (50, 30, "jpg"),
        (50, 30, "avif"),
    ]
