"""Atom and JSON Feed: valid by the rules of others, complete, and true to edits and retractions."""

from __future__ import annotations

import json
from typing import Any

import feedparser
import httpx
import jsonschema_rs
import pytest
from lxml import etree

from tests.conftest import StartNode
from tests.support.node import RunningNode
from tests.support.page import HOSTILE, grammar
from tests.support.paths import SCHEMAS
from tests.support.publishing import post as publish
from tests.support.publishing import send

ATOM = grammar(str(SCHEMAS / "atom.rng"))
JSON_FEED = jsonschema_rs.validator_for(json.loads((SCHEMAS / "jsonfeed.json").read_text()), validate_formats=True)

NAMES = {"a": "http://www.w3.org/2005/Atom", "at": "http://purl.org/atompub/tombstones/1.0"}

IMAGE = "https://example.org/a.jpg?x=1&y=2"

RICH: dict[str, Any] = {
    "title": HOSTILE,
    "markdown": "They *begin*.\n\n<b>x</b>",
    "authors": [{"name": "Ada Novak", "url": "https://example.org/ada"}],
    "tags": ["diplomacy", "a & b"],
    "source": {"name": "Kremlin", "url": "https://example.org/k"},
    "media": [
        {"type": "image", "url": IMAGE, "alt": 'The "bridge"', "caption": "C", "credit": "J"},
        {"type": "audio", "url": "https://example.org/a.mp3", "caption": "An interview"},
        {"type": "video", "url": "https://example.org/unknown"},
        {"type": "embed", "url": "https://example.org/map"},
    ],
}


class Atom:
    """An Atom document that keeps the grammar of RFC 4287."""

    def __init__(self, content: bytes) -> None:
        self.tree = etree.fromstring(content)
        assert ATOM.validate(self.tree), ATOM.error_log
        assert self.all("a:author"), "an entry without an author needs one of its feed (RFC 4287, section 4.1.1)"

    def all(self, path: str) -> list[Any]:
        return list(self.tree.xpath(path, namespaces=NAMES))

    def link(self, rel: str) -> str | None:
        return next((str(one) for one in self.all(f"a:link[@rel='{rel}']/@href")), None)


async def atom(reader: httpx.AsyncClient, path: str) -> Atom:
    answer = await reader.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/atom+xml"), answer.text
    return Atom(answer.content)


async def json_feed(reader: httpx.AsyncClient, path: str) -> dict[str, Any]:
    answer = await reader.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/feed+json"), answer.text
    feed: dict[str, Any] = answer.json()
    assert [str(error) for error in JSON_FEED.iter_errors(feed)] == []
    return feed


async def test_atom_has_what_was_published(editor, reader, post, blog, node):
    entry = (await post(**RICH))["id"]
    await editor.patch(f"/api/blogs/{blog}", json={"standfirst": "S", "language": "en", "authors": [{"name": "Desk"}]})
    feed = await atom(reader, f"/blogs/{blog}.atom")
    assert feed.link("self") == f"{node.url}/blogs/{blog}.atom"
    assert feed.link("alternate") == f"{node.url}/blogs/{blog}"
    parsed = feedparser.parse((await reader.get(f"/blogs/{blog}.atom")).content)
    assert not parsed.bozo
    assert (parsed.feed.title, parsed.feed.subtitle, parsed.feed.author) == ("Talks in Moscow", "S", "Desk")
    (item,) = parsed.entries
    assert (item.id, item.author) == (f"urn:uuid:{entry}", "Ada Novak")
    assert item.link == f"{node.url}/blogs/{blog}/entries/{entry}#entry-{entry}"
    assert [tag.term for tag in item.tags] == RICH["tags"]
    (content,) = feed.all("a:entry/a:content/text()")
    for piece in (
        "<em>begin</em>",
        'alt="The &#34;bridge&#34;"',
        "a.jpg?x=1&amp;y=2",
        "C · J",
        "An interview",
        "Kremlin",
    ):
        assert piece in content
    assert feed.all("a:entry/a:title/text()") == [HOSTILE]


async def test_json_feed_has_what_was_published(reader, post, blog, node):
    entry = (await post(**RICH))["id"]
    feed = await json_feed(reader, f"/blogs/{blog}.json")
    assert feed["home_page_url"] == f"{node.url}/blogs/{blog}"
    (item,) = feed["items"]
    assert item["id"] == f"urn:uuid:{entry}"
    assert item["title"] == HOSTILE
    assert item["image"] == IMAGE
    assert item["authors"] == RICH["authors"]
    audio = {"url": "https://example.org/a.mp3", "mime_type": "audio/mpeg", "title": "An interview"}
    assert item["attachments"] == [audio]
    assert "<em>begin</em>" in item["content_html"]


