"""Uploads: what an image becomes, and what is rejected with which words, while memory stays bounded."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image, ImageCms

from stoppress.media.limits import MAX_UPLOAD_BYTES, WORKER_MEMORY_BYTES
from tests.conftest import StartNode
from tests.support.images import image, photo
from tests.support.node import KEY, RunningNode, sqlite_url
from tests.support.rejected_images import REJECTED

BLOG = "pictures"
ADDRESS = f"/api/blogs/{BLOG}/media"


@pytest.fixture(scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningNode]:
    folder = tmp_path_factory.mktemp("media")
    async with RunningNode(sqlite_url(folder)) as node:
        await node.make_blog(BLOG)
        yield node


@pytest.fixture(scope="module")
async def editor(node: RunningNode) -> AsyncIterator[httpx.AsyncClient]:
    async with node.editor() as editor:
        editor.timeout = httpx.Timeout(90)
        yield editor


async def upload(editor: httpx.AsyncClient, data: bytes, kind: str = "image/jpeg", query: str = "") -> httpx.Response:
    return await editor.post(ADDRESS + query, content=data, headers={"content-type": kind})


async def files(editor: httpx.AsyncClient, media: dict[str, Any]) -> list[Image.Image]:
    """Return all files of an image, the one for everybody first."""
    found: list[Image.Image] = []
    for one in (media, *media["sources"]):
        answer = await editor.get(one["url"])
        assert answer.status_code == 200
        made = Image.open(io.BytesIO(answer.content))
        assert made.size == (one["width"], one["height"])
        assert answer.headers["content-type"] == made.get_format_mimetype()
        assert one["type"] in ("image", made.get_format_mimetype())
        found.append(made)
    return found


# What it becomes


async def test_a_photo_gets_sizes_and_a_place_in_an_entry(editor: httpx.AsyncClient):
    answer = await upload(editor, photo((1200, 900)), query="?focus=.25,1")
    assert answer.status_code == 201, answer.text
    media = answer.json()["media"]
    assert answer.headers["location"] == media["url"]
    assert re.fullmatch(rf"/blogs/{BLOG}/media/[a-z2-7]{{26}}-1200\.jpg", media["url"])
    assert (media["type"], media["width"], media["height"], media["focus"]) == ("image", 1200, 900, [0.25, 1])
    assert [(one["width"], one["height"], one["type"]) for one in media["sources"]] == [
        (width, width * 3 // 4, "image/avif") for width in (320, 640, 1024, 1200)
    ]
    assert [made.format for made in await files(editor, media)] == ["JPEG", *["AVIF"] * 4]
    entry = await editor.post(f"/api/blogs/{BLOG}/entries", json={"media": [{**media, "alt": "Grain"}]})
    assert entry.status_code == 201, entry.text
    assert entry.json()["media"] == [{**media, "alt": "Grain"}]


async def test_nothing_but_pixels_is_left(editor: httpx.AsyncClient):
    exif = Image.Exif()
    exif[0x0112] = 6  # held upright, so the picture lies on its side
    exif[0x010F] = "Secret camera"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
    sideways = Image.new("RGB", (400, 200), "black")
    sideways.paste("white", (0, 0, 200, 200))  # becomes the upper half
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    file = io.BytesIO()
    sideways.save(file, "JPEG", exif=exif, comment=b"a secret comment", icc_profile=profile, xmp=b"<x:xmpmeta>secret")
    media = (await upload(editor, file.getvalue())).json()["media"]
    assert (media["width"], media["height"]) == (200, 400)
    for made in await files(editor, media):
        upper, lower = (made.convert("L").getpixel((100, y)) for y in (50, 350))
        assert isinstance(upper, int) and isinstance(lower, int) and upper > 250 and lower < 5
        assert not made.getexif() and not {"icc_profile", "exif", "xmp", "comment"} & set(made.info)
    for one in (media, *media["sources"]):
        assert b"ecret" not in (await editor.get(one["url"])).content


async def test_colours_become_those_of_srgb(editor: httpx.AsyncClient):
    red = image("PNG", (64, 64), colour=(255, 0, 0), icc_profile=_swapped_profile())
    media = (await upload(editor, red, "image/png")).json()["media"]
    pixel = (await files(editor, media))[0].convert("RGB").getpixel((30, 30))
    assert isinstance(pixel, tuple) and pixel[1] > 200 > 60 > pixel[0], "the profile says that its red is green"


def _swapped_profile() -> bytes:
    """Return a profile of sRGB in which the primaries red and green have changed places."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = profile.index(b"rXYZ"), profile.index(b"gXYZ")
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(profile)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("image/png", image("PNG", (50, 40), "RGBA", colour=(9, 9, 9, 100))),
        ("image/png", image("PNG", (50, 40), "P", transparency=0)),
        ("image/png", image("PNG", (50, 40), "LA", colour=(9, 100))),
        ("image/webp", image("WEBP", (50, 40), "RGBA", colour=(9, 9, 9, 100))),
        ("image/gif", image("GIF", (50, 40), "P", transparency=0)),
        ("image/avif", image("AVIF", (50, 40), "RGBA", colour=(9, 9, 9, 100))),
    ],
    ids=["rgba", "palette", "grey", "webp", "gif", "avif"],
)
async def test_transparency_stays(editor: httpx.AsyncClient, kind: str, data: bytes):
    answer = await upload(editor, data, kind)
    assert answer.status_code == 201, answer.text
    assert [made.mode for made in await files(editor, answer.json()["media"])] == ["RGBA", "RGBA"]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("image/jpeg", image("JPEG", (50, 40), "CMYK", colour=(0, 0, 0, 0))),
        ("image/jpeg", image("JPEG", (50, 40), "L", colour=255)),
        ("image/jpeg; charset=x", image("JPEG", (50, 40), colour="white")),
        ("image/png", image("PNG", (50, 40), "1", colour=1)),
        ("image/png", image("PNG", (50, 40), "I;16", colour=65_535)),
        ("image/png", image("PNG", (50, 40), "RGBA", colour="white")),
        ("image/avif", image("AVIF", (50, 40), colour="white")),
        ("image/webp", image("WEBP", (50, 40), colour="white", lossless=True)),
        ("image/gif", image("GIF", (50, 40), "L", colour=255)),
    ],
)
async def test_white_stays_white_in_all_kinds(editor: httpx.AsyncClient, kind: str, data: bytes):
    answer = await upload(editor, data, kind)
    assert answer.status_code == 201, answer.text
    for made in await files(editor, answer.json()["media"]):
        pixel = made.convert("RGB").getpixel((20, 20))
        assert made.mode == "RGB" and isinstance(pixel, tuple) and min(pixel) > 250


