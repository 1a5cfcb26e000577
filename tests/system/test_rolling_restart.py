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

from tests.conftest import RedisServer, StartNode
from tests.support.crowd import Fan
from tests.support.node import KEY, RunningNode

READERS, WRITES_PER_SECOND, DRAIN = 300, 10, 13


@pytest.fixture
async def nodes(start_node: StartNode, redis_server: RedisServer) -> list[RunningNode]:
    return [await start_node(redis_server.url, STOPPRESS_DRAIN=str(DRAIN)) for _ in range(2)]


async def write(nodes: list[RunningNode], failed: list[str]) -> None:
    """Until cancelled; what fails is sent once more, to the other node."""
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {KEY}"}, timeout=10, trust_env=False) as client:
        for number in itertools.count():
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


ROOM = 1.5
"""About half of the readers are on the first node, and these clients count late what comes while others compute."""


@pytest.mark.slow
@pytest.mark.redis
async def test_a_rolling_restart_loses_nothing(nodes: list[RunningNode], figure: Callable[[str], None]):
    await nodes[0].make_blog("restart")
    fans = [Fan(lambda: f"{random.choice(nodes).websocket_url}/blogs/restart/live") for _ in range(READERS)]
    failed: list[str] = []
    async with asyncio.TaskGroup() as group:  # a broken promise of any reader ends it all
        tasks = [group.create_task(fan.run()) for fan in fans]
        writer = group.create_task(write(nodes, failed))
        await everybody(fans, lambda fan: fan.connected)
        for node in nodes:
            readers = READERS if node is nodes[1] else READERS / 2
            assert await node.stop() == 0
            await node.start()
            assert busiest_second(fans) <= readers / 10 * ROOM
        await everybody(fans, lambda fan: fan.connected)
        writer.cancel()
        await asyncio.sleep(0.5)
        cursor = max((fan.client.cursor or "" for fan in fans), key=lambda cursor: int(cursor.partition("-")[0]))
        await everybody(fans, lambda fan: fan.client.cursor == cursor)
        for task in tasks:
            task.cancel()
    away = sorted(seconds for fan in fans for seconds in fan.away)
    back = away[int(0.95 * len(away))]
    figure(
        f"rolling restart: {len(away)} returns of {READERS} readers, 95 % within {back:.1f} s; {busiest_second(fans)} "
        f"closed in the busiest second; {len(failed)} writes failed with one retry; 0 gaps, 0 duplicates"
    )
    assert failed == []
    assert back <= 10
    assert {fan.client.resets for fan in fans} == {1}


def busiest_second(fans: list[Fan]) -> int:
    """How many were sent away in the second in which most were."""
    closed = sorted(when for fan in fans for when in fan.closed)
    return max(sum(when <= other < when + 1 for other in closed) for when in closed)


async def everybody(fans: list[Fan], question: Callable[[Fan], bool]) -> None:
    deadline = time.monotonic() + 20
    while not all(map(question, fans)):
        assert time.monotonic() < deadline, f"{sum(not question(fan) for fan in fans)} of {len(fans)} are not there"
        await asyncio.sleep(0.05)
