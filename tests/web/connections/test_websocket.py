"""The WebSocket surface, as a client that knows only the contract and RFC 6455 sees it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import msgpack
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.frames import Close, Frame, Opcode
from websockets.typing import Subprotocol

from tests.conftest import StartNode
from tests.support.cursors import UNKNOWN_CURSORS
from tests.support.fixtures import Post
from tests.support.node import RunningNode

JSON, MSGPACK = Subprotocol("stoppress.v1+json"), Subprotocol("stoppress.v1+msgpack")

Open = Callable[..., connect]


@pytest.fixture
def live(node: RunningNode, blog: str) -> Open:
    """Connects to the blog's line."""

    def open_line(query: str = "", name: str | None = None, **options: Any) -> connect:
        return connect(f"{node.websocket_url}/blogs/{name or blog}/live{query}", **options)

    return open_line


async def received(line: ClientConnection, kind: str = "update") -> dict[str, Any]:
    """The next message of a kind, within five seconds."""
    async with asyncio.timeout(30):
        while True:
            data = await line.recv()
            message: dict[str, Any] = json.loads(data) if isinstance(data, str) else msgpack.unpackb(data)
            if message["type"] == kind:
                return message


async def closed(line: ClientConnection) -> Close:
    """How the server closes the line, within five seconds."""
    async with asyncio.timeout(30):
        await line.wait_closed()
    frame = line.protocol.close_rcvd
    assert frame, "the server hung up without a close frame"
    return frame


# What is sent


async def test_the_first_frame_is_a_reset_for_a_newcomer(live: Open, post: Post):
    cursor = (await post(markdown="Talks begin."))["cursor"]
    for query in ("", *(f"?since={unknown}" for unknown in UNKNOWN_CURSORS)):
        async with live(query) as line:
            update = await received(line)
        assert (update["from"], update["cursor"]) == (None, cursor)
        assert [entry["text"] for entry in update["entries"]] == ["Talks begin."]
        assert update["header"]["headline"] == "Talks in Moscow"


async def test_the_first_frame_is_what_a_returning_reader_missed_if_only_nothing(live: Open, post: Post):
    since = (await post())["cursor"]
    head = (await post(markdown="missed"))["cursor"]
    for cursor, missed in ((since, ["missed"]), (head, [])):
        async with live(f"?since={cursor}") as line:
            update = await received(line)
        assert (update["from"], update["cursor"]) == (cursor, head)
        assert [entry["text"] for entry in update["entries"]] == missed


async def test_every_change_follows_on_the_one_before(live: Open, post: Post):
    async with live() as line:
        cursor = (await received(line))["cursor"]
        for number in range(5):
            entry = await post(markdown=str(number))
            update = await received(line)
            assert (update["from"], update["cursor"]) == (cursor, entry["cursor"])
            assert [entry["text"] for entry in update["entries"]] == [str(number)]
            cursor = update["cursor"]


# Subprotocols


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (None, None),
        ([JSON], JSON),
        ([MSGPACK], MSGPACK),
        ([MSGPACK, JSON], MSGPACK),
        ([JSON, MSGPACK], JSON),
        ([Subprotocol("stoppress.v9"), MSGPACK], MSGPACK),
    ],
)
async def test_the_first_subprotocol_that_is_known_is_chosen(live: Open, offered: Any, chosen: str | None):
    async with live(subprotocols=offered) as line:
        assert line.subprotocol == chosen
        assert isinstance(await line.recv(), bytes if chosen == MSGPACK else str)


async def test_both_subprotocols_give_the_same_maps(live: Open, editor: httpx.AsyncClient, post: Post, blog: str):
    since = (await post(title="T", tags=["a"], authors=[{"name": "Ergün"}]))["cursor"]
    media = [{"type": "image", "url": "https://example.org/a.jpg", "width": 1200, "height": 800}]
    for query in ("", f"?since={since}", "?since=0"):
        async with live(query, subprotocols=[JSON]) as text, live(query, subprotocols=[MSGPACK]) as binary:
            assert await received(text) == await received(binary)
            await post(media=media, key=True, event_at="2020-10-09T06:12:00Z", correction="C")
            assert await received(text) == await received(binary)
            await editor.patch(f"/api/blogs/{blog}", json={"related": [{"title": "R", "url": "https://example.org"}]})
            assert await received(text) == await received(binary)
            assert await received(text, "beat") == await received(binary, "beat")


# Beats, pings and the end


async def test_a_silent_line_beats_with_the_cursor(live: Open, post: Post):
    cursor = (await post())["cursor"]
    async with live() as line:
        beats = [await received(line, "beat") for _ in range(2)]
    assert beats == [{"type": "beat", "cursor": cursor}] * 2


