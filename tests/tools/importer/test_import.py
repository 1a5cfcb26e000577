"""`stoppress import` against a real node: nothing is lost, nothing is doubled, nothing is overwritten."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.command import Result, invoke
from tests.support.node import ADMIN_KEY, RunningNode, sqlite_url
from tests.support.payloads import ELEMENTS, RUN

WORDPRESS = Path(__file__).with_name("wordpress.xml")


@pytest.fixture(scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningNode]:
    async with RunningNode(sqlite_url(tmp_path_factory.mktemp("store"))) as node:
        yield node


@pytest.fixture
async def admin(node: RunningNode) -> AsyncIterator[httpx.AsyncClient]:
    async with node.editor(key=ADMIN_KEY) as client:
        yield client


def run(node: RunningNode, *arguments: str, stdin: bytes = b"") -> Result:
    environ = {"STOPPRESS_URL": node.url, "STOPPRESS_API_KEY": ADMIN_KEY}
    return invoke(*arguments, stdin=stdin, environ=environ)


HEADER = {
    "headline": "Talks",
    "standfirst": "What we know.",
    "status": "paused",
    "language": "en-GB",
    "timezone": "Europe/Skopje",
    "coverage_start": "2020-10-09T06:00:00.000Z",
    "url": "https://x.example/talks",
    "image": {"type": "image", "url": "https://x.example/i.jpg", "alt": "A hall", "width": 10, "height": 5},
    "authors": [{"name": "Desk", "url": "https://x.example/"}],
    "tags": ["talks"],
    "related": [{"title": "More", "url": "https://x.example/more"}],
    "access": "token",
    "public_from": "2099-01-01T00:00:00.000Z",
}

ENTRY = {
    "title": "A title",
    "authors": [{"name": "Ann", "url": "https://x.example/ann"}, {"name": "Bo"}],
    "key": True,
    "breaking": True,
    "tags": ["a", "b"],
    "source": {"name": "Agency", "url": "https://x.example/a"},
    "media": [
        {"type": "image", "url": "https://x.example/1.jpg", "alt": "x", "caption": "y", "credit": "z", "width": 1}
    ],
    "event_at": "2020-10-09T05:00:00.000Z",
    "published_at": "2020-10-09T06:12:00.000Z",
}


async def fill(admin: httpx.AsyncClient, blog: str) -> None:
    """Make a blog with everything that an entry can have, in every status."""
    path = f"/api/blogs/{blog}"

    async def sent(method: str, address: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await admin.request(method, address, json=body)
        assert answer.is_success, answer.text
        return dict(answer.json()) if answer.content else {}

    await sent("PUT", path, HEADER)
    full = await sent("POST", f"{path}/entries", {"markdown": "**Full** https://youtu.be/dQw4w9WgXcQ\n\n> q", **ENTRY})
    await sent("PATCH", f"{path}/entries/{full['id']}", {"correction": "It was *not* so."})
    for payload in ELEMENTS[:20]:
        await sent(
            "POST", f"{path}/entries", {"html": f"<p>text</p>{payload.format(run=RUN)}<p>{payload}</p>", "title": "t"}
        )
    gone = await sent("POST", f"{path}/entries", {"markdown": "Secret"})
    await sent("DELETE", f"{path}/entries/{gone['id']}", {"note": "Wrong."})
    silent = await sent("POST", f"{path}/entries", {"markdown": "Secret"})
    await sent("DELETE", f"{path}/entries/{silent['id']}", {})
    await sent("POST", f"{path}/entries", {"markdown": "draft", "status": "draft", "submitted": True, **ENTRY})
    await sent(
        "POST", f"{path}/entries", {"html": "<p>x</p>", "status": "scheduled", "publish_at": "2099-01-01T00:00:00Z"}
    )
    pinned = await sent("POST", f"{path}/entries", {"markdown": "pinned", "pinned": True})
    await sent("PATCH", f"{path}/entries/{pinned['id']}", {"markdown": "pinned, edited"})
    await sent("PATCH", f"{path}/entries/{full['id']}", {"tags": ["c"]})


async def test_a_round_trip_of_json_lines_loses_nothing(node: RunningNode, admin: httpx.AsyncClient, tmp_path: Path):
    await fill(admin, "from")
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    result = run(node, "export", "--json", "from", str(first))
    assert result.code == 0 and result.out == f"Wrote the header and 26 entries of from to {first}.\n"
    assert first.stat().st_mode & 0o077 == 0, "drafts are not for other users"
    result = run(node, "import", "to", str(first))
    assert (result.code, result.out) == (0, "to: 26 new, 0 there already.\n"), result.err
    assert run(node, "export", "--json", "to", str(second)).code == 0
    assert comparable(second) == comparable(first)
    assert len(comparable(first)) == 27
    assert "Secret" not in first.read_text()


async def test_readers_of_the_imported_blog_get_the_same(node: RunningNode, admin: httpx.AsyncClient, tmp_path: Path):
    file = tmp_path / "blog.jsonl"
    await admin.put("/api/blogs/a", json={"headline": "A"})
    await admin.post("/api/blogs/a/entries", json={"markdown": "**one** https://youtu.be/dQw4w9WgXcQ", "key": True})
    gone = await admin.post("/api/blogs/a/entries", json={"markdown": "two"})
    await admin.delete(gone.headers["location"])
    run(node, "export", "--json", "a", str(file))
    run(node, "import", "b", str(file))
    seen = [(await admin.get(f"/blogs/{blog}/changes")).json() for blog in "ab"]
    for answer in seen:
        for one in (answer["header"], *answer["entries"]):
            one.pop("seq")
            one.pop("blog", None)
    assert seen[0]["entries"] == seen[1]["entries"] and seen[0]["header"] == seen[1]["header"]


async def test_a_round_trip_of_an_archive_keeps_all_that_readers_get(
    node: RunningNode, admin: httpx.AsyncClient, tmp_path: Path
):
    await fill(admin, "public-a")
    await admin.patch("/api/blogs/public-a", json={"access": "public"})
    assert run(node, "export", "public-a", str(tmp_path / "a")).code == 0
    result = run(node, "import", "public-b", str(tmp_path / "a"))
    assert (result.code, result.out) == (0, "public-b: 24 new, 0 there already.\n"), result.err
    assert run(node, "export", "public-b", str(tmp_path / "b")).code == 0
    assert comparable(tmp_path / "b" / "blog.jsonl") == comparable(tmp_path / "a" / "blog.jsonl")


def comparable(file: Path) -> list[dict[str, Any]]:
    """Return all lines of a file, without what belongs to the place: the name of the blog, and the seqs."""
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    for line in lines:
        (content,) = line.values()
        content.pop("seq", None)
        content.pop("blog", None)
    return lines


@pytest.mark.parametrize("kind", ["wordpress", "lines"])
async def test_a_repeated_import_makes_no_duplicates(
    node: RunningNode, admin: httpx.AsyncClient, tmp_path: Path, kind: str
):
    blog, file = f"again-{kind}", WORDPRESS
    if kind == "lines":
        file = tmp_path / "lines"
        file.write_text('{"markdown": "x"}\n{"markdown": "x"}\n{"id": "p1", "title": "y", "tags": ["z"]}\n')
    assert run(node, "import", blog, str(file)).out == f"{blog}: 3 new, 0 there already.\n"
    before = (await admin.get(f"/api/blogs/{blog}/entries")).json()
    assert run(node, "import", blog, str(file)).out == f"{blog}: 0 new, 3 there already.\n"
    assert (await admin.get(f"/api/blogs/{blog}/entries")).json() == before


async def test_entries_that_were_edited_or_retracted_since_stay_as_they_are(
    node: RunningNode, admin: httpx.AsyncClient, tmp_path: Path
):
    file = tmp_path / "lines"
    file.write_text("".join(json.dumps({"id": one, "markdown": one}) + "\n" for one in ("edit", "retract", "keep")))
    run(node, "import", "since", str(file))
    entries = (await admin.get("/api/blogs/since/entries")).json()["entries"]
    ids = {entry["markdown"]: entry["id"] for entry in entries}
    await admin.patch(f"/api/blogs/since/entries/{ids['edit']}", json={"markdown": "edited"})
    await admin.delete(f"/api/blogs/since/entries/{ids['retract']}")
    file.write_text(file.read_text().replace('"markdown"', '"title": "", "markdown"'))  # another Idempotency-Key
    result = run(node, "import", "since", str(file))
    assert result.code == 0 and result.out.endswith("since: 0 new, 1 there already, 2 there and different.\n")
    assert f"line 1: entry {ids['edit']} is there and differs" in result.out
    after = {one["id"]: one for one in (await admin.get("/api/blogs/since/entries")).json()["entries"]}
    assert after[ids["edit"]]["markdown"] == "edited" and after[ids["retract"]]["status"] == "retracted"


async def test_an_import_leaves_the_header_of_a_blog_alone(node: RunningNode, admin: httpx.AsyncClient):
    await admin.put("/api/blogs/headed", json={"headline": "Ours"})
    run(node, "import", "headed", str(WORDPRESS))
    assert (await admin.get("/api/blogs/headed")).json()["headline"] == "Ours"


async def test_a_dry_run_sends_nothing_and_needs_no_server(admin: httpx.AsyncClient):
    result = invoke("import", "--dry-run", "--url", "http://127.0.0.1:9", "dry", str(WORDPRESS))
    assert (result.code, result.out) == (
        0,
        f"{WORDPRESS}: header 'Talks in Moscow', 3 entries (2 published, 1 retracted). Nothing was sent.\n",
    )


async def test_what_the_server_rejects_is_named_by_its_line_and_the_rest_is_imported(node: RunningNode):
    lines = b'{"markdown": "x"}\n{"status": "retracted"}\n{"tags": ["only"]}\n'
    result = run(node, "import", "partly", "-", stdin=lines)
    assert result.code == 1 and result.out == "partly: 1 new, 0 there already.\n"
    assert re.search(
        r"rejected 2 entries: line 2: A retracted entry needs .*; line 3: The entry is empty", result.error
    )


@pytest.mark.parametrize(("key", "words"), [("wrong", r"rejected the header \(401\)"), ("secret-of-the-tests", "new")])
async def test_a_key_that_may_not_import_is_told_so(node: RunningNode, key: str, words: str):
    environ = {"STOPPRESS_URL": node.url, "STOPPRESS_API_KEY": key}
    result = invoke("import", f"blog-of-{key}", str(WORDPRESS), environ=environ)
    assert re.search(words, result.out + result.err)


def test_a_server_that_is_not_there_and_a_file_that_is_not_there_are_named():
    result = invoke("import", "--url", "http://127.0.0.1:9", "--api-key", "x", "demo", str(WORDPRESS))
    assert result.code == 1 and "cannot reach http://127.0.0.1:9" in result.error
    result = invoke("import", "--api-key", "x", "demo", "/nowhere")
    assert result.code == 2 and "cannot read /nowhere" in result.error


async def test_an_export_does_not_replace_a_file_without_force(
    node: RunningNode, admin: httpx.AsyncClient, tmp_path: Path
):
    await admin.put("/api/blogs/forced", json={})
    file = tmp_path / "file"
    file.write_text("mine")
    assert "already exists" in run(node, "export", "--json", "forced", str(file)).error
    assert file.read_text() == "mine"
    assert run(node, "export", "--json", "--force", "forced", str(file)).code == 0
    assert json.loads(file.read_text().splitlines()[0])["header"]["blog"] == "forced"
