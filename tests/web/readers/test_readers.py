"""The readers' surfaces over plain HTTP: changes, events, older pages, one entry; and what must be on none of them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from stoppress import settings
from stoppress.process.node import Node
from stoppress.web.readers import changes
from tests.conftest import StartNode
from tests.support.node import RunningNode, sqlite_url
from tests.support.page import Document

NOBODY = "0192a000-0000-7000-8000-000000000000"

UNKNOWN_CURSORS = ["1-aaaaaaaaaaaaa", "999-aaaaaaaaaaaaa", "999999999999999-Zz9"]

MALFORMED_CURSORS = ["", "1", "-", "0-a", "x-y", "1-", "-a", "01-a", "1-ä", "1-a b", "1_a", "1-" + "a" * 33, "\u0661-a"]

Post = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def post(editor: httpx.AsyncClient, blog: str) -> Post:
    """Publishes an entry; its answer is the entry with its cursor."""

    async def post(**entry: Any) -> dict[str, Any]:
        answer = await editor.post(f"/api/blogs/{blog}/entries", json={"markdown": "x"} | entry)
        assert answer.status_code == 201, answer.text
        return {**answer.json(), "cursor": answer.headers["stoppress-cursor"]}

    return post


# Changes


async def test_without_a_cursor_changes_are_a_reset(reader: httpx.AsyncClient, post: Post, blog: str):
    entry = await post(markdown="Talks begin.")
    answer = await reader.get(f"/blogs/{blog}/changes")
    update = answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert {name: update[name] for name in ("type", "blog", "from", "cursor")} == {
        "type": "update",
        "blog": blog,
        "from": None,
        "cursor": entry["cursor"],
    }
    assert update["header"] == {"blog": blog, "seq": 1, "headline": "Talks in Moscow", "status": "live"}
    assert [one["text"] for one in update["entries"]] == ["Talks begin."]
    assert not update.keys() & {"more", "older"}


async def test_since_zero_is_the_whole_blog_as_an_increment(reader: httpx.AsyncClient, post: Post, blog: str):
    ids = [(await post())["id"] for _ in range(60)]
    update = (await reader.get(f"/blogs/{blog}/changes", params={"since": "0"})).json()
    assert update["from"] == "0"
    assert [entry["id"] for entry in update["entries"]] == ids


async def test_a_reset_has_the_newest_entries_and_leads_to_the_others(reader: httpx.AsyncClient, post: Post, blog: str):
    ids = [(await post())["id"] for _ in range(60)]
    update = (await reader.get(f"/blogs/{blog}/changes")).json()
    assert [entry["id"] for entry in update["entries"]] == ids[10:]
    older = (await reader.get(update["older"])).json()
    assert [entry["id"] for entry in older["entries"]] == ids[9::-1]


async def test_changes_since_a_cursor_are_what_differs_each_item_once(
    editor: httpx.AsyncClient, reader: httpx.AsyncClient, post: Post, blog: str
):
    entry = await post()
    for number in range(3):
        await editor.patch(f"/api/blogs/{blog}/entries/{entry['id']}", json={"title": str(number)})
        await editor.patch(f"/api/blogs/{blog}", json={"headline": str(number)})
    update = (await reader.get(f"/blogs/{blog}/changes", params={"since": entry["cursor"]})).json()
    assert (update["from"], update["header"]["headline"]) == (entry["cursor"], "2")
    assert [(one["title"], one["version"]) for one in update["entries"]] == [("2", 4)]


async def test_an_update_without_a_changed_header_has_none(reader: httpx.AsyncClient, post: Post, blog: str):
    before = (await post())["cursor"]
    await post()
    assert "header" not in (await reader.get(f"/blogs/{blog}/changes", params={"since": before})).json()


@pytest.mark.parametrize("cursor", UNKNOWN_CURSORS)
async def test_an_unknown_cursor_is_answered_by_a_reset(reader: httpx.AsyncClient, post: Post, blog: str, cursor: str):
    await post()
    update = (await reader.get(f"/blogs/{blog}/changes", params={"since": cursor})).json()
    assert (update["from"], len(update["entries"])) == (None, 1)


@pytest.mark.parametrize("cursor", MALFORMED_CURSORS)
async def test_a_malformed_cursor_is_refused(reader: httpx.AsyncClient, blog: str, cursor: str):
    answer = await reader.get(f"/blogs/{blog}/changes", params={"since": cursor})
    assert (answer.status_code, answer.json()["field"]) == (400, "since")


async def test_changes_have_a_strong_etag_of_the_cursor_and_may_be_cached(
    reader: httpx.AsyncClient, post: Post, blog: str
):
    cursor = (await post())["cursor"]
    answer = await reader.get(f"/blogs/{blog}/changes")
    assert answer.headers["etag"] == f'"{cursor}"'
    assert answer.headers["cache-control"] == "public, max-age=1"


@pytest.mark.parametrize("form", ['"{}"', '"x", "{}"', 'W/"{}"'])
async def test_changes_that_are_known_are_not_sent_again(reader: httpx.AsyncClient, post: Post, blog: str, form: str):
    cursor = (await post())["cursor"]
    answer = await reader.get(f"/blogs/{blog}/changes", headers={"if-none-match": form.format(cursor)})
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", f'"{cursor}"')


async def test_changes_that_are_not_known_are_sent(reader: httpx.AsyncClient, post: Post, blog: str):
    old = (await post())["cursor"]
    await post()
    answer = await reader.get(f"/blogs/{blog}/changes", headers={"if-none-match": f'"{old}"'})
    assert answer.status_code == 200


async def test_a_page_of_another_origin_may_read_changes(reader: httpx.AsyncClient, blog: str):
    answer = await reader.get(f"/blogs/{blog}/changes", headers={"origin": "https://elsewhere.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-expose-headers"] == "ETag, Retry-After"


REFUSED = {
    "/blogs/nowhere/changes": 404,
    "/blogs/nowhere/events": 404,
    "/blogs/nowhere/entries": 404,
    f"/blogs/nowhere/entries/{NOBODY}": 404,
    "/blogs/nowhere.atom": 404,
    "/blogs/nowhere/changes?since=x": 400,
    "/blogs/nowhere/live": 426,
    "/blogs/nowhere/nothing": 404,
}


@pytest.mark.parametrize("address", REFUSED)
async def test_a_page_of_another_origin_may_read_why_it_gets_nothing(reader: httpx.AsyncClient, address: str):
    answer = await reader.get(address, headers={"origin": "https://elsewhere.example"})
    assert (answer.status_code, answer.headers["content-type"]) == (REFUSED[address], "application/problem+json")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-expose-headers"] == "ETag, Retry-After"


@pytest.mark.parametrize("address", ["/api/blogs/nowhere", "/api/nothing", "/metrics/x"])
async def test_what_is_not_for_readers_stays_with_its_origin(
    editor: httpx.AsyncClient, reader: httpx.AsyncClient, address: str
):
    for client in (editor, reader):
        answer = await client.get(address, headers={"origin": "https://elsewhere.example"})
        assert answer.status_code in (401, 404)
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("address", ["/blogs/nowhere", f"/blogs/nowhere/entries/{NOBODY}", "/nothing"])
async def test_a_browser_is_shown_a_page_that_says_what_is_wrong(reader: httpx.AsyncClient, address: str):
    answer = await reader.get(address, headers={"accept": "text/html,*/*;q=0.8"})
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "accept" in answer.headers["vary"]
    shown = Document(answer.text).tree
    assert "This page does not exist or was removed." in shown.text_content()
    assert shown.xpath("//a/@href") == ["/"]


async def test_a_page_about_an_error_keeps_hints_for_programs_to_itself(reader: httpx.AsyncClient, blog: str):
    for address, status, said in (
        ("/blogs/nowhere", 404, "does not exist"),
        (f"/blogs/{blog}?before=x", 400, "The address of this page is not valid."),
    ):
        page = await reader.get(address, headers={"accept": "text/html"})
        program = await reader.get(address, headers={"accept": "application/json"})
        assert page.status_code == program.status_code == status
        assert said in page.text
        assert program.json()["detail"] not in Document(page.text).tree.text_content()
        assert "PUT" not in page.text and "`" not in page.text


async def test_a_page_about_an_error_does_not_quote_what_was_asked_for(reader: httpx.AsyncClient):
    answer = await reader.get("/blogs/demo/<script>alert(1)", headers={"accept": "text/html"})
    assert answer.status_code == 404
    assert "script" not in answer.text and "alert" not in answer.text


async def test_wait_returns_at_once_where_there_is_something_new(reader: httpx.AsyncClient, post: Post, blog: str):
    before = (await post())["cursor"]
    await post()
    async with asyncio.timeout(5):
        update = (await reader.get(f"/blogs/{blog}/changes", params={"since": before, "wait": 60})).json()
    assert len(update["entries"]) == 1


@pytest.mark.parametrize("cursor", UNKNOWN_CURSORS)
async def test_wait_returns_at_once_for_an_unknown_cursor(reader: httpx.AsyncClient, blog: str, cursor: str):
    async with asyncio.timeout(5):
        answer = await reader.get(f"/blogs/{blog}/changes", params={"since": cursor, "wait": 60})
    assert answer.json()["from"] is None


async def test_wait_holds_the_request_until_there_is_a_change(reader: httpx.AsyncClient, post: Post, blog: str):
    cursor = (await post())["cursor"]
    held = asyncio.create_task(reader.get(f"/blogs/{blog}/changes", params={"since": cursor, "wait": 60}))
    await asyncio.wait({held}, timeout=0.3)
    assert not held.done()
    await post(markdown="new")
    async with asyncio.timeout(5):
        update = (await held).json()
    assert (update["from"], [entry["text"] for entry in update["entries"]]) == (cursor, ["new"])


async def test_wait_ends_with_nothing_new_when_its_time_is_over(reader: httpx.AsyncClient, post: Post, blog: str):
    cursor = (await post())["cursor"]
    start = time.monotonic()
    update = (await reader.get(f"/blogs/{blog}/changes", params={"since": cursor, "wait": "0.4"})).json()
    assert time.monotonic() - start >= 0.4
    assert (update["from"], update["cursor"], update["entries"]) == (cursor, cursor, [])


async def test_a_delivery_of_what_is_known_already_does_not_end_a_wait(
    reader: httpx.AsyncClient, post: Post, blog: str
):
    """The last of several changes is answered to its editor before it is delivered to readers."""
    for _ in range(20):
        cursor = [(await post())["cursor"] for _ in range(3)][-1]
        start = time.monotonic()
        update = (await reader.get(f"/blogs/{blog}/changes", params={"since": cursor, "wait": "0.1"})).json()
        assert time.monotonic() - start >= 0.1
        assert update["cursor"] == cursor


async def test_a_long_poll_ends_when_its_reader_leaves(node: RunningNode, post: Post, blog: str):
    cursor = (await post())["cursor"]
    async with httpx.AsyncClient(base_url=node.url, trust_env=False) as client:
        held = asyncio.create_task(client.get(f"/blogs/{blog}/changes", params={"since": cursor, "wait": 60}))
        await until_held(node, "long_poll", 1)
        held.cancel()
    await until_held(node, "long_poll", 0)


@pytest.mark.parametrize("behind", [b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", b""], ids=["request", "nothing"])
@pytest.mark.parametrize("transport", ["long_poll", "sse"])
async def test_nobody_leaves_an_empty_seat_behind(
    node: RunningNode, post: Post, blog: str, transport: str, behind: bytes
):
    """Not with a request behind the one that is held, either."""
    surface = f"changes?wait=60&since={(await post())['cursor']}" if transport == "long_poll" else "events"
    lines = [await asyncio.open_connection("127.0.0.1", node.port) for _ in range(5)]
    for _, writer in lines:
        writer.write(f"GET /blogs/{blog}/{surface} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    await until_held(node, transport, 5)
    for _, writer in lines:
        writer.write(behind)
        writer.close()
    await until_held(node, transport, 0)


async def test_a_held_request_reads_no_body(node: RunningNode, post: Post, blog: str):
    surface = f"changes?wait=60&since={(await post())['cursor']}"
    reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
    head = f"GET /blogs/{blog}/{surface} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    writer.write(head.encode() + b"4\r\nbody\r\n")
    async with asyncio.timeout(5):
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
    writer.close()


async def until_held(node: RunningNode, transport: str, number: int) -> None:
    """Wait until so many requests are held."""
    sample = f'stoppress_readers{{compression="none",encoding="json",transport="{transport}"}} {number}.0'
    async with httpx.AsyncClient(base_url=node.url, trust_env=False) as client, asyncio.timeout(5):
        while sample not in (await client.get("/metrics")).text:
            await asyncio.sleep(0.05)


async def test_wait_with_a_known_etag_ends_with_304(reader: httpx.AsyncClient, post: Post, blog: str):
    headers = {"if-none-match": f'"{(await post())["cursor"]}"'}
    start = time.monotonic()
    answer = await reader.get(f"/blogs/{blog}/changes", params={"wait": "0.4"}, headers=headers)
    assert answer.status_code == 304
    assert time.monotonic() - start >= 0.4


@pytest.mark.parametrize("wait", ["", "x", "-1", "nan", "inf", "1e3", "1s", "1.", "\u0661", "0x10", "9999999"])
async def test_a_malformed_wait_is_refused(reader: httpx.AsyncClient, blog: str, wait: str):
    answer = await reader.get(f"/blogs/{blog}/changes", params={"wait": wait})
    assert (answer.status_code, answer.json()["field"]) == (400, "wait")


async def test_wait_is_capped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(changes, "MAX_WAIT_SECONDS", 0.2)
    node = Node(settings.load({"store": sqlite_url(tmp_path)}, {}), keys="tests:editor:secret-of-the-tests")
    await node.store.open()
    headers = {"authorization": "Bearer secret-of-the-tests"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(node.app), base_url="http://test", headers=headers
    ) as client:
        cursor = (await client.put("/api/blogs/demo", json={})).headers["stoppress-cursor"]
        async with asyncio.timeout(5):
            answer = await client.get("/blogs/demo/changes", params={"since": cursor, "wait": 60})
    await node.store.close()
    assert answer.json()["entries"] == []


async def test_a_held_request_ends_when_the_server_stops(start_node: StartNode):
    node = await start_node()
    await node.make_blog("demo")
    async with httpx.AsyncClient(base_url=node.url, timeout=20, trust_env=False) as client:
        cursor = (await client.get("/blogs/demo/changes")).json()["cursor"]
        held = asyncio.create_task(client.get("/blogs/demo/changes", params={"since": cursor, "wait": 60}))
        await asyncio.wait({held}, timeout=0.3)
        assert await node.stop() == 0
        assert (await held).status_code == 200


# Events


class Event(dict[str, str]):
    """One server-sent event: its fields."""

    def json(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(self["data"])
        return data


@asynccontextmanager
async def listening(
    reader: httpx.AsyncClient, blog: str, since: str | None = None, last: str | None = None
) -> AsyncIterator[AsyncIterator[Event]]:
    """The events of a stream, each given five seconds at the most by `upcoming`."""
    params = {} if since is None else {"since": since}
    headers = {"accept": "text/event-stream"} | ({} if last is None else {"last-event-id": last})
    async with reader.stream("GET", f"/blogs/{blog}/events", params=params, headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"

        async def events() -> AsyncIterator[Event]:
            event = Event()
            async for line in answer.aiter_lines():
                if not line:
                    yield event
                    event = Event()
                else:
                    name, _, value = line.partition(": ")
                    assert name not in event, "a field came twice"
                    event[name] = value

        yield events()


async def upcoming(events: AsyncIterator[Event], kind: str = "update") -> Event:
    """The next event of a kind."""
    async with asyncio.timeout(5):
        async for event in events:
            if event["event"] == kind:
                return event
    raise AssertionError(f"the stream ended without {kind}")


async def test_a_stream_begins_with_a_reset_and_goes_on_with_what_happens(
    reader: httpx.AsyncClient, post: Post, blog: str
):
    first = await post(markdown="one")
    async with listening(reader, blog) as events:
        reset = await upcoming(events)
        second = await post(markdown="two")
        update = await upcoming(events)
    assert (reset.json()["from"], reset["id"], reset.json()["cursor"]) == (None, first["cursor"], first["cursor"])
    assert (update.json()["from"], update["id"]) == (first["cursor"], second["cursor"])
    assert [entry["text"] for entry in update.json()["entries"]] == ["two"]


async def test_a_stream_begins_where_since_says(reader: httpx.AsyncClient, post: Post, blog: str):
    since = (await post(markdown="one"))["cursor"]
    await post(markdown="two")
    async with listening(reader, blog, since=since) as events:
        update = (await upcoming(events)).json()
    assert (update["from"], [entry["text"] for entry in update["entries"]]) == (since, ["two"])


async def test_last_event_id_wins_over_since(reader: httpx.AsyncClient, post: Post, blog: str):
    since, last = (await post())["cursor"], (await post())["cursor"]
    await post()
    async with listening(reader, blog, since=since, last=last) as events:
        assert (await upcoming(events)).json()["from"] == last


async def test_changes_and_events_give_the_same_update(reader: httpx.AsyncClient, post: Post, blog: str):
    since = (await post())["cursor"]
    await post(title="T")
    async with listening(reader, blog, since=since) as events:
        update = (await upcoming(events)).json()
    assert update == (await reader.get(f"/blogs/{blog}/changes", params={"since": since})).json()


@pytest.mark.parametrize("cursor", UNKNOWN_CURSORS)
async def test_a_stream_from_an_unknown_cursor_begins_with_a_reset(reader: httpx.AsyncClient, blog: str, cursor: str):
    async with listening(reader, blog, last=cursor) as events:
        assert (await upcoming(events)).json()["from"] is None


@pytest.mark.parametrize("cursor", MALFORMED_CURSORS)
async def test_a_stream_from_a_malformed_cursor_is_refused(reader: httpx.AsyncClient, blog: str, cursor: str):
    answer = await reader.get(f"/blogs/{blog}/events", params={"since": cursor})
    assert (answer.status_code, answer.json()["field"]) == (400, "since")


async def test_a_malformed_last_event_id_is_refused_by_its_name(reader: httpx.AsyncClient, blog: str):
    answer = await reader.get(f"/blogs/{blog}/events", headers={"last-event-id": "x"})
    assert (answer.status_code, answer.json()["field"]) == (400, "Last-Event-ID")


async def test_a_silent_stream_beats_with_the_cursor_and_without_an_id(
    reader: httpx.AsyncClient, post: Post, blog: str
):
    cursor = (await post())["cursor"]
    async with listening(reader, blog) as events:
        beats = [await upcoming(events, "beat") for _ in range(2)]
    assert [beat.json() for beat in beats] == [{"type": "beat", "cursor": cursor}] * 2
    assert all("id" not in beat for beat in beats)


async def test_a_stream_ends_with_retry_when_the_server_stops(start_node: StartNode):
    node = await start_node()
    await node.make_blog("demo")
    async with (
        httpx.AsyncClient(base_url=node.url, timeout=20, trust_env=False) as client,
        listening(client, "demo") as events,
    ):
        await upcoming(events)
        stopping = asyncio.create_task(node.stop())
        retry = (await upcoming(events, "retry")).json()
        assert [event async for event in events] == []
        assert await stopping == 0
    assert retry["type"] == "retry"
    assert 0 <= retry["min"] <= retry["max"] <= 12_000


async def test_a_stream_ends_when_the_blog_is_deleted(editor: httpx.AsyncClient, reader: httpx.AsyncClient, blog: str):
    async with listening(reader, blog) as events:
        await upcoming(events)
        await editor.delete(f"/api/blogs/{blog}")
        async with asyncio.timeout(5):
            assert [event async for event in events if event["event"] != "beat"] == []


async def test_head_of_a_stream_ends_at_once(reader: httpx.AsyncClient, blog: str):
    async with asyncio.timeout(5):
        answer = await reader.head(f"/blogs/{blog}/events")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")


# Older pages


async def walked(reader: httpx.AsyncClient, address: str) -> list[dict[str, Any]]:
    """All pages from an address on."""
    pages = []
    while True:
        answer = await reader.get(address)
        assert answer.status_code == 200, answer.text
        pages.append(answer.json())
        if "older" not in pages[-1]:
            return pages
        address = pages[-1]["older"]


@pytest.mark.parametrize("limit", [1, 7, 20, 200])
async def test_walking_the_pages_gives_each_entry_once_newest_first(
    reader: httpx.AsyncClient, post: Post, blog: str, limit: int
):
    for number in range(20):
        await post(published_at=f"2020-10-09T06:{number * 7 % 20 // 2:02}:00Z")  # two at each minute, in any order
    pages = await walked(reader, f"/blogs/{blog}/entries?limit={limit}")
    entries = [entry for page in pages for entry in page["entries"]]
    positions = [(entry["published_at"], entry["id"]) for entry in entries]
    assert len(set(positions)) == 20
    assert positions == sorted(positions, reverse=True)
    assert [len(page["entries"]) for page in pages[:-1]] == [limit] * (len(pages) - 1)


async def test_entries_that_come_while_a_reader_walks_do_not_move_the_pages(
    reader: httpx.AsyncClient, post: Post, blog: str
):
    ids = [(await post())["id"] for _ in range(6)]
    first = (await reader.get(f"/blogs/{blog}/entries?limit=3")).json()
    await post()
    (rest,) = await walked(reader, first["older"])
    assert [entry["id"] for entry in first["entries"] + rest["entries"]] == ids[::-1]


async def test_a_page_says_of_which_cursor_it_is(reader: httpx.AsyncClient, post: Post, blog: str):
    cursor = (await post())["cursor"]
    answer = await reader.get(f"/blogs/{blog}/entries")
    assert (answer.json()["cursor"], answer.headers["etag"]) == (cursor, f'"{cursor}"')


async def test_a_page_that_is_known_is_not_sent_again(reader: httpx.AsyncClient, post: Post, blog: str):
    cursor = (await post())["cursor"]
    answer = await reader.get(f"/blogs/{blog}/entries", headers={"if-none-match": f'"{cursor}"'})
    assert answer.status_code == 304


async def test_an_empty_blog_has_an_empty_page(reader: httpx.AsyncClient, blog: str):
    assert (await reader.get(f"/blogs/{blog}/entries")).json()["entries"] == []


@pytest.mark.parametrize("limit", ["", "0", "-1", "201", "x", "1.5", "1e2", "\u0661", "99999999999999999999"])
async def test_a_malformed_limit_is_refused(reader: httpx.AsyncClient, blog: str, limit: str):
    answer = await reader.get(f"/blogs/{blog}/entries", params={"limit": limit})
    assert (answer.status_code, answer.json()["field"]) == (400, "limit")


@pytest.mark.parametrize("before", ["", "x", "_", "2020-10-09T06:12:00.000Z", f"2020_{NOBODY}", f"_{NOBODY}"])
async def test_a_malformed_place_is_refused(reader: httpx.AsyncClient, blog: str, before: str):
    answer = await reader.get(f"/blogs/{blog}/entries", params={"before": before})
    assert (answer.status_code, answer.json()["field"]) == (400, "before")


# One entry


async def test_an_entry_is_json_for_a_program(reader: httpx.AsyncClient, post: Post, blog: str):
    entry = await post(markdown="x")
    answer = await reader.get(f"/blogs/{blog}/entries/{entry['id']}")
    assert (answer.headers["content-type"], answer.headers["vary"]) == ("application/json", "accept")
    assert answer.json() == {name: value for name, value in entry.items() if name not in ("markdown", "cursor")}


async def test_an_entry_is_a_page_for_a_browser(reader: httpx.AsyncClient, post: Post, blog: str):
    entry = await post(markdown="Talks begin.")
    answer = await reader.get(f"/blogs/{blog}/entries/{entry['id']}", headers={"accept": "text/html,*/*;q=0.8"})
    assert answer.headers["content-type"].startswith("text/html")
    assert "Talks begin." in answer.text


async def test_an_entrys_etag_changes_with_it_alone(
    editor: httpx.AsyncClient, reader: httpx.AsyncClient, post: Post, blog: str
):
    entry, other = await post(), await post()
    address = f"/blogs/{blog}/entries/{entry['id']}"
    etag = (await reader.get(address)).headers["etag"]
    await editor.patch(f"/api/blogs/{blog}/entries/{other['id']}", json={"title": "T"})
    assert (await reader.get(address, headers={"if-none-match": etag})).status_code == 304
    await editor.patch(f"/api/blogs/{blog}/entries/{entry['id']}", json={"title": "T"})
    assert (await reader.get(address, headers={"if-none-match": etag})).status_code == 200


@pytest.mark.parametrize("entry", [NOBODY, "header", "x", "%00"])
@pytest.mark.parametrize("accept", ["*/*", "text/html"])
async def test_an_entry_that_is_not_there_is_not_found(reader: httpx.AsyncClient, blog: str, entry: str, accept: str):
    answer = await reader.get(f"/blogs/{blog}/entries/{entry}", headers={"accept": accept})
    assert answer.status_code == 404


@pytest.mark.parametrize("address", ["", "/changes", "/events", "/entries", f"/entries/{NOBODY}", ".atom", ".json"])
async def test_a_blog_that_is_not_there_is_not_found(reader: httpx.AsyncClient, address: str):
    assert (await reader.get(f"/blogs/nowhere{address}")).status_code == 404


# What readers must never see

WORD = "unmistakable"


async def everything(node: RunningNode, reader: httpx.AsyncClient, blog: str, entry: str, old: str) -> str:
    """What all readers' surfaces say about a blog and an entry of it, to newcomers and to a reader from before."""
    texts = []
    for address in (
        "/",
        f"/blogs/{blog}",
        f"/blogs/{blog}/changes",
        f"/blogs/{blog}/changes?since=0",
        f"/blogs/{blog}/changes?since={old}",
        f"/blogs/{blog}/entries",
        f"/blogs/{blog}/entries?limit=200",
        f"/blogs/{blog}/entries/{entry}",
        f"/blogs/{blog}.atom",
        f"/blogs/{blog}.json",
    ):
        texts += [(await reader.get(address, headers={"accept": accept})).text for accept in ("*/*", "text/html")]
    for since in (None, "0", old):
        async with listening(reader, blog, since=since) as events:
            texts.append((await upcoming(events))["data"])
        query = "" if since is None else f"?since={since}"
        async with connect(f"{node.websocket_url}/blogs/{blog}/live{query}") as line:
            texts.append(str(await line.recv()))
    return "\n".join(texts)