async def test_an_edit_comes_to_the_front_under_the_same_id(editor, reader, post, blog):
    old = (await post(title="Old", published_at="2020-10-09T06:00:00Z"))["id"]
    await post(title="New")
    before = (await atom(reader, f"/blogs/{blog}.atom")).all("a:updated/text()")
    await editor.patch(f"/api/blogs/{blog}/entries/{old}", json={"title": "Edited", "correction": "It was not old."})
    feed = await atom(reader, f"/blogs/{blog}.atom")
    assert feed.all("a:entry/a:title/text()") == ["Edited", "New"]
    assert feed.all("a:entry[1]/a:id/text()") == [f"urn:uuid:{old}"]
    assert feed.all("a:entry[1]/a:published/text()") == ["2020-10-09T06:00:00.000Z"]
    assert feed.all("a:updated/text()") == feed.all("a:entry[1]/a:updated/text()") > before
    assert "It was not old." in feed.all("a:entry[1]/a:content/text()")[0]
    items = (await json_feed(reader, f"/blogs/{blog}.json"))["items"]
    assert [item["title"] for item in items] == ["Edited", "New"]
    assert items[0]["date_modified"] > items[0]["date_published"] == "2020-10-09T06:00:00.000Z"


async def test_a_retracted_entry_is_a_tombstone(editor, reader, post, blog):
    entry = (await post(title="Ceasefire", markdown="Nobody confirmed this."))["id"]
    await editor.request("DELETE", f"/api/blogs/{blog}/entries/{entry}", json={"note": "Wrong & gone."})
    feed = await atom(reader, f"/blogs/{blog}.atom")
    assert feed.all("a:entry") == []
    (tombstone,) = feed.all("at:deleted-entry")
    assert tombstone.get("ref") == f"urn:uuid:{entry}"
    assert tombstone.get("when") == feed.all("a:updated/text()")[0]
    assert feed.all("at:deleted-entry/at:comment/text()") == ["This update was retracted. Wrong & gone."]
    (item,) = (await json_feed(reader, f"/blogs/{blog}.json"))["items"]
    assert (item["id"], item["content_text"]) == (f"urn:uuid:{entry}", "This update was retracted. Wrong & gone.")


@pytest.mark.parametrize("kind", ["atom", "json"])
async def test_the_pages_of_a_feed_have_every_entry_once(empty_node: StartNode, kind: str):
    node = await empty_node(STOPPRESS_NEWEST="2")
    await node.make_blog()
    ids = [await publish(node, title=str(number)) for number in range(5)]
    await send(node, "DELETE", f"/entries/{ids[0]}", {})
    async with httpx.AsyncClient(trust_env=False) as reader:
        seen: list[str] = []
        address: str | None = f"{node.url}/blogs/demo.{kind}"
        while address:
            if kind == "atom":
                page = await atom(reader, address)
                found = [*page.all("at:deleted-entry/@ref"), *page.all("a:entry/a:id/text()")]
                assert page.link("self") == address
                address = page.link("next")
            else:
                document = await json_feed(reader, address)
                found = [item["id"] for item in document["items"]]
                assert document["feed_url"] == address
                address = document.get("next_url")
            assert len(found) - found.count(f"urn:uuid:{ids[0]}") <= 2
            seen += found
    assert seen == [f"urn:uuid:{one}" for one in (ids[0], *ids[:0:-1])]


async def test_addresses_in_a_feed_are_absolute(node: RunningNode, editor, reader, blog):
    html = '<a href="/a?b&amp;c" title="href=&quot;/x">b</a> <a href="#entry-1">c</a> href="/d" <img src="e.png">'
    await editor.post(f"/api/blogs/{blog}/entries", json={"html": html})
    (item,) = (await json_feed(reader, f"/blogs/{blog}.json"))["items"]
    shown = html.replace('href="/a', f'href="{node.url}/a').replace('"#', f'"{node.url}/blogs/{blog}#')
    shown = shown.replace('"e.png"', f'"{node.url}/blogs/e.png" alt=""')
    assert item["content_html"].replace(' rel="noopener noreferrer"', "") == f"<p>{shown}</p>"


async def test_characters_that_xml_cannot_have_are_left_out(reader, post, blog):
    await post(title="a\u0008b\u0000c\uffff", tags=["\u000bt"])
    feed = await atom(reader, f"/blogs/{blog}.atom")
    assert (feed.all("a:entry/a:title/text()"), feed.all("a:entry/a:category/@term")) == (["abc"], ["t"])


@pytest.mark.parametrize("kind", ["atom", "json"])
async def test_a_feed_of_no_blog_is_404_and_a_malformed_page_400(reader, blog, kind):
    assert (await reader.get(f"/blogs/nowhere.{kind}")).status_code == 404
    assert (await reader.get(f"/blogs/{blog}.{kind}?before=x")).status_code == 400


async def test_a_blog_that_was_made_anew_is_another_feed_valid_without_entries(editor, reader, blog):
    assert (await json_feed(reader, f"/blogs/{blog}.json"))["items"] == []
    assert (await atom(reader, f"/blogs/{blog}.atom")).all("a:entry") == []
    first = (await atom(reader, f"/blogs/{blog}.atom")).all("a:id/text()")
    assert (await atom(reader, f"/blogs/{blog}.atom")).all("a:id/text()") == first
    await editor.delete(f"/api/blogs/{blog}")
    await editor.put(f"/api/blogs/{blog}", json={"headline": "Anew"})
    assert (await atom(reader, f"/blogs/{blog}.atom")).all("a:id/text()") != first