async def test_what_phones_write_behind_a_jpeg_is_no_reason_to_reject_it(editor: httpx.AsyncClient):
    for behind in (photo((64, 64)), b"\0\0\0\x18ftypmp42" + b"\0" * 999, b"note" * 99 + b"SEFT", b"\0" * 64):
        answer = await upload(editor, photo((64, 64)) + behind)
        assert answer.status_code == 201, answer.text


# What is rejected

OVER_HTTP = (
    *("a JPEG that is a page", "a JPEG that is an archive", "a GIF that is a script", "an SVG", "nothing", "a form"),
    *("an SVG that says that it is a PNG", "a PNG that says that it is a JPEG", "an SVG after a comment"),
    *("100 megapixels", "100 megapixels in a JPEG", "a bomb of a gigapixel", "a bomb of text", "a bomb of frames"),
    *("a bomb of a profile", "half a JPEG", "half a PNG", "an animated GIF", "a page"),
)
"""tests/media/test_picture.py tries all, without a process for each."""


@pytest.fixture(scope="module")
async def worst_memory(node: RunningNode) -> AsyncIterator[list[int]]:
    """Watch the address space of the node's child processes while tests run."""
    seen: list[int] = [0]

    async def watch() -> None:
        while True:
            for child in _children(node.pid):
                seen[0] = max(seen[0], _kilobytes(child, "VmPeak"))
            await asyncio.sleep(0.01)

    task = asyncio.create_task(watch())
    yield seen
    task.cancel()