async def test_a_published_entry_is_on_the_surfaces(
    node: RunningNode, reader: httpx.AsyncClient, post: Post, blog: str
):
    old = (await post())["cursor"]
    entry = await post(markdown=WORD)
    assert (await everything(node, reader, blog, entry["id"], old)).count(WORD) >= 10


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


async def test_a_retracted_body_is_on_no_surface(
    node: RunningNode, editor: httpx.AsyncClient, reader: httpx.AsyncClient, post: Post, blog: str
):
    old = (await post())["cursor"]
    entry = await post(
        title=f"{WORD} title",
        markdown=f"{WORD} body",
        tags=[WORD],
        authors=[{"name": WORD}],
        source={"name": WORD},
        media=[{"type": "image", "url": f"https://example.org/{WORD}.jpg", "caption": WORD}],
        pinned=True,
        correction=WORD,
    )
    await everything(node, reader, blog, entry["id"], old)  # so that whatever is cached is cached
    await editor.patch(f"/api/blogs/{blog}/entries/{entry['id']}", json={"title": f"{WORD} again"})
    await everything(node, reader, blog, entry["id"], old)
    await editor.delete(f"/api/blogs/{blog}/entries/{entry['id']}")
    seen = await everything(node, reader, blog, entry["id"], old)
    seen += (await editor.get(f"/api/blogs/{blog}/entries")).text
    seen += (await editor.get(f"/api/blogs/{blog}/entries/{entry['id']}")).text
    assert WORD not in seen
    assert "retracted" in seen
