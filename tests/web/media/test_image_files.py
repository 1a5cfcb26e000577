"""The files of images: their headers, who gets those of private blogs, and when they are gone."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.images import photo
from tests.support.node import RunningNode, sqlite_url
from tests.support.tokens import claims, secret_file, signed
from tests.web.readers.test_private import FRIEND, GOOD, KEYS, REFUSED, check_private


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
async def node(folder: Path) -> AsyncIterator[RunningNode]:
    node = RunningNode(
        sqlite_url(folder),
        STOPPRESS_TOKEN_SECRET_FILE=secret_file(folder),
        STOPPRESS_READER_ORIGINS=FRIEND,
        STOPPRESS_MAX_GUESSES="0",
        STOPPRESS_PUBLIC_URL="https://live.example.org",
        STOPPRESS_KEYS=KEYS,
    )
    async with node:
        await node.make_blog("closed", access="token")
        await node.make_blog("open")
        yield node


async def upload(node: RunningNode, blog: str) -> dict[str, Any]:
    async with node.editor() as editor:
        headers = {"content-type": "image/jpeg"}
        answer = await editor.post(f"/api/blogs/{blog}/media?focus=0,1", content=photo(), headers=headers, timeout=90)
        assert answer.status_code == 201, answer.text
        media: dict[str, Any] = answer.json()["media"]
        return media


@pytest.fixture(scope="module")
async def closed(node: RunningNode) -> dict[str, Any]:
    return await upload(node, "closed")


@pytest.fixture
async def reader(node: RunningNode) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=node.url, trust_env=False, timeout=30) as reader:
        yield reader


async def test_a_file_is_nothing_but_an_image(node: RunningNode, reader: httpx.AsyncClient):
    media = await upload(node, "open")
    for address, kind in [(media["url"], "image/jpeg"), *((one["url"], one["type"]) for one in media["sources"])]:
        answer = await reader.get(address, headers={"accept": "text/html", "origin": "https://elsewhere.example"})
        assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
        assert re.fullmatch(r"public, max-age=\d+, immutable", answer.headers["cache-control"])
        assert answer.headers["cache-tag"] == "stoppress-open"
        assert answer.headers["access-control-allow-origin"] == "*"
        head = await reader.head(address)
        assert (head.headers["content-length"], head.content) == (str(len(answer.content)), b"")
        again = await reader.get(address, headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["x", "%2e%2e%2fblogs.db", "a" * 26 + "-320.avif", "a" * 26 + "-320.html"])
async def test_what_is_not_there_is_not_found(reader: httpx.AsyncClient, name: str):
    for headers in ({}, {"if-none-match": "*"}):
        answer = await reader.get(f"/blogs/open/media/{name}", headers=headers)
        assert answer.status_code == 404
        assert "immutable" not in answer.headers.get("cache-control", "")


async def test_a_file_belongs_to_its_blog(reader: httpx.AsyncClient, closed: dict[str, Any]):
    assert (await reader.get(closed["url"].replace("closed", "open"))).status_code == 404


@pytest.mark.parametrize("who", REFUSED)
async def test_an_image_of_a_private_blog_is_closed_to(
    node: RunningNode, reader: httpx.AsyncClient, closed: dict[str, Any], who: str
):
    headers, status = REFUSED[who]
    for address in (closed["url"], "/blogs/closed/media/" + "a" * 26 + "-320.avif"):
        answer = await reader.get(address, headers=headers | {"if-none-match": "*"})
        assert answer.status_code == status
        check_private(answer)


@pytest.mark.parametrize("who", GOOD)
async def test_an_image_of_a_private_blog_is_open_to(
    node: RunningNode, reader: httpx.AsyncClient, closed: dict[str, Any], who: str
):
    headers = {name: value.replace("http://SELF", node.url) for name, value in GOOD[who].items()}
    answer = await reader.get(closed["url"], headers=headers)
    assert (answer.status_code, answer.content[:3]) == (200, b"\xff\xd8\xff")
    check_private(answer, GOOD[who].get("origin") == FRIEND)


async def test_a_token_in_the_address_opens_it(reader: httpx.AsyncClient, closed: dict[str, Any]):
    assert (await reader.get(f"{closed['url']}?token={signed(claims(['closed']))}")).status_code == 200


async def test_a_retraction_leaves_nothing(node: RunningNode, reader: httpx.AsyncClient, folder: Path):
    media = await upload(node, "open")
    async with node.editor() as editor:
        entry = (await editor.post("/api/blogs/open/entries", json={"media": [media]})).json()["id"]
        await editor.patch(f"/api/blogs/open/entries/{entry}", json={"media": [], "title": "Without"})
        assert (await reader.get(media["url"])).status_code == 200
        assert (await editor.delete(f"/api/blogs/open/entries/{entry}")).status_code == 200
    for one in (media, *media["sources"]):
        assert (await reader.get(one["url"])).status_code == 404
    upload_id = media["url"].rpartition("/")[2][:26]
    assert not [name for name in names_below(folder) if upload_id in name]


def names_below(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*")]


async def test_addresses_are_relative_to_the_server_and_absolute_where_they_leave_it(
    node: RunningNode, reader: httpx.AsyncClient
):
    await node.make_blog("shown")
    media = await upload(node, "shown")
    async with node.editor() as editor:
        await editor.post("/api/blogs/shown/entries", json={"media": [media], "title": "T"})
        await editor.patch("/api/blogs/shown", json={"image": media})
    absolute = "https://live.example.org" + media["url"]
    page = (await reader.get("/blogs/shown")).text
    sources = ", ".join(f"{one['url']} {one['width']}w" for one in media["sources"])
    assert page.count(f'<picture><source type="image/avif" srcset="{sources}" sizes="') == 2
    shown = (
        f'<img src="{media["url"]}" alt="" width="400" height="300" data-focus-x="0" data-focus-y="10" loading="lazy">'
    )
    assert page.count(f"{shown}</picture>") == 2
    assert f'<meta property="og:image" content="{absolute}">' in page
    structured = json.loads(re.findall(r'ld\+json">(.*?)</script>', page)[0])
    assert structured["image"][0]["url"] == structured["liveBlogUpdate"][0]["image"][0]["contentUrl"] == absolute
    assert (await reader.get("/blogs/shown.json")).json()["items"][0]["image"] == absolute
    assert f'&lt;img src="{absolute}"' in (await reader.get("/blogs/shown.atom")).text
    assert (await reader.get("/blogs/shown/changes")).json()["entries"][0]["media"] == [media]