def _children(pid: int) -> list[int]:
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _kilobytes(pid: int, field: str) -> int:
    try:
        found = re.search(rf"{field}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return int(found[1]) if found else 0


@pytest.mark.parametrize("case", OVER_HTTP)
async def test_it_rejects(node: RunningNode, editor: httpx.AsyncClient, worst_memory: list[int], case: str):
    make, kind, status, word = REJECTED[case]
    before = _kilobytes(node.pid, "VmRSS")
    answer = await upload(editor, make(), kind)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    assert word in answer.json()["detail"], answer.text
    if status == 422:
        assert answer.json()["field"] == "body"
    assert _kilobytes(node.pid, "VmHWM") - before < 64 * 1024, "the node itself decodes nothing"
    assert worst_memory[0] * 1024 <= WORKER_MEMORY_BYTES


async def test_the_largest_that_it_takes_stays_within_the_memory(
    node: RunningNode, editor: httpx.AsyncClient, worst_memory: list[int]
):
    answer = await upload(editor, image("PNG", (7_000, 7_000), "P", transparency=0), "image/png")
    assert answer.status_code == 201, answer.text
    assert 0 < worst_memory[0] * 1024 <= WORKER_MEMORY_BYTES
    assert _kilobytes(node.pid, "VmHWM") < 400 * 1024


# Limits


async def test_too_many_bytes_are_rejected_also_without_an_announcement(editor: httpx.AsyncClient):
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(MAX_UPLOAD_BYTES // 2**20 + 1):
            yield bytes(2**20)

    headers = {"content-type": "image/png"}
    for content in (bytes(MAX_UPLOAD_BYTES + 1), pieces()):
        answer = await editor.post(ADDRESS, content=content, headers=headers)
        assert (answer.status_code, answer.json()["field"]) == (413, "body")
        assert str(MAX_UPLOAD_BYTES) in answer.json()["detail"]


@pytest.mark.parametrize("focus", ["", "1", "0.5;0.5", "2,0", "-1,0", "nan,0", "0.5,0.5,0.5", "1e-1,0"])
async def test_a_wrong_focus_is_named(editor: httpx.AsyncClient, focus: str):
    answer = await upload(editor, image(), query=f"?focus={focus}")
    assert (answer.status_code, answer.json()["field"]) == (400, "focus")


async def test_unknown_parameters_and_blogs_are_named(editor: httpx.AsyncClient):
    answer = await upload(editor, image(), query="?alt=x")
    assert (answer.status_code, answer.json()["field"]) == (400, "alt")
    answer = await editor.post("/api/blogs/nowhere/media", content=image(), headers={"content-type": "image/jpeg"})
    assert answer.status_code == 404


async def test_many_at_once_wait_or_come_back_later(editor: httpx.AsyncClient):
    answers = await asyncio.gather(*(upload(editor, image(size=(8, 8))) for _ in range(14)))
    statuses = sorted(answer.status_code for answer in answers)
    assert set(statuses) == {201, 503}
    assert statuses.count(201) >= 9
    assert all("retry-after" in answer.headers for answer in answers if answer.status_code == 503)


async def test_an_image_of_another_blog_is_rejected(node: RunningNode, editor: httpx.AsyncClient):
    media = (await upload(editor, image())).json()["media"]
    await node.make_blog("others")
    for answer in (
        await editor.post("/api/blogs/others/entries", json={"media": [media]}),
        await editor.patch("/api/blogs/others", json={"image": media}),
        await editor.post("/api/blogs/others/entries", json={"media": [{**media, "url": "https://example.org/"}]}),
    ):
        assert (answer.status_code, answer.json()["field"]) == (422, "media")


@pytest.mark.parametrize(
    "url", ["/x.jpg", "/blogs/pictures/media/x", "//example.org/x", "javascript:alert(1)", "data:,x"]
)
async def test_other_relative_addresses_are_not_media(editor: httpx.AsyncClient, url: str):
    for media in ({"url": url}, {"url": "https://example.org/", "sources": [{"url": url, "width": 1, "height": 1}]}):
        answer = await editor.post(f"/api/blogs/{BLOG}/entries", json={"media": [{"type": "image", **media}]})
        assert answer.status_code == 422, answer.text


async def test_without_a_storage_it_says_what_to_set(start_node: StartNode):
    node = await start_node(STOPPRESS_MEDIA="off")
    await node.make_blog(BLOG)
    async with httpx.AsyncClient(base_url=node.url, headers={"authorization": f"Bearer {KEY}"}) as client:
        answer = await upload(client, image())
    assert (answer.status_code, "STOPPRESS_MEDIA" in answer.json()["detail"]) == (501, True)
