"""A message does the same as the request of the same action, and its errors have the same words."""

from __future__ import annotations

from typing import Any

import pytest

from stoppress.errors import BadInput
from stoppress.inbox.editor import InboxEditor
from stoppress.inbox.messages import InboxMessage, WaitingMessage
from stoppress.newsroom.entries import Entries
from stoppress.telemetry.counts import Counts
from stoppress.telemetry.tracing import Tracing
from stoppress.web.editors.write_limit import WriteLimit
from stoppress.web.editors.writes import MAX_BODY_BYTES
from stoppress.web.problems import HTTPError
from tests.conftest import StartNode
from tests.inbox.sender import Sender
from tests.support.clock import Clock
from tests.support.command import invoke
from tests.support.node import RunningNode

pytestmark = pytest.mark.redis

WAYS = ("stream", "channel")


async def entry_of(node: RunningNode, entry: str) -> dict[str, Any]:
    async with node.editor() as editor:
        return dict((await editor.get(f"/api/blogs/demo/entries/{entry}")).json())


@pytest.mark.parametrize("way", WAYS)
async def test_entries_are_published_edited_and_retracted(inbox_node: RunningNode, sender: Sender, way: str):
    made = await sender.by(way, blog="demo", body={"markdown": "31 *votes*", "pinned": True, "html": None})
    assert (made["status"], made["version"], made["replayed"], made["warnings"]) == (201, 1, False, [])
    shown = await entry_of(inbox_node, made["entry"])
    assert (shown["html"], shown["pinned"], shown["status"]) == ("<p>31 <em>votes</em></p>", True, "published")
    edited = await sender.by(way, blog="demo", action="edit", entry=made["entry"], version=1, body={"title": "Tram"})
    assert (edited["status"], edited["version"]) == (200, 2)
    lost = await sender.by(way, blog="demo", action="edit", entry=made["entry"], version=1, body={"title": "Bus"})
    assert (lost["status"], lost["version"], "entry" in lost) == (412, 2, False)
    gone = await sender.by(way, blog="demo", action="retract", entry=made["entry"], body={"note": "Too early."})
    assert (gone["status"], gone["version"]) == (200, 3)
    assert (await entry_of(inbox_node, made["entry"]))["note"] == "Too early."


@pytest.mark.parametrize("way", WAYS)
async def test_blogs_are_created_and_changed(inbox_node: RunningNode, sender: Sender, way: str):
    fields = {"blog": f"by-{way}", "action": "create_blog", "body": {"headline": "Tram"}}
    assert (await sender.by(way, **fields))["status"] == 201
    assert (await sender.by(way, **fields))["status"] == 412
    changed = await sender.by(way, blog=f"by-{way}", action="edit_blog", body={"status": "ended"})
    assert (changed["status"], changed["version"]) == (200, 2)
    draft = await sender.by(way, blog=f"by-{way}", body={"status": "draft"})
    removed = await sender.by(way, blog=f"by-{way}", action="retract", entry=draft["entry"])
    assert removed["status"] == 204


@pytest.mark.parametrize("way", WAYS)
async def test_a_message_and_the_same_request_are_one(inbox_node: RunningNode, sender: Sender, way: str):
    body = '{"markdown": "once"}'
    async with inbox_node.editor() as editor:
        headers = {"idempotency-key": "k", "content-type": "application/json"}
        posted = await editor.post("/api/blogs/demo/entries", content=body, headers=headers)
        sent: Any = body if way == "stream" else {"markdown": "once"}
        answer = await sender.by(way, id="k", blog="demo", body=sent)
        assert (answer["status"], answer["entry"], answer["replayed"]) == (201, posted.json()["id"], True)
        assert len((await editor.get("/api/blogs/demo/entries")).json()["entries"]) == 1
        other = await sender.by(way, id="k", blog="demo", body={"markdown": "another"})
        assert (other["status"], other["id"]) == (409, "k")


WRONG: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("POST", "/demo/entries", {"titel": "x"}, {}),
    ("POST", "/demo/entries", {"markdown": 5}, {}),
    ("POST", "/demo/entries", {}, {}),
    ("POST", "/nothing/entries", {"title": "x"}, {"blog": "nothing"}),
    ("PATCH", "/demo/entries/x", {"title": "x"}, {"action": "edit", "entry": "x"}),
    ("DELETE", "/demo/entries/x", {"note": "x" * 5_001}, {"action": "retract", "entry": "x"}),
    ("PUT", "/-x", {}, {"action": "create_blog", "blog": "-x"}),
    ("PATCH", "/demo", {"timezone": "Mars/Base"}, {"action": "edit_blog"}),
    ("POST", "/demo/entries", {"title": "x", "text": "y" * MAX_BODY_BYTES}, {}),
]


@pytest.mark.parametrize("way", WAYS)
async def test_errors_are_the_problem_documents_of_requests(inbox_node: RunningNode, sender: Sender, way: str):
    async with inbox_node.editor() as editor:
        for method, path, body, fields in WRONG:
            expected = await editor.request(method, f"/api/blogs{path}", json=body)
            assert expected.status_code >= 400
            answer = await sender.by(way, **{"blog": "demo", "body": body, **fields})
            assert {name: value for name, value in answer.items() if name != "id"} == expected.json()
    assert (await inbox_node.samples())["stoppress_inbox_messages_total", "rejected", way] == len(WRONG)


