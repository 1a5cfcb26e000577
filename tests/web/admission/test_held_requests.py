"""Long polls and event streams while they are held: they end with their readers, and with the server."""

from __future__ import annotations

import pytest

from tests.support.fixtures import Post
from tests.support.node import RunningNode
from tests.support.raw import LIVEZ, head_of
from tests.web.conftest import Dial


@pytest.mark.parametrize("behind", [LIVEZ, b""], ids=["request", "nothing"])
@pytest.mark.parametrize("transport", ["long_poll", "sse"])
async def test_nobody_leaves_an_empty_seat_behind(
    node: RunningNode, dial: Dial, post: Post, blog: str, transport: str, behind: bytes
):
    """Not with a request behind the one that is held, either."""
    surface = f"changes?wait=60&since={(await post())['cursor']}" if transport == "long_poll" else "events"
    lines = [await dial() for _ in range(5)]
    for _, writer in lines:
        writer.write(f"GET /blogs/{blog}/{surface} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    await node.until_readers(transport, 5)
    for _, writer in lines:
        writer.write(behind)
        writer.close()
    await node.until_readers(transport, 0)


async def test_a_held_request_reads_no_body(dial: Dial, post: Post, blog: str):
    surface = f"changes?wait=60&since={(await post())['cursor']}"
    reader, writer = await dial()
    head = f"GET /blogs/{blog}/{surface} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    writer.write(head.encode() + b"4\r\nbody\r\n")
    assert (await head_of(reader)).startswith(b"HTTP/1.1 200 ")
