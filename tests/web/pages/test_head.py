"""What pages say of themselves in their heads: to search engines, to those who share them, to feed readers."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.conftest import StartNode
from tests.support.node import RunningNode
from tests.support.page import HOSTILE, Document
from tests.support.publishing import post, send

BROWSER = {"accept": "text/html"}

IMAGE = {"type": "image", "url": "https://example.org/a.jpg", "alt": "A bridge", "width": 1200, "height": 800}


@pytest.fixture
async def small(empty_node: StartNode) -> RunningNode:
    """A node with two entries on a page, and five in its blog, `ids` from the oldest."""
    node = await empty_node(
        STOPPRESS_NEWEST="2", STOPPRESS_PUBLIC_URL="https://live.example.org/", STOPPRESS_PUBLISHER="The Herald"
    )
    await node.make_blog(headline="Talks in Moscow", standfirst="What is known.", language="en-GB")
    return node


async def fill(node: RunningNode, **last: Any) -> list[str]:
    entries = [
        {"title": f"At {hour}", "markdown": f"Text of {hour}", "published_at": f"2020-10-09T0{hour}:00:00Z"}
        for hour in range(1, 6)
    ]
    return [await post(node, **(entry | (last if entry == entries[-1] else {}))) for entry in entries]


async def page(node: RunningNode, path: str = "/blogs/demo") -> Document:
    async with httpx.AsyncClient(base_url=node.url, trust_env=False) as client:
        answer = await client.get(path, headers=BROWSER)
    assert answer.status_code == 200, answer.text
    return Document(answer.text)


async def test_the_newest_page_is_described(small):
    await fill(small, media=[IMAGE])
    head = await page(small)
    assert head.links("canonical") == ["https://live.example.org/blogs/demo"]
    assert head.links("alternate") == [f"https://live.example.org/blogs/demo.{kind}" for kind in ("atom", "json")]
    expected = {
        "description": "What is known.",
        "robots": "max-image-preview:large, max-snippet:-1",
        "og:type": "article",
        "og:site_name": "The Herald",
        "og:title": "Talks in Moscow",
        "og:description": "What is known.",
        "og:url": "https://live.example.org/blogs/demo",
        "og:locale": "en_GB",
        "og:image": IMAGE["url"],
        "og:image:width": "1200",
        "og:image:height": "800",
        "og:image:alt": "A bridge",
        "article:published_time": "2020-10-09T01:00:00.000Z",
        "twitter:card": "summary_large_image",
    }
    assert {name: head.meta(name) for name in expected} == expected
    assert (head.meta("article:modified_time") or "") > "2020-10-09T05"


async def test_without_a_public_url_addresses_are_those_of_the_request(reader, blog, node):
    for host, origin in {"live.example.org": "http://live.example.org", "x/y z": "http://localhost"}.items():
        answer = await reader.get(f"/blogs/{blog}", headers={"host": host})
        assert Document(answer.text).links("canonical") == [f"{origin}/blogs/{blog}"]
    assert Document((await reader.get(f"/blogs/{blog}")).text).links("canonical") == [f"{node.url}/blogs/{blog}"]


async def test_a_publishers_own_address_is_the_canonical_one(editor, reader, blog):
    await editor.patch(f"/api/blogs/{blog}", json={"url": "https://example.org/live/talks"})
    head = Document((await reader.get(f"/blogs/{blog}")).text)
    assert head.links("canonical") == ["https://example.org/live/talks"]
    assert head.structured["url"] == head.meta("og:url") == "https://example.org/live/talks"


async def test_older_pages_are_chained_and_stay_out_of_indexes_while_they_move(small):
    await fill(small)
    head = await page(small)
    (older,) = head.links("next")
    assert head.links("prev") == []
    second = await page(small, older)
    assert second.links("canonical") == [f"https://live.example.org{older}"]
    assert second.links("prev") == ["/blogs/demo"]
    assert (second.meta("robots") or "").startswith("noindex, follow")
    (oldest,) = second.links("next")
    assert (await page(small, oldest)).links("next") == []
    await send(small, "PATCH", "", {"status": "ended"})
    assert "noindex" not in ((await page(small, older)).meta("robots") or "")


async def test_a_shared_entry_shows_itself(small):
    ids = await fill(small)
    path = f"/blogs/demo/entries/{ids[1]}"
    head = await page(small, path)
    assert head.links("canonical") == ["https://live.example.org/blogs/demo"]
    assert (head.meta("og:title"), head.meta("og:description")) == ("At 2", "Text of 2")
    assert head.meta("og:url") == f"https://live.example.org{path}#entry-{ids[1]}"
    assert head.meta("article:published_time") == "2020-10-09T02:00:00.000Z"
    await send(small, "DELETE", f"/entries/{ids[1]}", {})
    head = await page(small, path)
    assert head.meta("og:title") == "Talks in Moscow"


async def test_no_text_gets_out_of_its_attribute(editor, reader, blog):
    hostile = f'"><b>{HOSTILE}'
    await editor.patch(f"/api/blogs/{blog}", json={"headline": hostile, "standfirst": hostile})
    head = Document((await reader.get(f"/blogs/{blog}")).text)
    assert head.meta("og:title") == hostile
    assert head.all("//head//b") == []


async def test_a_description_is_cut_between_words(editor, reader, blog):
    await editor.post(f"/api/blogs/{blog}/entries", json={"markdown": "Several words that go on. " * 40})
    description = Document((await reader.get(f"/blogs/{blog}")).text).meta("description") or ""
    assert 150 < len(description) <= 200
    assert description.endswith(("words…", "that…", "go…", "on.…", "Several…"))


@pytest.mark.parametrize("path", ["/", "/blogs/{}", "/api/docs"])
async def test_every_page_says_what_it_may_load_and_who_may_frame_it(reader, blog, path):
    headers = (await reader.get(path.format(blog))).headers
    policy = headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "require-trusted-types-for 'script'"} < set(policy)
    assert ("frame-ancestors 'none'" in policy) == (path != "/blogs/{}")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "strict-origin-when-cross-origin"
    assert "camera=()" in headers["permissions-policy"]