async def test_a_node_without_the_setting_reads_nothing(start_node: StartNode, redis_server, sender: Sender):
    node = await start_node(redis_server.url)
    await node.make_blog()
    assert await sender.publish({"id": "a", "blog": "demo", "body": {"title": "x"}}) == 0
    await sender.add(blog="demo", body={"title": "x"})
    assert await sender.redis.xinfo_groups("stoppress:{-inbox}:messages") == []


def test_a_store_without_redis_has_no_messages(tmp_path):
    error = invoke("serve", "--port", "0", "--inbox", "cms", "--store", f"sqlite:{tmp_path / 'blogs.db'}").error
    assert error == "--inbox reads messages from Redis, but the store is a file; name a Redis with --store"


def make_editor(per_minute: int, clock: Clock) -> InboxEditor:
    limit = WriteLimit(per_minute, Counts(), clock)
    entries = Entries(None, None, None)  # type: ignore[arg-type]
    return InboxEditor("cms", None, entries, limit, Counts(), Tracing())  # type: ignore[arg-type]


def waiting(**fields: bytes) -> WaitingMessage:
    return WaitingMessage(b"1-0", {name.encode(): value for name, value in fields.items()})


async def test_the_limit_of_writes_makes_the_stream_wait(monkeypatch):
    clock, slept = Clock(), []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.now += seconds

    monkeypatch.setattr("stoppress.inbox.editor.asyncio.sleep", sleep)
    editor = make_editor(2, clock)
    for _ in range(3):
        await editor.wait_for_limit()
    assert slept == [30]


async def test_a_bug_is_answered_and_says_nothing_about_itself(monkeypatch, caplog):
    def read(_message: WaitingMessage) -> InboxMessage:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(WaitingMessage, "read", read)
    reply = await make_editor(0, Clock()).reply_to(waiting())
    assert (reply.status, reply.document["detail"]) == (500, "Internal server error; see the server log.")
    assert "inbox_message_failed" in caplog.text


async def test_the_log_has_no_bodies(caplog):
    caplog.set_level("INFO")
    message = waiting(channel=b'{"id":"a","blog":"demo","body":{"markdown":"a secret","x":1}}')
    await make_editor(0, Clock()).reply_to(message)
    (record,) = [one for one in caplog.records if one.message == "inbox_message"]
    seen = vars(record)
    assert (seen["way"], seen["status"], seen["blog"], seen["key"]) == ("channel", 422, "demo", "cms")
    assert "secret" not in str(seen)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"{}", "needs the field `blog`"),
        (b'{"blog":"demo"}', "`id` is missing"),
        (b'{"blog":"demo","id":"a\\n"}', "printable ASCII"),
        (b'{"blog":"demo","id":"a","action":"edit"}', "edit needs `entry`"),
        (b'{"blog":"demo","id":"a","entry":"x"}', "publish takes no `entry`"),
        (b'{"blog":"demo","id":"a","action":"delete"}', '`action` must be .*publish or retract; got "delete"'),
        (b'{"blog":"demo","id":"a","version":0}', "`version` must be a whole number from 1 to "),
        (b'{"blog":"demo","id":"a","header":{}}', "Unknown field `header`. Allowed fields: blog, action, entry, "),
        (b"[]", "The message must be an object"),
    ],
)
def test_a_wrong_message_is_explained(data: bytes, words: str):
    with pytest.raises(BadInput, match=words):
        InboxMessage.from_json(data)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\xff", 400),
        (b"{", 400),
        (b'{"body":' + b"[" * 100_000, 400),
        (b'{"blog":"demo","id":"' + b"a" * 5_000 + b'"}', 413),
        (b'{"blog":"demo","id":"a","body":"' + b"a" * MAX_BODY_BYTES + b'"}', 413),
        (b"[" * 10_000_000, 413),
    ],
)
def test_what_is_no_message_is_rejected(data: bytes, status: int):
    with pytest.raises(HTTPError) as rejection:
        InboxMessage.from_json(data)
    assert rejection.value.status == status


def test_a_message_on_the_stream_may_have_any_bytes():
    with pytest.raises(BadInput, match="Unknown field"):
        InboxMessage.from_fields("1-0", {b"\xff": b"\xff"})
    with pytest.raises(HTTPError, match="fields of the message other than `body` have more than 4096 bytes"):
        InboxMessage.from_fields("1-0", {b"blog": b"x" * 5_000})
    message = InboxMessage.from_fields("1-0", {b"blog": b"demo", b"id": b"", b"version": b"3", b"body": b""})
    assert (message.id, message.version, bytes(message.body)) == ("1-0", 3, b"{}")


@pytest.mark.parametrize(
    ("message", "message_id", "blog"),
    [
        (waiting(blog=b"demo", id=b"a"), "a", "demo"),
        (waiting(), "1-0", ""),
        (waiting(id=b"\xff" * 300), "\ufffd" * 255, ""),
        (waiting(channel=b'{"id":"a","blog":"demo","x":1}'), "a", "demo"),
        (waiting(channel=b'{"id":5}'), None, None),
        (waiting(channel=b"{"), None, None),
        (waiting(channel=b"{}"), None, None),
    ],
)
def test_a_malformed_message_has_an_answer_with_its_id(message: WaitingMessage, message_id: str | None, blog: object):
    assert (message.id, message.blog) == (message_id, blog)
