"""Long polls and event streams while they are held: they end with their readers, and with the server."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tests.conftest import StartNode
from tests.support.event_stream import listening, upcoming
from tests.support.fixtures import Post
from tests.support.node import RunningNode


async def test_a_long_poll_ends_when_its_reader_leaves(node: RunningNode, post: Post, blog: str):
    cursor = (await post())["cursor"]
    async with httpx.AsyncClient(base_url=node.url, trust_env=False) as client:
        held = asyncio.create_task(client.get(f"/blogs/{blog}/changes", params={"since": cursor, "wait": 60}))
        await node.until_readers("long_poll", 1)
        held.cancel()
    await node.until_readers("long_poll", 0)


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
    await node.until_readers(transport, 5)
    for _, writer in lines:
        writer.write(behind)
        writer.close()
    await node.until_readers(transport, 0)


async def test_a_held_request_reads_no_body(node: RunningNode, post: Post, blog: str):
    surface = f"changes?wait=60&since={(await post())['cursor']}"
    reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
    head = f"GET /blogs/{blog}/{surface} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    writer.write(head.encode() + b"4\r\nbody\r\n")
    async with asyncio.timeout(30):
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
    writer.close()


async def test_a_held_request_ends_when_the_server_stops(start_node: StartNode):
    node = await start_node()
    await node.make_blog("demo")
    async with httpx.AsyncClient(base_url=node.url, timeout=20, trust_env=False) as client:
        cursor = (await client.get("/blogs/demo/changes")).json()["cursor"]
        held = asyncio.create_task(client.get("/blogs/demo/changes", params={"since": cursor, "wait": 60}))
        await node.until_readers("long_poll", 1)
        assert await node.stop() == 0
        assert (await held).status_code == 200


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
