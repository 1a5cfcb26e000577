"""What all readers' surfaces have in common, and what must be on none of them."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.support.event_stream import listening, upcoming
from tests.support.fixtures import Post
from tests.support.node import RunningNode

NOBODY = "0192a000-0000-7000-8000-000000000000"


async def test_a_page_of_another_origin_may_read_changes(reader: httpx.AsyncClient, blog: str):
    answer = await reader.get(f"/blogs/{blog}/changes", headers={"origin": "https://elsewhere.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-expose-headers"] == "ETag, Retry-After"


REFUSED = {
    **dict.fromkeys((f"/blogs/nowhere{one}" for one in ("/changes", "/events", "/entries", ".atom", "/nothing")), 404),
    f"/blogs/nowhere/entries/{NOBODY}": 404,
    "/blogs/nowhere/changes?since=x": 400,
    "/blogs/nowhere/live": 426,
}


@pytest.mark.parametrize("address", REFUSED)
async def test_a_page_of_another_origin_may_read_why_it_gets_nothing(reader: httpx.AsyncClient, address: str):
    answer = await reader.get(address, headers={"origin": "https://elsewhere.example"})
    assert (answer.status_code, answer.headers["content-type"]) == (REFUSED[address], "application/problem+json")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-expose-headers"] == "ETag, Retry-After"


@pytest.mark.parametrize("address", ["/api/blogs/nowhere", "/api/nothing", "/metrics/x"])
async def test_editors_have_one_origin(editor: httpx.AsyncClient, reader: httpx.AsyncClient, address: str):
    for client in (editor, reader):
        answer = await client.get(address, headers={"origin": "https://elsewhere.example"})
        assert answer.status_code in (401, 404)
        assert "access-control-allow-origin" not in answer.headers


WORD = "unmistakable"


async def everything(node: RunningNode, reader: httpx.AsyncClient, blog: str, entry: str, old: str) -> str:
    """What all readers' surfaces say about a blog and an entry of it, to newcomers and to a reader from before."""
    place = f"before=2030-01-01T00:00:00.000Z_{entry}"
    page = ["", f"?{place}", "/embed", "/embed?lang=de", ".atom", ".json", f"/entries/{entry}"]
    data = ["/changes", "/changes?since=0", f"/changes?since={old}", "/entries", f"/entries?{place}"]
    addresses = ["/", *(f"/blogs/{blog}{one}" for one in (*page, *data))]
    addresses += [f"{address}{'&' if '?' in address else '?'}view=html&lang=en" for address in addresses[-len(data) :]]
    asked = [
        {"accept": accept, "accept-encoding": coding}
        for accept in ("*/*", "text/html")
        for coding in ("gzip", "identity")
    ]
    texts = []
    for answer in await asyncio.gather(*(reader.get(one, headers=headers) for one in addresses for headers in asked)):
        assert answer.status_code in (200, 404), answer.text
        texts.append(answer.text)
    for since in (None, "0", old):
        async with listening(reader, blog, since=since) as events:
            texts.append((await upcoming(events))["data"])
        query = "" if since is None else f"?since={since}"
        async with connect(f"{node.websocket_url}/blogs/{blog}/live{query}") as line:
            texts.append(str(await line.recv()))
    return "\n".join(texts)


async def test_the_past_of_an_entry_is_on_no_surface(
    node: RunningNode, editor: httpx.AsyncClient, reader: httpx.AsyncClient, post: Post, blog: str
):
    entry = await post(title=f"{WORD} draft", markdown=WORD, status="draft")
    address, why = f"/api/blogs/{blog}/entries/{entry['id']}", {"stoppress-reason": WORD}
    await editor.patch(address, json={"title": f"{WORD} too"})
    await editor.patch(address, json={"title": "T", "markdown": "x", "status": "published"}, headers=why)
    assert (await editor.get(f"{address}/versions")).text.count(WORD) >= 4
    seen = await everything(node, reader, blog, entry["id"], entry["cursor"])
    for more in ("/versions", "/audit"):
        seen += (await reader.get(f"/blogs/{blog}/entries/{entry['id']}{more}")).text
    assert WORD not in seen
    assert "tests" not in seen, "the name of the key"


@pytest.mark.parametrize("status", ["draft", "scheduled"])
async def test_what_is_not_out_yet_is_on_no_surface(
    node: RunningNode, reader: httpx.AsyncClient, post: Post, blog: str, status: str
):
    old = (await post())["cursor"]
    at = {"publish_at": "2999-01-01T00:00:00Z"} if status == "scheduled" else {}
    hidden = await post(title=f"{WORD} title", markdown=WORD, status=status, **at)
    seen = await everything(node, reader, blog, hidden["id"], old)
    assert WORD not in seen
    assert f'"id":"{hidden["id"]}"' not in seen


async def test_what_is_for_editors_is_on_no_surface(
    node: RunningNode, editor: httpx.AsyncClient, reader: httpx.AsyncClient, post: Post, blog: str
):
    old = (await post())["cursor"]
    entry = await post(status="draft", remark=WORD)
    await editor.patch(f"/api/blogs/{blog}/entries/{entry['id']}", json={"status": "published", "remark": WORD})
    await editor.patch(
        f"/api/blogs/{blog}/entries/{entry['id']}", json={"expires_at": "2999-01-01T00:00:00Z", "key": True}
    )
    change = {"handover": f"{WORD} <b>{WORD}</b>", "summary": [entry["id"]]}
    header = await editor.patch(f"/api/blogs/{blog}", json=change)
    assert header.json()["handover"] == change["handover"]
    seen = await everything(node, reader, blog, entry["id"], old)
    for hidden in (WORD, "handover", "expires_at", "2999-01", "remark"):
        assert hidden not in seen
    assert '"summary":' in seen
    listed = (await editor.get("/api/blogs", params={"q": f"{blog.upper()} moscow", "limit": 500})).json()["blogs"]
    assert [one["handover"] for one in listed if one["blog"] == blog] == [change["handover"]]
    assert (await editor.get("/api/blogs", params={"q": "moscow nowhere"})).json()["blogs"] == []


async def test_a_retracted_body_is_on_no_surface(
    node: RunningNode, editor: httpx.AsyncClient, reader: httpx.AsyncClient, post: Post, blog: str
):
    old = (await post())["cursor"]
    entry = await post(
        title=f"{WORD} title",
        markdown=f"{WORD} body " * 100,
        tags=[WORD],
        authors=[{"name": WORD}],
        source={"name": WORD},
        media=[{"type": "image", "url": f"https://example.org/{WORD}.jpg", "caption": WORD}],
        pinned=True,
        correction=WORD,
    )
    await everything(node, reader, blog, entry["id"], old)  # so that whatever is cached is cached
    await editor.patch(f"/api/blogs/{blog}/entries/{entry['id']}", json={"title": f"{WORD} again"})
    assert (await everything(node, reader, blog, entry["id"], old)).count(f"{WORD} again") >= 70
    await editor.delete(f"/api/blogs/{blog}/entries/{entry['id']}")
    seen = await everything(node, reader, blog, entry["id"], old)
    seen += (await editor.get(f"/api/blogs/{blog}/entries")).text
    seen += (await editor.get(f"/api/blogs/{blog}/entries/{entry['id']}")).text
    assert WORD not in seen
    assert "retracted" in seen
