"""Expensive requests, and answers that clients do not read, do not disturb readers and editors."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from contextlib import AsyncExitStack

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.support.node import RunningNode, until_received
from tests.support.processes import Slowdown, resident

ATTACKERS, MUTE, READERS, TIMES = 32, 300, 200, 20

EXPENSIVE = [
    "/blogs/demo?before=20{n:02}-01-01T00:00:00.{x:03}Z_{x:08}-0000-7000-8000-000000000000",
    "/blogs/demo/entries?limit={n}&view=html&lang=de",
    "/blogs/demo.atom?before={x}",
    "/blogs/demo/changes?view=html&lang=en",
    "/?page={n}",
]


async def ask(node: RunningNode) -> None:
    """Ask for what has to be made anew, as fast as the node answers, under another host each time."""
    async with httpx.AsyncClient(base_url=node.url, trust_env=False, timeout=30) as client:
        while True:
            path = random.choice(EXPENSIVE).format(n=random.randint(1, 99), x=random.randint(0, 999))
            method = random.choice(["GET", "HEAD"])
            await client.request(method, path, headers={"host": f"h{random.random()}.example", "accept": "text/html"})
            await asyncio.sleep(0.4)


HEAVY = [
    {"markdown": "![" * 90_000},
    {"html": "<style>" + "*{color:red}" * 10 + "</style>" + "<b>x" * 8_000},
    {"markdown": "A long day of talks. " * 10_000},
]


async def draft(node: RunningNode) -> None:
    """Write drafts that take long to render, one after the other."""
    async with node.editor() as editor:
        for body in itertools.cycle(HEAVY):
            await editor.post("/api/blogs/demo/entries", json={**body, "status": "draft"})


async def ask_and_not_read(node: RunningNode, path: str) -> asyncio.StreamWriter:
    _, writer = await asyncio.open_connection("127.0.0.1", node.port, limit=1)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n".encode())
    return writer


@pytest.mark.alone
async def test_readers_editors_and_memory_bear_expensive_requests(start_node, figure):
    node, slowdown, delays, health = await start_node(), Slowdown(), [], []
    await node.make_blog("demo")
    url = f"{node.websocket_url}/blogs/demo/live"
    async with node.editor() as editor, AsyncExitStack() as stack:
        for number in range(100):
            big = "A long day of talks. " * 4_500 if number % 10 == 0 else f"Entry {number}. " * 50
            await editor.post("/api/blogs/demo/entries", json={"markdown": big})
        lines = [await stack.enter_async_context(connect(url, max_size=None)) for _ in range(READERS)]
        await asyncio.gather(*(line.recv() for line in lines))
        before = resident(node.pid)
        tasks = [asyncio.create_task(ask(node)) for _ in range(ATTACKERS)]
        tasks += [asyncio.create_task(draft(node)) for _ in range(2)]
        mute = [
            await ask_and_not_read(node, path)
            for path in ("/blogs/demo", "/blogs/demo/entries?limit=200") * (MUTE // 2)
        ]
        for _ in range(TIMES):
            begin = time.monotonic()
            answer = await editor.post("/api/blogs/demo/entries", json={"markdown": "Breaking"})
            await asyncio.gather(*(until_received(line, answer.headers["stoppress-cursor"]) for line in lines))
            delays.append(time.monotonic() - begin)
            begin = time.monotonic()
            await editor.get("/livez")
            health.append(time.monotonic() - begin)
            slowdown.sample()
        grown = resident(node.pid) - before
        for task in tasks:
            task.cancel()
        for writer in mute:
            writer.transport.abort()
    figure(
        f"{ATTACKERS} clients with expensive requests, {MUTE} that read nothing: "
        f"an entry took {max(delays) * 1000:.0f} ms at most to {READERS} readers, "
        f"/livez {max(health) * 1000:.0f} ms; the node grew by {grown / 1e6:.0f} MB"
    )
    for seconds in (delays, health):
        assert sorted(seconds)[int(TIMES * 0.9) - 1] <= 0.25 * slowdown.factor
        assert max(seconds) <= slowdown.factor
    assert grown <= 64e6
