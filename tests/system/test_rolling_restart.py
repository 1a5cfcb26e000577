"""Restarting one node after the other while everybody reads and writes: nobody misses anything."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Callable
from uuid import uuid4

import httpx
import pytest

from tests.conftest import StartNode
from tests.support.node import KEY, RunningNode
from tests.support.redis_servers import RedisServer
from tests.support.returning_reader import ReturningReader

READERS, WRITES_PER_SECOND, DRAIN = 100, 10, 6


@pytest.fixture
async def nodes(start_node: StartNode, redis_server: RedisServer) -> list[RunningNode]:
    return [await start_node(redis_server.url, STOPPRESS_DRAIN=str(DRAIN)) for _ in range(2)]


async def write(nodes: list[RunningNode], failed: list[str], ended: asyncio.Event) -> None:
    """Publish until an event; what fails is sent once more, to the other node."""
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {KEY}"}, timeout=10, trust_env=False) as client:
        for number in itertools.takewhile(lambda _: not ended.is_set(), itertools.count()):
            once = {"idempotency-key": str(uuid4())}
            for node in (nodes[number % 2], nodes[1 - number % 2]):
                try:
                    url = f"{node.url}/api/blogs/restart/entries"
                    answer = await client.post(url, json={"title": f"entry {number}"}, headers=once)
                    if answer.status_code == 201:
                        break
                except httpx.HTTPError:
                    pass
            else:
                failed.append(f"entry {number}")
            await asyncio.sleep(1 / WRITES_PER_SECOND)


ROOM = 3.0
"""About half of the readers are on the first node, and on a busy machine clients see closings late and all at once."""


@pytest.mark.slow
@pytest.mark.redis
async def test_a_rolling_restart_loses_nothing(nodes, figure):
    await nodes[0].make_blog("restart")
    readers = [
        ReturningReader(lambda: f"{random.choice(nodes).websocket_url}/blogs/restart/live") for _ in range(READERS)
    ]
    failed: list[str] = []
    ended = asyncio.Event()
    async with asyncio.TaskGroup() as group:  # a broken promise of any reader ends it all
        tasks = [group.create_task(reader.run()) for reader in readers]
        writer = group.create_task(write(nodes, failed, ended))
        await everybody(readers, lambda reader: reader.connected)
        for node in nodes:
            connected = READERS if node is nodes[1] else READERS / 2
            assert await node.stop() == 0
            await node.start()
            assert busiest_second(readers) <= connected / DRAIN * ROOM
        await everybody(readers, lambda reader: reader.connected)
        ended.set()
        await writer
        async with nodes[0].editor() as editor:
            cursor = (await editor.get("/blogs/restart/changes")).json()["cursor"]
        await everybody(readers, lambda reader: reader.client.cursor == cursor)
        for task in tasks:
            task.cancel()
    away = sorted(seconds for reader in readers for seconds in reader.away)
    back = away[int(0.95 * len(away))]
    figure(
        f"rolling restart: {len(away)} returns of {READERS} readers, 95 % within {back:.1f} s; "
        f"{busiest_second(readers)} closed in the busiest second; {len(failed)} writes failed with one retry; "
        "0 gaps, 0 duplicates"
    )
    assert failed == []
    assert back <= 10
    assert {reader.client.resets for reader in readers} == {1}


def busiest_second(readers: list[ReturningReader]) -> int:
    """How many were sent away in the second in which most were."""
    closed = sorted(when for reader in readers for when in reader.closed)
    return max(sum(when <= other < when + 1 for other in closed) for when in closed)


async def everybody(readers: list[ReturningReader], question: Callable[[ReturningReader], bool]) -> None:
    deadline = time.monotonic() + 20
    while not all(map(question, readers)):
        assert time.monotonic() < deadline, (
            f"{sum(not question(reader) for reader in readers)} of {len(readers)} are not there"
        )
        await asyncio.sleep(0.05)
