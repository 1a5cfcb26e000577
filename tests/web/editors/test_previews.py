"""Previews over real HTTP: what they show is what readers then get."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx
import pytest

from stoppress.web.editors.newest_only import MAX_WAITING, NewestOnly
from stoppress.web.editors.previews import NEW_ENTRY
from stoppress.web.problems import HTTPError
from tests.support.fixtures import Post
from tests.support.node import ADMIN_KEY, RunningNode
from tests.support.processes import Slowdown

ENTRY: dict[str, Any] = {
    "title": "Approved",
    "markdown": "31 votes to **12**, says [the council](https://council.example.org/).\n\n| a |\n|---|\n| 1 |",
    "authors": [{"name": "Ann"}],
    "source": {"name": "Anadolu", "url": "https://www.aa.com.tr/"},
    "tags": ["tram"],
    "key": True,
    "breaking": True,
    "media": [{"type": "image", "url": "https://example.org/tram.jpg", "alt": "A tram", "width": 800, "height": 600}],
    "published_at": "2020-10-09T06:12:00Z",
    "event_at": "2020-10-09T06:00:00Z",
}


async def preview(editor: httpx.AsyncClient, blog: str, entry: str = "", **fields: Any) -> httpx.Response:
    return await editor.post(f"/api/blogs/{blog}/preview{entry and f'?entry={entry}'}", json=fields)


async def article(reader: httpx.AsyncClient, blog: str, entry: str, language: str = "en") -> str:
    answer = await reader.get(f"/blogs/{blog}/entries/{entry}?view=html&lang={language}")
    html: str = answer.json()["html"]
    return html


async def test_a_preview_is_the_article_that_readers_then_get(
    editor: httpx.AsyncClient, reader: httpx.AsyncClient, blog: str, post: Post
):
    await editor.patch(f"/api/blogs/{blog}", json={"language": "de"})
    shown = await preview(editor, blog, **ENTRY)
    assert shown.status_code == 200, shown.text
    published = await post(**ENTRY)
    html = shown.json()["html"].replace(NEW_ENTRY, published["id"])
    assert html == await article(reader, blog, published["id"], "de")
    assert (shown.json()["entry"]["status"], shown.json()["warnings"]) == ("published", [])


async def test_a_preview_of_an_edit_has_what_stays(
    editor: httpx.AsyncClient, reader: httpx.AsyncClient, blog: str, post: Post
):
    entry = (await post(**ENTRY))["id"]
    shown = (await preview(editor, blog, entry, title="Rejected", correction="It was rejected.")).json()
    address = f"/api/blogs/{blog}/entries/{entry}"
    assert (await editor.get(address)).json()["title"] == "Approved", "nothing is stored"
    edited = (await editor.patch(address, json={"title": "Rejected", "correction": "It was rejected."})).json()
    html = await article(reader, blog, entry)
    assert "31 votes" in html and "Rejected" in html
    for before, after in (
        (shown["entry"]["updated_at"], edited["updated_at"]),
        (shown["entry"]["corrections"][0]["at"], edited["corrections"][0]["at"]),
    ):
        html = html.replace(after, before)
        html = html.replace(after[:16].replace("T", " "), before[:16].replace("T", " "))
    assert shown["html"] == html


async def test_a_preview_leaves_nothing_behind(node: RunningNode, editor: httpx.AsyncClient, blog: str):
    async with node.editor(key=ADMIN_KEY) as admin:
        before = (await admin.get(f"/api/audit?blog={blog}")).json()
        for _ in range(3):
            assert (await preview(editor, blog, **ENTRY)).status_code == 200
        assert (await admin.get(f"/api/audit?blog={blog}")).json() == before
    assert (await editor.get(f"/api/blogs/{blog}/entries")).json()["entries"] == []


async def test_previews_do_not_count_as_writes(empty_node: Any):
    node = await empty_node(STOPPRESS_MAX_WRITES="2")
    await node.make_blog("live")
    async with node.editor() as editor:
        for _ in range(4):
            assert (await preview(editor, "live", markdown="x")).status_code == 200


async def test_what_cannot_be_previewed(editor: httpx.AsyncClient, blog: str, post: Post):
    retracted = (await post())["id"]
    await editor.delete(f"/api/blogs/{blog}/entries/{retracted}")
    for answer, status in (
        (await preview(editor, "nowhere", markdown="x"), 404),
        (await preview(editor, blog, NEW_ENTRY, markdown="x"), 404),
        (await preview(editor, blog, retracted, markdown="x"), 409),
        (await preview(editor, blog, markdown="x", html="y"), 422),
        (await preview(editor, blog, headline="x"), 422),
        (await editor.post(f"/api/blogs/{blog}/preview?id=1", json={}), 400),
    ):
        assert answer.status_code == status, answer.text
    empty = (await preview(editor, blog)).json()
    assert "<article" in empty["html"], "a form is empty before the first key"
    warned = (await preview(editor, blog, html="<p>x</p><script>y()</script>")).json()
    assert warned["warnings"] and "y()" not in warned["html"]


async def test_the_newest_request_of_a_sender_takes_the_turn():
    turns, done, gate = NewestOnly(), list[str](), asyncio.Event()

    async def work(name: str) -> str:
        await gate.wait()
        done.append(name)
        return name

    async def ask(sender: str, name: str) -> str:
        return await turns.run(sender, lambda: work(name))

    tasks = [asyncio.create_task(ask("ann", f"ann-{n}")) for n in range(4)]
    tasks += [asyncio.create_task(ask("bea", "bea-0"))]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    tasks[3].cancel()
    gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert done == ["ann-0", "bea-0"]
    assert [type(result) for result in results] == [str, HTTPError, HTTPError, asyncio.CancelledError, str]
    assert await ask("ann", "again") == "again"


async def test_a_bounded_number_of_senders_wait():
    turns, gate = NewestOnly(), asyncio.Event()
    tasks = [asyncio.create_task(turns.run(n, gate.wait)) for n in range(MAX_WAITING + 2)]
    with pytest.raises(HTTPError, match="too many previews"):
        await asyncio.wait_for(tasks[-1], 5)
    gate.set()
    assert await asyncio.gather(*tasks[:-1]) == [True] * (MAX_WAITING + 1)


async def test_a_usual_preview_takes_less_than_100_ms(editor: httpx.AsyncClient, blog: str, figure: Any):
    times, slowdown = [], Slowdown()
    for n in range(20):
        slowdown.sample()
        begun = time.perf_counter()
        assert (await preview(editor, blog, **ENTRY | {"title": str(n)})).status_code == 200
        times.append(time.perf_counter() - begun)
    median = sorted(times)[10]
    figure(f"a preview takes {1000 * median:.1f} ms in the median, {1000 * max(times):.1f} ms at the most, of 20")
    assert median < 0.1 * slowdown.factor
