"""A page's structured data: what it says, and that schema.org knows every word of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx

from stoppress.web.pages.assets import Assets
from tests.support.page import HOSTILE, Document
from tests.support.paths import SCHEMAS

VOCABULARY = json.loads((SCHEMAS / "schemaorg.json").read_text(encoding="utf-8"))


TEXTS = {"Text", "URL", "DateTime", "Date", "Integer", "Number", "XPathType", "CssSelectorType"}
"""Data types, which are strings and numbers in JSON."""


def strange(node: dict[str, Any], where: str = "") -> Iterator[str]:
    """What schema.org does not know: types, properties, and values of a type that a property does not expect."""
    kind = node["@type"]
    if kind not in VOCABULARY["supertypes"]:
        yield f"{where}: no type {kind}"
        return
    known: dict[str, list[str]] = {}
    for parent in VOCABULARY["supertypes"][kind]:
        known |= VOCABULARY["properties"].get(parent, {})
    for name, value in node.items():
        if name in ("@type", "@id") or (name == "@context" and not where):
            continue
        if name not in known:
            yield f"{where}: {kind} has no {name}"
            continue
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                if not {one["@type"], *VOCABULARY["supertypes"].get(one["@type"], [])} & set(known[name]):
                    yield f"{where}: {name} cannot be {one['@type']}, only {known[name]}"
                yield from strange(one, f"{where}/{name}")
            elif not TEXTS & set(known[name]):
                yield f"{where}: {name} cannot be a text, only {known[name]}"


async def structured(reader: httpx.AsyncClient, path: str) -> dict[str, Any]:
    answer = await reader.get(path, headers={"accept": "text/html"})
    assert answer.status_code == 200, answer.text
    return Document(answer.text).structured


async def test_every_term_is_one_of_schema_org(editor, reader, post, blog):
    image = {"type": "image", "url": "https://example.org/a.jpg", "alt": "A", "width": 1200, "height": 800}
    person = {"name": "Ada Novak", "url": "https://example.org/ada"}
    media = [
        {**image, "caption": "The bridge", "credit": "J. Berg"},
        {"type": "video", "url": "https://example.org/a.mp4", "caption": "Seen from above", "alt": "A bridge"},
        {"type": "audio", "url": "https://example.org/a.mp3"},
        {"type": "embed", "url": "https://example.org/map"},
    ]
    entry = (await post(title="Talks", authors=[person, {"name": "Jon Berg"}], tags=["a"], media=media))["id"]
    await editor.patch(f"/api/blogs/{blog}/entries/{entry}", json={"correction": "Not in Minsk."})
    header = {
        "standfirst": "S",
        "language": "en",
        "status": "ended",
        "image": image,
        "authors": [person],
        "tags": ["t"],
    }
    header |= {"coverage_start": "2020-10-09T05:40:00Z", "coverage_end": "2020-10-10T05:40:00Z"}
    assert (await editor.patch(f"/api/blogs/{blog}", json=header)).status_code == 200
    data = await structured(reader, f"/blogs/{blog}")
    assert data["@context"] == "https://schema.org"
    assert list(strange(data)) == []
    update = data["liveBlogUpdate"][0]
    assert {"image", "video", "audio", "correction", "keywords", "author", "articleBody"} < update.keys()
    assert {"name", "thumbnailUrl", "uploadDate"} < update["video"][0].keys()


def test_what_schema_org_does_not_know_is_noticed():
    wrong = {"@type": "BlogPosting", "headLine": "x", "author": {"@type": "ImageObject"}, "correction": {"@type": "No"}}
    assert len(list(strange({"@type": "LiveBlogPosting", "liveBlogUpdate": [wrong], "inLanguage": "en"}))) == 4


async def test_each_update_has_what_is_its_own(editor, reader, post, blog, node):
    first = (await post(title="Talks", markdown="They *begin*.", published_at="2020-10-09T06:12:00Z"))["id"]
    await editor.patch(
        f"/api/blogs/{blog}/entries/{first}", json={"correction": "Not in Minsk.", "authors": [{"name": "Ada Novak"}]}
    )
    await post(markdown="Without a title. " * 20)
    data = await structured(reader, f"/blogs/{blog}")
    untitled, titled = data["liveBlogUpdate"]
    assert titled["headline"] == "Talks"
    assert titled["articleBody"] == "They begin."
    assert titled["datePublished"] == "2020-10-09T06:12:00.000Z" < titled["dateModified"]
    assert titled["author"] == [{"@type": "Person", "name": "Ada Novak"}]
    assert titled["url"] == f"{node.url}/blogs/{blog}/entries/{first}#entry-{first}"
    (correction,) = titled["correction"]
    assert (correction["@type"], correction["text"]) == ("CorrectionComment", "Not in Minsk.")
    assert untitled["headline"].startswith("Without a title. Without") and len(untitled["headline"]) <= 110
    organization = {"@type": "Organization", "name": "127.0.0.1", "url": node.url + "/"}
    assert untitled["author"] == data["publisher"] == organization


async def test_coverage_ends_only_with_the_blog(editor, reader, post, blog):
    await post(published_at="2020-10-09T06:12:00Z")
    await post(published_at="2020-10-09T08:00:00Z")
    await editor.patch(f"/api/blogs/{blog}", json={"coverage_end": "2030-01-01T00:00:00Z"})
    live = await structured(reader, f"/blogs/{blog}")
    assert live["coverageStartTime"] == "2020-10-09T06:12:00.000Z"
    assert "coverageEndTime" not in live
    await editor.patch(f"/api/blogs/{blog}", json={"status": "ended"})
    assert (await structured(reader, f"/blogs/{blog}"))["coverageEndTime"] == "2030-01-01T00:00:00.000Z"
    await editor.patch(f"/api/blogs/{blog}", json={"coverage_end": None})
    assert (await structured(reader, f"/blogs/{blog}"))["coverageEndTime"] == "2020-10-09T08:00:00.000Z"


async def test_no_text_gets_out_of_the_data_block(editor, reader, post, blog):
    entry = (await post(title=HOSTILE, markdown=HOSTILE, tags=[HOSTILE]))["id"]
    await editor.patch(f"/api/blogs/{blog}", json={"headline": HOSTILE})
    text = (await reader.get(f"/blogs/{blog}")).text
    document = Document(text)
    assert document.structured["headline"] == HOSTILE
    assert document.structured["liveBlogUpdate"][0]["headline"] == HOSTILE
    scripts = [script.get("src") or script.get("type") for script in document.all("//script")]
    assert scripts == ["application/ld+json", Assets().script("page").address]
    assert entry in text


async def test_a_retracted_entry_is_no_update(editor, reader, post, blog):
    data = await structured(reader, f"/blogs/{blog}")
    assert list(strange(data)) == [] and "liveBlogUpdate" not in data, "an empty blog has structured data, too"
    entry, kept = (await post())["id"], (await post(title="Kept"))["id"]
    await editor.request("DELETE", f"/api/blogs/{blog}/entries/{entry}", json={"note": "Wrong."})
    for path in (f"/blogs/{blog}", f"/blogs/{blog}/entries/{entry}"):
        updates = (await structured(reader, path))["liveBlogUpdate"]
        assert [one["@id"] for one in updates] == [f"urn:uuid:{kept}"]