async def test_a_ping_and_a_close_are_answered(live: Open):
    async with live() as line:
        async with asyncio.timeout(30):
            await (await line.ping(b"are you there?"))
            await line.close(1000)
        assert line.close_code == 1000


async def test_a_server_stops_in_time_though_a_reader_does_not_read(start_node: StartNode):
    node = await start_node()
    await node.make_blog("demo")
    async with connect(f"{node.websocket_url}/blogs/demo/live", max_queue=1) as line:
        await received(line)
        line.transport.pause_reading()
        async with node.editor() as editor:
            for _ in range(100):
                await editor.post("/api/blogs/demo/entries", json={"markdown": "word " * 20_000})
        async with asyncio.timeout(8):
            assert await node.stop() == 0
        line.transport.abort()


# Rejections


@pytest.mark.parametrize("since", ["", "x", "1", "1-", "-1-a", "1-%C3%A4", "1-a%00"])
async def test_a_malformed_cursor_is_4400(live: Open, since: str):
    async with live(f"?since={since}") as line:
        close = await closed(line)
    assert close.code == 4400
    assert "is not a cursor" in close.reason


@pytest.mark.parametrize("name", ["nowhere", "%00", "%ff", "a" * 300])
async def test_a_blog_that_is_not_there_is_4404(live: Open, name: str):
    async with live(name=name) as line:
        close = await closed(line)
    assert close.code == 4404
    assert "does not exist" in close.reason


@pytest.mark.parametrize("name", [JSON, MSGPACK])
async def test_a_refusal_speaks_the_subprotocol_that_was_offered(live: Open, name: Subprotocol):
    async with live("?since=x", subprotocols=[name]) as line:
        assert line.subprotocol == name


async def test_a_long_reason_is_cut_between_characters(live: Open):
    async with live(f"?since={'%C3%A4' * 500}") as line:
        assert 100 < len((await closed(line)).reason.encode()) <= 123


NOT_A_HANDSHAKE: list[dict[str, str]] = [
    {},
    {"upgrade": "h2c"},
    {"connection": "keep-alive"},
    {"sec-websocket-version": "8"},
    {"sec-websocket-key": "short"},
    {"sec-websocket-key": "not base 64!!!!!!!!!!!!!"},
]


@pytest.mark.parametrize("wrong", NOT_A_HANDSHAKE, ids=str)
async def test_what_is_no_handshake_is_told_what_to_do(reader: httpx.AsyncClient, blog: str, wrong: dict[str, str]):
    proper = {
        "connection": "keep-alive, Upgrade",
        "upgrade": "WebSocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    answer = await reader.get(f"/blogs/{blog}/live", headers=proper | wrong if wrong else {})
    assert (answer.status_code, answer.headers["content-type"]) == (426, "application/problem+json")
    assert (answer.headers["upgrade"], answer.headers["sec-websocket-version"]) == ("websocket", "13")
    assert "WebSocket" in answer.json()["detail"]


@pytest.mark.parametrize("message", ["hello", "{}", b"\x00\xff", "", b""])
async def test_a_message_means_nothing_and_does_no_harm(live: Open, post: Post, message: str | bytes):
    async with live() as line:
        await received(line)
        await line.send(message)
        await post(markdown="still here")
        assert [entry["text"] for entry in (await received(line))["entries"]] == ["still here"]


async def test_a_client_that_breaks_the_rules_or_hangs_up_disturbs_nobody(live: Open, post: Post):
    async with live() as good, live() as bad, live() as gone:
        await received(good)
        bad.transport.write(b"\xff" * 64)
        gone.transport.abort()
        assert (await closed(bad)).code == 1002
        await post(markdown="still here")
        assert [entry["text"] for entry in (await received(good))["entries"]] == ["still here"]


# What clients may not do


@pytest.mark.parametrize("opcode", [Opcode.TEXT, Opcode.BINARY, Opcode.PING, Opcode.PONG])
async def test_too_many_messages_are_1008(live: Open, opcode: Opcode):
    async with live() as line:
        await received(line)
        line.transport.write(Frame(opcode, b"x").serialize(mask=True) * 100)
        close = await closed(line)
    assert (close.code, close.reason) == (1008, "Too many messages. This connection is for listening.")


async def test_a_message_now_and_then_is_allowed(live: Open):
    async with live() as line:
        for _ in range(3):
            await line.send("x")
            await received(line, "beat")
        async with asyncio.timeout(30):
            await (await line.ping())
