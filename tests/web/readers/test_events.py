"""The surface `events`: a stream of server-sent events."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from tests.support.cursors import UNKNOWN_CURSORS
from tests.support.event_stream import listening, upcoming
from tests.support.fixtures import Post


async def test_a_stream_is_a_reset_and_then_what_happens(reader: httpx.AsyncClient, post: Post, blog: str):
    first = await post(markdown="one")
    async with listening(reader, blog) as events:
        reset = await upcoming(events)
        second = await post(markdown="two")
        update = await upcoming(events)
    assert (reset.json()["from"], reset["id"], reset.json()["cursor"]) == (None, first["cursor"], first["cursor"])
    assert (update.json()["from"], update["id"]) == (first["cursor"], second["cursor"])
    assert [entry["text"] for entry in update.json()["entries"]] == ["two"]


async def test_a_stream_begins_where_since_says_as_changes_do(reader: httpx.AsyncClient, post: Post, blog: str):
    since = (await post(markdown="one"))["cursor"]
    await post(markdown="two")
    async with listening(reader, blog, since=since) as events:
        update = (await upcoming(events)).json()
    assert (update["from"], [entry["text"] for entry in update["entries"]]) == (since, ["two"])
    assert update == (await reader.get(f"/blogs/{blog}/changes", params={"since": since})).json()


async def test_last_event_id_wins_over_since(reader: httpx.AsyncClient, post: Post, blog: str):
    since, last = (await post())["cursor"], (await post())["cursor"]
    await post()
    async with listening(reader, blog, since=since, last=last) as events:
        assert (await upcoming(events)).json()["from"] == last


@pytest.mark.parametrize("cursor", UNKNOWN_CURSORS)
async def test_a_stream_from_an_unknown_cursor_begins_with_a_reset(reader: httpx.AsyncClient, blog: str, cursor: str):
    async with listening(reader, blog, last=cursor) as events:
        assert (await upcoming(events)).json()["from"] is None


@pytest.mark.parametrize("how", [{"headers": {"last-event-id": "x"}}, {"params": {"lastEventId": "x", "since": "0"}}])
async def test_a_malformed_last_event_id_is_refused_by_its_name(reader: httpx.AsyncClient, blog: str, how: Any):
    answer = await reader.get(f"/blogs/{blog}/events", **how)
    assert (answer.status_code, answer.json()["field"]) == (400, "Last-Event-ID")


async def test_a_silent_stream_beats_with_the_cursor_but_no_id(reader: httpx.AsyncClient, post: Post, blog: str):
    cursor = (await post())["cursor"]
    async with listening(reader, blog) as events:
        beats = [await upcoming(events, "beat") for _ in range(2)]
    assert [beat.json() for beat in beats] == [{"type": "beat", "cursor": cursor}] * 2
    assert all("id" not in beat for beat in beats)


async def test_a_stream_ends_when_the_blog_is_deleted(editor: httpx.AsyncClient, reader: httpx.AsyncClient, blog: str):
    async with listening(reader, blog) as events:
        await upcoming(events)
        await editor.delete(f"/api/blogs/{blog}")
        async with asyncio.timeout(30):
            assert [event async for event in events if event["event"] != "beat"] == []


async def test_head_of_a_stream_ends_at_once(reader: httpx.AsyncClient, blog: str):
    async with asyncio.timeout(30):
        answer = await reader.head(f"/blogs/{blog}/events")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
