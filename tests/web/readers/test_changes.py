"""The surface `changes`: what has changed since a cursor, at once or when there is something."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import httpx
import pytest

from stoppress import settings
from stoppress.process.node import Node
from stoppress.web.readers import content
from tests.support.cursors import UNKNOWN_CURSORS
from tests.support.fixtures import Post
from tests.support.node import RunningNode, sqlite_url


async def test_without_a_cursor_changes_are_a_reset(reader: httpx.AsyncClient, post: Post, blog: str):
    entry = await post(markdown="Talks begin.")
    answer = await reader.get(f"/blogs/{blog}/changes")
    update = answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert (update["type"], update["blog"], update["from"], update["cursor"]) == ("update", blog, None, entry["cursor"])
    assert update["header"] == {"blog": blog, "seq": 1, "headline": "Talks in Moscow", "status": "live"}
    assert [one["text"] for one in update["entries"]] == ["Talks begin."]
    assert not update.keys() & {"more", "older"}


async def test_a_reset_has_the_newest_entries_and_leads_to_the_others(reader: httpx.AsyncClient, post: Post, blog: str):
    ids = [(await post())["id"] for _ in range(60)]
    update = (await reader.get(f"/blogs/{blog}/changes")).json()
    assert [entry["id"] for entry in update["entries"]] == ids[10:]
    older = (await reader.get(update["older"])).json()
    assert [entry["id"] for entry in older["entries"]] == ids[9::-1]
    whole = (await reader.get(f"/blogs/{blog}/changes", params={"since": "0"})).json()
    assert (whole["from"], [entry["id"] for entry in whole["entries"]]) == ("0", ids)


async def test_changes_are_what_differs(editor: httpx.AsyncClient, reader: httpx.AsyncClient, post: Post, blog: str):
    entry = await post()
    for number in range(3):
        await editor.patch(f"/api/blogs/{blog}/entries/{entry['id']}", json={"title": str(number)})
        await editor.patch(f"/api/blogs/{blog}", json={"headline": str(number)})
    update = (await reader.get(f"/blogs/{blog}/changes", params={"since": entry["cursor"]})).json()
    assert (update["from"], update["header"]["headline"]) == (entry["cursor"], "2")
    assert [(one["title"], one["version"]) for one in update["entries"]] == [("2", 4)]
    await post()
    assert "header" not in (await reader.get(f"/blogs/{blog}/changes", params={"since": update["cursor"]})).json()


@pytest.mark.parametrize("wait", [{}, {"wait": 60}], ids=["at once", "wait"])
@pytest.mark.parametrize("cursor", UNKNOWN_CURSORS)
async def test_an_unknown_cursor_is_answered_by_a_reset(
    reader: httpx.AsyncClient, post: Post, blog: str, cursor: str, wait: dict[str, int]
):
    await post()
    async with asyncio.timeout(30):
        update = (await reader.get(f"/blogs/{blog}/changes", params={"since": cursor, **wait})).json()
    assert (update["from"], len(update["entries"])) == (None, 1)


@pytest.mark.parametrize("form", ['"{}"', '"x", "{}"', 'W/"{}"'])
async def test_changes_that_are_known_are_not_sent_again(reader: httpx.AsyncClient, post: Post, blog: str, form: str):
    cursor = (await post())["cursor"]
    known = {"if-none-match": form.format(cursor)}
    answer = await reader.get(f"/blogs/{blog}/changes", headers=known)
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", f'"{cursor}"')
    await post()
    answer = await reader.get(f"/blogs/{blog}/changes", headers=known)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "public, max-age=1")


async def test_wait_returns_at_once_where_there_is_something_new(reader: httpx.AsyncClient, post: Post, blog: str):
    before = (await post())["cursor"]
    await post()
    async with asyncio.timeout(30):
        update = (await reader.get(f"/blogs/{blog}/changes", params={"since": before, "wait": 60})).json()
    assert len(update["entries"]) == 1


async def test_wait_holds_the_request_for_a_change(node: RunningNode, reader: httpx.AsyncClient, post: Post, blog: str):
    cursor = (await post())["cursor"]
    held = asyncio.create_task(reader.get(f"/blogs/{blog}/changes", params={"since": cursor, "wait": 60}))
    await node.until_readers("long_poll", 1)
    assert not held.done()
    await post(markdown="new")
    async with asyncio.timeout(30):
        update = (await held).json()
    assert (update["from"], [entry["text"] for entry in update["entries"]]) == (cursor, ["new"])


async def test_a_delivery_of_what_is_known_does_not_end_a_wait(reader: httpx.AsyncClient, post: Post, blog: str):
    """The last of several changes is answered to its editor before it is delivered to readers."""
    for _ in range(20):
        cursor = [(await post())["cursor"] for _ in range(3)][-1]
        start = time.monotonic()
        update = (await reader.get(f"/blogs/{blog}/changes", params={"since": cursor, "wait": "0.1"})).json()
        assert time.monotonic() - start >= 0.1
        assert (update["from"], update["cursor"], update["entries"]) == (cursor, cursor, [])


async def test_wait_with_a_known_etag_ends_with_304(reader: httpx.AsyncClient, post: Post, blog: str):
    headers = {"if-none-match": f'"{(await post())["cursor"]}"'}
    start = time.monotonic()
    answer = await reader.get(f"/blogs/{blog}/changes", params={"wait": "0.4"}, headers=headers)
    assert answer.status_code == 304
    assert time.monotonic() - start >= 0.4


async def test_wait_is_capped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(content, "_MAX_WAIT_SECONDS", 0.2)
    node = Node(settings.load({"store": sqlite_url(tmp_path)}, {}), keys="tests:editor:secret-of-the-tests")
    await node.store.open()
    headers = {"authorization": "Bearer secret-of-the-tests"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(node.app), base_url="http://test", headers=headers
    ) as client:
        cursor = (await client.put("/api/blogs/demo", json={})).headers["stoppress-cursor"]
        async with asyncio.timeout(30):
            answer = await client.get("/blogs/demo/changes", params={"since": cursor, "wait": 60})
    await node.store.close()
    assert answer.json()["entries"] == []
