"""More connections than a node can have: it lives on, at little cost, and takes readers in when they are gone."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake

from stoppress.process.node import SPARE_DESCRIPTORS
from tests.support.node import RunningNode, until_received
from tests.support.processes import cpu_seconds, open_files
from tests.support.raw import posting

FEW = 256
SECONDS = 1.5
"""How long there is pressure before the processor's time is measured, and while it is."""

HEAD = b"GET /blogs/demo/live HTTP/1.1\r\nHost: local"
BODY = posting("demo", "Content-Length: 100000")

PRESSURES: dict[str, tuple[int, tuple[bytes, ...], int | None]] = {
    "1,000 slow heads and bodies": (1_000, (HEAD, BODY), None),
    f"400 connections at {FEW} descriptors": (400, (b"",), FEW),
    f"1,000 slow heads and bodies at {FEW} descriptors": (1_000, (HEAD, BODY), FEW),
}
"""How many connections, what they begin with, and how many files the node may open."""


@pytest.fixture(autouse=True)
def many_files() -> Iterator[None]:
    """For the clients, which are in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def press(node: RunningNode, begin: bytes, over: asyncio.Event) -> None:
    """Be a client that says a byte in a second, and comes again when it was sent away, until it is over."""
    while not over.is_set():
        with suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
            try:
                writer.write(begin)
                while not (reader.at_eof() or over.is_set()):
                    with suppress(TimeoutError):
                        async with asyncio.timeout(1):
                            await reader.read(65_536)
                    writer.write(b"x" if begin else b"")
            finally:
                writer.transport.abort()
        await asyncio.sleep(1)


async def seconds_until_in(node: RunningNode) -> float:
    """How long it takes a new reader to get its first message, however often it has to try."""
    started = time.monotonic()
    async with asyncio.timeout(30):
        while True:
            with suppress(OSError, InvalidHandshake, EOFError):
                async with connect(f"{node.websocket_url}/blogs/demo/live", proxy=None) as line:
                    assert "update" in str(await line.recv())
                    return time.monotonic() - started
            await asyncio.sleep(0.1)


async def lasting_files(pid: int) -> int:
    """How many are open, without a connection that is just being refused."""
    looks = []
    for _ in range(10):
        looks.append(open_files(pid))
        await asyncio.sleep(0.01)
    return min(looks)


@pytest.mark.parametrize("name", PRESSURES)
async def test_readers_get_in_after_the_pressure(start_node, name, figure):
    number, begins, descriptors = PRESSURES[name]
    node, over = await start_node(descriptors=descriptors), asyncio.Event()
    await node.make_blog("demo")
    async with AsyncExitStack() as stack:
        line = await stack.enter_async_context(connect(f"{node.websocket_url}/blogs/demo/live", proxy=None))
        editor = await stack.enter_async_context(node.editor(kept=4 * SECONDS))
        await editor.get("/api/blogs")  # a connection that is kept
        pressure = [asyncio.create_task(press(node, begins[i % len(begins)], over)) for i in range(number)]
        await asyncio.sleep(SECONDS)
        used, since = cpu_seconds(node.pid), time.monotonic()
        await asyncio.sleep(SECONDS)
        share = (cpu_seconds(node.pid) - used) / (time.monotonic() - since)
        files = await lasting_files(node.pid)
        assert (await editor.get("/api/blogs")).status_code == 200
        over.set()  # a task that is cancelled while it connects would leave its connection open
        await asyncio.wait(pressure)
        seconds = await seconds_until_in(node)
        answer = await editor.post("/api/blogs/demo/entries", json={"title": "afterwards"})
        await until_received(line, answer.headers["stoppress-cursor"])
    figure(f"{name}: {share:.0%} CPU, {files} files open; a new reader got in {seconds:.2f} s after")
    assert share <= 0.2
    assert descriptors is None or files <= descriptors - SPARE_DESCRIPTORS  # it could open more, if it had to
    assert seconds <= 2
