"""Several processes that share a port: readers are spread over them, and one that crashes is replaced."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import time
from collections import Counter
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.conftest import StartNode
from tests.support.command import running, stoppress
from tests.support.node import RunningNode, until_received
from tests.support.processes import children
from tests.support.redis_servers import RedisServer

WORKERS, READERS = 3, 300


async def shares(node: RunningNode) -> list[int]:
    """Return the number of readers of each worker."""
    counts = Counter[str]()
    for (name, *labels), count in (await node.samples()).items():
        if name == "stoppress_readers":
            counts[labels[-1]] += int(count)
    return list(counts.values())


@pytest.fixture
async def node(start_node: StartNode, redis_server: RedisServer) -> RunningNode:
    node = await start_node(redis_server.url, STOPPRESS_WORKERS=str(WORKERS))
    await node.make_blog("workers")
    return node


async def readers(node: RunningNode, stack: AsyncExitStack, number: int) -> list[ClientConnection]:
    url = f"{node.websocket_url}/blogs/workers/live"
    return [await stack.enter_async_context(connect(url, compression=None)) for _ in range(number)]


@pytest.mark.redis
async def test_readers_are_spread_evenly_and_all_get_what_is_published_to_any(node):
    before = children(node.pid)
    assert len(before) == WORKERS
    async with AsyncExitStack() as stack:
        lines = await readers(node, stack, READERS)
        counts = await shares(node)
        assert sum(counts) == READERS
        assert min(counts) > 0.6 * READERS / WORKERS, counts
        for _ in range(5):
            async with node.editor() as editor:  # a connection of its own, so any worker may get it
                answer = await editor.post("/api/blogs/workers/entries", json={"markdown": "news"})
            await asyncio.gather(*(until_received(line, answer.headers["stoppress-cursor"]) for line in lines))
    assert await node.stop() == 0
    assert not any(map(_runs, before))


@pytest.mark.redis
async def test_a_worker_that_crashes_is_replaced_and_nobody_else_notices(node, eventually):
    async with AsyncExitStack() as stack:
        lines = await readers(node, stack, 30)
        victim = children(node.pid)[0]
        os.kill(victim, signal.SIGKILL)
        lost = 0
        for line in tuple(lines):
            with suppress(TimeoutError, ConnectionClosed):
                async with asyncio.timeout(0.05):
                    while True:
                        await line.recv()
            if line.close_code is not None:
                lines.remove(line)
                lost += 1
        assert 0 < lost < 25
        lines += await readers(node, stack, 10)  # some of them wait for the new worker
        async with node.editor() as editor:
            answer = await editor.post("/api/blogs/workers/entries", json={"markdown": "news"})
        await asyncio.gather(*(until_received(line, answer.headers["stoppress-cursor"]) for line in lines))
        assert victim not in children(node.pid)
        assert len(children(node.pid)) == WORKERS


@pytest.mark.redis
async def test_orphaned_workers_stop_in_time(start_node, redis_server, eventually):
    node = await start_node(redis_server.url, STOPPRESS_WORKERS="2", STOPPRESS_LEAD="2")
    await node.make_blog("workers")
    workers = children(node.pid)
    async with AsyncExitStack() as stack:
        (line,) = await readers(node, stack, 1)
        killed = time.monotonic()
        os.kill(node.pid, signal.SIGKILL)
        await line.wait_closed()
        assert (line.close_code, time.monotonic() - killed >= 2) == (1001, True)

    async def all_gone() -> bool:
        return not any(map(_runs, workers))

    assert await eventually(all_gone)


async def test_a_worker_that_still_starts_ends_at_once():
    """It waits for a Redis that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.setblocking(False)
        store = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        async with running("serve", "--workers", "2", "--port", "0", "--store", store) as server:
            connection, _ = await asyncio.get_running_loop().sock_accept(silent)
            with connection:
                server.terminate()
                lines = await server.rest()
                assert await server.ended() == 0
    assert [line for line in lines if line.startswith("stoppress:")] == []


def _runs(pid: int) -> bool:
    with suppress(FileNotFoundError):
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    return False


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("serve --store sqlite:nothing.db", r"2 workers need a store that processes can share.*--store"),
        ("demo", "the demonstration runs in one process; start it without --workers$"),
        ("serve --port 0 --store redis://127.0.0.1:1/0", "(?!.*failed.*failed).*Redis at 127.0.0.1:1 failed"),
    ],
    ids=["embedded store", "demonstration", "what is wrong is said once"],
)
def test_workers_that_cannot_be_are_refused(command, said):
    result = stoppress(*command.split(), "--workers", "2")
    assert result.code == 2
    assert re.match(said, result.error), result.error
