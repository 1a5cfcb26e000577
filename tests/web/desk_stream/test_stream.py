"""The stream of an open desk, over a real node."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.support.desk import DeskView, open_desk
from tests.support.event_stream import listening, upcoming
from tests.support.fixtures import Post
from tests.support.node import ADMIN_KEY, RunningNode, until_received
from tests.support.people import make_person, sign_in


async def draft(editor: httpx.AsyncClient, blog: str, text: str = "A **draft**", **fields: Any) -> dict[str, Any]:
    answer = await editor.post(f"/api/blogs/{blog}/entries", json={"markdown": text, "status": "draft", **fields})
    assert answer.status_code == 201, answer.text
    entry: dict[str, Any] = answer.json()
    return entry


async def key_of(node: RunningNode, name: str, role: str) -> httpx.AsyncClient:
    async with node.editor(key=ADMIN_KEY) as admin:
        made = await admin.post("/api/keys", json={"name": name, "role": role, "blogs": ["*"]})
        assert made.status_code == 201, made.text
        return node.editor(key=made.json()["secret"])


def shows(entry_id: str, **fields: Any) -> Any:
    """Return a question whether a desk shows an entry with these fields."""

    def ask(view: DeskView) -> bool:
        entry = view.entries.get(entry_id, {}).get("entry", {})
        return bool(entry) and all(entry.get(name) == value for name, value in fields.items())

    return ask


async def test_a_desk_begins_with_drafts_scheduled_and_published_entries(
    editor: httpx.AsyncClient, blog: str, post: Post
):
    later = {"status": "scheduled", "publish_at": "2099-01-01T00:00:00Z"}
    made = [await post(title="Out"), await draft(editor, blog), await draft(editor, blog, "Later", **later)]
    async with open_desk(editor, blog) as desk:
        assert desk.kinds == ["snapshot"]
        assert set(desk.entries) == {entry["id"] for entry in made}
        assert desk.header["headline"] == "Talks in Moscow"
        written = desk.entries[made[1]["id"]]
        assert (written["entry"]["markdown"], written["version"]) == ("A **draft**", 1)
        assert "<strong>draft</strong>" in written["html"] and f'id="entry-{made[1]["id"]}"' in written["html"]


async def test_a_desk_sees_every_change_of_every_entry(editor: httpx.AsyncClient, blog: str):
    entries = f"/api/blogs/{blog}/entries"
    async with open_desk(editor, blog) as desk:
        entry_id = (await draft(editor, blog))["id"]
        await desk.until(shows(entry_id, status="draft"))
        await editor.patch(f"{entries}/{entry_id}", json={"submitted": True})
        await desk.until(shows(entry_id, submitted=True))
        await editor.patch(f"{entries}/{entry_id}", json={"status": "published"})
        await desk.until(shows(entry_id, status="published"))
        await editor.patch(f"{entries}/{entry_id}", json={"markdown": "Better"})
        await desk.until(shows(entry_id, text="Better"))
        await editor.patch(f"/api/blogs/{blog}", json={"headline": "New"})
        await desk.until(lambda desk: desk.header["headline"] == "New")
        await editor.delete(f"{entries}/{entry_id}")
        await desk.until(shows(entry_id, status="retracted"))
        assert "Better" not in str(desk.entries)
        removed = (await draft(editor, blog))["id"]
        await desk.until(shows(removed))
        await editor.delete(f"{entries}/{removed}")
        await desk.until(lambda desk: removed not in desk.entries)
        assert desk.kinds[-1] == "gone"
        assert desk.kinds.count("snapshot") == 1


async def test_markup_is_in_the_language_of_the_blog(editor: httpx.AsyncClient, blog: str):
    async with open_desk(editor, blog) as desk:
        entry_id = (await draft(editor, blog, authors=[{"name": "Ann"}]))["id"]
        english = await desk.until(lambda desk: desk.entries.get(entry_id))
        await editor.patch(f"/api/blogs/{blog}", json={"language": "de"})
        await desk.until(lambda desk: desk.kinds[-1] == "snapshot")
        assert desk.entries[entry_id]["html"] != english["html"]
        assert "Von " in desk.entries[entry_id]["html"]


async def test_a_contributor_sees_only_drafts_of_its_own(node: RunningNode, editor: httpx.AsyncClient, blog: str):
    async with await key_of(node, f"carl-{blog}", "contributor") as carl, open_desk(carl, blog) as desk:
        secret, own = (await draft(editor, blog, "secret"))["id"], (await draft(carl, blog, "mine"))["id"]
        await desk.until(shows(own))
        await editor.delete(f"/api/blogs/{blog}/entries/{secret}")
        await editor.patch(f"/api/blogs/{blog}/entries/{own}", json={"status": "published"})
        await desk.until(shows(own, status="published"))
        assert secret not in str(desk.entries) and "gone" not in desk.kinds
        other = await draft(editor, blog, "another secret")
        async with open_desk(carl, blog) as second:
            assert set(second.entries) == {own} and other["id"] not in str(second.entries)


@pytest.mark.parametrize("how", ["key", "session", "role", "blog"])
async def test_a_desk_closes_when_its_right_is_taken_away(
    node: RunningNode, editor: httpx.AsyncClient, blog: str, how: str
):
    name = f"rose-{how}-{blog}"
    async with node.editor(key=ADMIN_KEY) as admin:
        if how == "key":
            rose = await key_of(node, name, "editor")
        else:
            await make_person(node, name)
            rose = await sign_in(node, name)
        async with rose, open_desk(rose, blog) as desk:
            began = time.monotonic()
            if how == "blog":
                await admin.delete(f"/api/blogs/{blog}")
            elif how == "role":
                await admin.put(f"/api/people/{name}", json={"role": "reader"})
            else:
                await admin.delete(f"/api/keys/{name}" if how == "key" else f"/api/people/{name}")
            closed = await desk.until_closed()
    assert closed is not None and closed["code"] == {"blog": 4404, "role": 4403}.get(how, 4401)
    assert time.monotonic() - began < 5


async def test_a_person_that_becomes_a_contributor_sees_no_drafts_of_others_any_more(
    node: RunningNode, editor: httpx.AsyncClient, blog: str
):
    name = f"paul-{blog}"
    await make_person(node, name)
    secret = (await draft(editor, blog))["id"]
    async with await sign_in(node, name) as paul, open_desk(paul, blog) as desk, node.editor(key=ADMIN_KEY) as admin:
        assert secret in desk.entries
        await admin.put(f"/api/people/{name}", json={"role": "contributor"})
        await desk.until(lambda desk: secret not in desk.entries)


async def test_programs_get_a_snapshot_in_json(editor: httpx.AsyncClient, blog: str, post: Post):
    entry = await post(title="Out")
    answer = await editor.get(f"/api/blogs/{blog}/desk")
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("application/json", "no-store")
    assert [one["entry"]["id"] for one in answer.json()["entries"]] == [entry["id"]]
    assert "older" not in answer.json()
    assert (await editor.get("/api/blogs/nothing/desk")).status_code == 404
    assert (await editor.head(f"/api/blogs/{blog}/desk")).status_code == 200


async def test_a_desk_begins_with_the_newest_entries_and_says_where_the_others_are(
    editor: httpx.AsyncClient, blog: str, post: Post
):
    made = [(await post(title=str(number)))["id"] for number in range(52)]
    snapshot = (await editor.get(f"/api/blogs/{blog}/desk")).json()
    assert {one["entry"]["id"] for one in snapshot["entries"]} == set(made[2:])
    older = (await editor.get(snapshot["older"])).json()
    assert [entry["id"] for entry in older["entries"]] == [made[1], made[0]]


async def test_a_private_blog_is_open_to_its_editors(node: RunningNode):
    async with node.editor(key=ADMIN_KEY) as admin:
        await node.make_blog("closed-desk")
        assert (await admin.patch("/api/blogs/closed-desk", json={"access": "token"})).status_code == 200
        async with open_desk(admin, "closed-desk") as desk:
            assert desk.header["access"] == "token"


async def test_one_identity_may_not_open_any_number_of_desks(node: RunningNode, editor: httpx.AsyncClient, blog: str):
    streams = [
        editor.stream("GET", f"/api/blogs/{blog}/desk", headers={"accept": "text/event-stream"}) for _ in range(31)
    ]
    answers = [await stream.__aenter__() for stream in streams]
    try:
        assert [answer.status_code for answer in answers] == [200] * 30 + [409]
        assert "30 open desks" in (await answers[-1].aread()).decode()
        async with node.editor(key=ADMIN_KEY) as other, open_desk(other, blog) as desk:
            assert desk.kinds == ["snapshot"]
    finally:
        for stream in streams:
            await stream.__aexit__(None, None, None)


async def test_a_stopping_node_sends_desks_away(start_node, tmp_path):
    node = await start_node(STOPPRESS_DRAIN="1")
    await node.make_blog("demo")
    async with node.editor() as editor, open_desk(editor, "demo") as desk:
        stopping = asyncio.create_task(node.stop())
        await desk.until_closed()
        assert "retry" in desk.kinds
        assert await stopping == 0


async def test_a_desk_shows_readers_and_who_has_got_an_entry(
    node: RunningNode, editor: httpx.AsyncClient, blog: str, post: Post
):
    async with (
        connect(f"{node.websocket_url}/blogs/{blog}/live", compression=None) as silent,
        connect(f"{node.websocket_url}/blogs/{blog}/live") as answering,
        httpx.AsyncClient(base_url=node.url, trust_env=False, timeout=60) as reader,
        listening(reader, blog) as events,
        open_desk(editor, blog) as desk,
    ):
        assert (await upcoming(events)).json()["cursor"]
        await desk.until(lambda desk: desk.readers and desk.readers["total"] == 3)
        assert {name: desk.readers["nodes"][0][name] for name in ("websocket", "events", "changes")} == {
            "websocket": 2,
            "events": 1,
            "changes": 0,
        }
        assert len(desk.readers["hour"]) == 60
        async with asyncio.timeout(30):
            for line in (silent, answering):
                while json.loads(await line.recv()) != {"type": "sample", "answer": True}:
                    pass
        entry = await post(title="Out")
        await until_received(answering, entry["cursor"])
        await answering.send(json.dumps({"painted": entry["cursor"]}))
        await desk.until(lambda desk: (desk.delivery.get(entry["id"]) or {}).get("p95_ms"))
        shown = desk.delivery[entry["id"]]
        assert (shown["version"], shown["cursor"], shown["readers"], shown["received"]) == (1, entry["cursor"], 3, 3)
        async with open_desk(editor, blog) as second:
            assert second.delivery[entry["id"]] == shown
    async with asyncio.timeout(30), connect(f"{node.websocket_url}/blogs/{blog}/live") as later:
        await later.send("x" * 100)  # nobody asks any longer, and other messages do no harm
        await (await later.ping())
