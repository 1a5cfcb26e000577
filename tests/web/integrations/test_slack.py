"""Messages of Slack, sent by a local fake of it to a real node."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import StartNode
from tests.support.command import invoke
from tests.support.node import RunningNode
from tests.support.slack import CHANNEL, SECRET, USER, FakeSlack

ENTRIES = "/api/blogs/demo/entries"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("slack") / "slack.json"
    content = {"signing_secret": SECRET, "channels": {CHANNEL: "demo", "C0NOBLOG0": "nowhere"}, "users": {USER: "Ann"}}
    file.write_text(json.dumps(content))
    return str(file)


@pytest.fixture
async def node(empty_node: StartNode, config: str) -> RunningNode:
    node = await empty_node(STOPPRESS_SLACK_FILE=config)
    await node.make_blog()
    return node


@pytest.fixture
async def slack(node: RunningNode) -> AsyncIterator[FakeSlack]:
    async with FakeSlack(node) as slack:
        yield slack


@pytest.fixture
async def editor(node: RunningNode) -> AsyncIterator[httpx.AsyncClient]:
    async with node.editor() as editor:
        yield editor


async def drafts(editor: httpx.AsyncClient) -> list[dict[str, Any]]:
    return list((await editor.get(ENTRIES)).json()["entries"])


async def outcome(answer: Any) -> str:
    response = await answer
    assert response.status_code == 200, response.text
    return str(response.json()["outcome"])


async def test_the_address_is_verified(slack: FakeSlack):
    answer = await slack.send({"token": "x", "challenge": "3eZbrw1aB", "type": "url_verification"})
    assert (answer.status_code, answer.text) == (200, "3eZbrw1aB")


async def test_a_message_becomes_a_submitted_draft(slack: FakeSlack, editor: httpx.AsyncClient):
    began = time.monotonic()
    assert await outcome(slack.event(slack.message("The *council* votes at <https://x.example/a|nine>"))) == "created"
    assert time.monotonic() - began < 3
    (draft,) = await drafts(editor)
    assert (draft["status"], draft["submitted"], draft["created_by"]) == ("draft", True, f"slack:{USER}")
    assert draft["authors"] == [{"name": "Ann"}]
    assert draft["markdown"] == "The **council** votes at [nine](<https://x.example/a>)"
    assert "<strong>council</strong>" in draft["html"] and 'href="https://x.example/a"' in draft["html"]


async def test_edits_and_deletions_follow_until_an_editor_has_the_draft(slack: FakeSlack, editor: httpx.AsyncClient):
    message, other = slack.message("one"), slack.message("other")
    await slack.event(message)
    await slack.event(other)
    assert await outcome(slack.event(slack.edit(message, "two"))) == "changed"
    first = next(one for one in await drafts(editor) if one["markdown"] == "two")
    assert first["submitted"] is True
    await editor.patch(f"{ENTRIES}/{first['id']}", json={"status": "published"})
    assert await outcome(slack.event(slack.edit(message, "three"))) == "ignored"
    assert await outcome(slack.event(slack.deletion(message))) == "ignored"
    assert (await editor.get(f"{ENTRIES}/{first['id']}")).json()["markdown"] == "two"
    assert await outcome(slack.event(slack.deletion(other))) == "removed"
    assert [one["status"] for one in await drafts(editor)] == ["published"]


async def test_the_work_of_an_editor_is_not_overwritten(slack: FakeSlack, editor: httpx.AsyncClient):
    message = slack.message("one")
    await slack.event(message)
    (draft,) = await drafts(editor)
    await editor.patch(f"{ENTRIES}/{draft['id']}", json={"markdown": "one, checked"})
    assert await outcome(slack.event(slack.edit(message, "two"))) == "ignored"
    assert await outcome(slack.event(slack.deletion(message))) == "ignored"
    assert (await drafts(editor))[0]["markdown"] == "one, checked"


async def test_retries_make_no_duplicates(slack: FakeSlack, editor: httpx.AsyncClient):
    event = slack.callback(slack.message("once"))
    answers = await asyncio.gather(*(slack.send(event, at=time.time() - one, retry=one) for one in range(1, 4)))
    assert [answer.status_code for answer in answers] == [200] * 3
    assert {answer.json()["outcome"] for answer in answers} <= {"created", "repeated"}
    assert (await slack.send(event, retry=3)).status_code == 200
    assert len(await drafts(editor)) == 1


async def test_a_removed_draft_does_not_come_back_with_a_retry_or_an_edit(slack: FakeSlack, editor: httpx.AsyncClient):
    message = slack.message("gone")
    await slack.event(message)
    (draft,) = await drafts(editor)
    assert (await editor.delete(f"{ENTRIES}/{draft['id']}")).status_code == 204
    await slack.event(message, retry=1)
    await slack.event(slack.edit(message, "back"))
    assert await drafts(editor) == []


async def test_events_in_the_wrong_order_end_well(slack: FakeSlack, editor: httpx.AsyncClient):
    edited, deleted = slack.message("old"), slack.message("deleted")
    assert await outcome(slack.event(slack.edit(edited, "new"))) == "created"
    assert await outcome(slack.event(edited)) == "repeated"
    assert await outcome(slack.event(slack.deletion(deleted))) == "ignored"
    assert await outcome(slack.event(deleted)) == "ignored"
    assert [one["markdown"] for one in await drafts(editor)] == ["new"]


@pytest.mark.parametrize(
    "fields",
    [
        {"bot_id": "B1"},
        {"subtype": "bot_message"},
        {"subtype": "channel_join"},
        {"thread_ts": "1.0"},
        {"channel": "C0UNKNOWN"},
        {"channel": "C0NOBLOG0"},
        {"text": "  "},
        {"type": "reaction_added"},
        {"ts": ""},
    ],
    ids=str,
)
async def test_other_events_are_answered_and_ignored(
    slack: FakeSlack, editor: httpx.AsyncClient, fields: dict[str, str]
):
    assert await outcome(slack.event(slack.message("x") | fields)) == "ignored"
    assert await drafts(editor) == []


async def test_names_come_from_the_file_from_slack_or_from_the_id(slack: FakeSlack, editor: httpx.AsyncClient):
    await slack.event(slack.message("a"))
    await slack.event(slack.message("b", user="U2", user_profile={"display_name": "Bo", "real_name": "Bo Dahl"}))
    await slack.event(slack.message("c", user="U3"))
    names = {one["markdown"]: one["authors"][0]["name"] for one in await drafts(editor)}
    assert names == {"a": "Ann", "b": "Bo", "c": "U3"}


async def test_a_wrong_signature_an_old_one_and_a_replay_are_refused(slack: FakeSlack, editor: httpx.AsyncClient):
    event = slack.callback(slack.message("x"))
    now = time.time()
    assert (await slack.send(event, secret="another-secret-of-somebody")).status_code == 401
    for age in (310, 3600, -400):
        refused = await slack.send(event, at=now - age)
        assert refused.status_code == 401 and "5 minutes" in refused.json()["detail"]
    assert await drafts(editor) == []
    assert (await slack.send(event, at=now)).status_code == 200
    replayed = await slack.send(event, at=now)
    assert replayed.status_code == 401 and "sent before" in replayed.json()["detail"]
    assert len(await drafts(editor)) == 1


async def test_requests_without_a_signature_and_broken_bodies_are_refused(slack: FakeSlack, node: RunningNode):
    async with httpx.AsyncClient(base_url=node.url, trust_env=False) as client:
        for headers in ({}, {"x-slack-signature": "v0=", "x-slack-request-timestamp": "1"}, {"x-slack-signature": "é"}):
            encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
            assert (await client.post("/api/intake/slack", content=b"{}", headers=encoded)).status_code == 401
        large = await client.post("/api/intake/slack", content=b"x" * 300_000)
        assert large.status_code == 413
    assert (await slack.send([1])).status_code == 400
    assert (await slack.send("x")).status_code == 400


async def test_without_a_configuration_there_is_nothing(empty_node: StartNode):
    node = await empty_node()
    async with FakeSlack(node) as slack:
        assert (await slack.event(slack.message("x"))).status_code == 404


async def test_html_in_a_message_is_text(slack: FakeSlack, editor: httpx.AsyncClient):
    await slack.event(slack.message("&lt;script&gt;x()&lt;/script&gt; &lt;img src=x onerror=x()&gt;"))
    (draft,) = await drafts(editor)
    assert "<script" not in draft["html"] and "<img" not in draft["html"]
    assert draft["text"] == "<script>x()</script> <img src=x onerror=x()>"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is not as docs/howto/slack.md"),
        ('{"signing_secret": "8f742231b10e8888abcd99e000000000"}', "channels"),
        ('{"signing_secret": "short", "channels": {"C1": "a"}}', "signing_secret"),
    ],
)
def test_a_wrong_configuration_stops_the_start(tmp_path: Path, content: str, words: str):
    file = tmp_path / "slack.json"
    file.write_text(content)
    result = invoke("serve", "--store", f"sqlite:{tmp_path / 'x.db'}", "--slack-file", str(file))
    assert result.code == 2 and words in result.error
