"""P5 on a node that slept, or that is cut off from its store."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from redis.asyncio import Redis
from websockets.asyncio.client import connect

from tests.conftest import StartNode
from tests.support.node import RunningNode
from tests.support.redis_servers import RedisServer

pytestmark = [pytest.mark.redis, pytest.mark.slow]

SECRET = "what-must-be-gone"
PATHS = "", "/embed", ".atom", ".json", "/changes", "/entries"
SLEEP_SECONDS = 3.0


@pytest.fixture
async def nodes(start_node: StartNode, redis_server: RedisServer) -> tuple[RunningNode, RunningNode]:
    """A node that writes, and one that will sleep."""
    async with Redis.from_url(redis_server.url) as redis:
        await redis.flushall()
    return await start_node(redis_server.url), await start_node(redis_server.url)


@asynccontextmanager
async def stopped(node: RunningNode) -> AsyncIterator[None]:
    os.kill(node.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(node.pid, signal.SIGCONT)


async def get(node: RunningNode, path: str) -> str:
    async with httpx.AsyncClient(base_url=node.url, timeout=60, trust_env=False) as client:
        if path != "/events":
            return (await client.get(f"/blogs/demo{path}")).text
        async with client.stream("GET", "/blogs/demo/events") as answer:
            text = ""
            async for line in answer.aiter_lines():
                text += line
                if line.startswith("data:"):
                    break
            return text


async def first_message(node: RunningNode) -> str:
    async with connect(f"{node.websocket_url}/blogs/demo/live", open_timeout=60) as reader:
        return str(await asyncio.wait_for(reader.recv(), 60))


async def publish(node: RunningNode) -> str:
    await node.make_blog("demo")
    async with node.editor() as editor:
        answer = await editor.post("/api/blogs/demo/entries", json={"markdown": SECRET})
        return str(answer.json()["id"])


async def retract(node: RunningNode, entry_id: str) -> str:
    async with node.editor() as editor:
        answer = await editor.delete(f"/api/blogs/demo/entries/{entry_id}")
        assert answer.status_code == 200, answer.text
        return answer.headers["stoppress-cursor"]


async def test_requests_that_waited_for_a_sleeping_node_get_the_new_state(
    nodes: tuple[RunningNode, RunningNode], figure
):
    here, asleep = nodes
    entry_id = await publish(here)
    assert SECRET in await get(asleep, "")
    async with connect(f"{asleep.websocket_url}/blogs/demo/live") as reader:
        await reader.recv()
        async with stopped(asleep):
            waiting = [asyncio.create_task(get(asleep, path)) for path in (*PATHS, "/events") for _ in range(5)]
            waiting.append(asyncio.create_task(first_message(asleep)))
            cursor = await retract(here, entry_id)
            await asyncio.sleep(SLEEP_SECONDS)  # the node has to notice this
        answers = await asyncio.gather(*waiting)
        message = str(await asyncio.wait_for(reader.recv(), 30))
        while cursor not in message:
            assert SECRET not in message
            message = str(await asyncio.wait_for(reader.recv(), 30))
    new = sum(SECRET not in answer for answer in answers)
    figure(f"P5 after a sleep of {SLEEP_SECONDS:g} s: {new} of {len(answers)} requests that waited got the new state")
    assert new == len(answers) == 36


async def test_a_node_whose_redis_is_frozen_answers_with_what_it_has(
    nodes: tuple[RunningNode, RunningNode], redis_server: RedisServer, eventually
):
    node = nodes[0]
    await publish(node)
    redis_server.freeze()

    async def is_red() -> bool:
        return "200" not in await status(node)

    try:
        await eventually(is_red)
        for path in PATHS:
            assert SECRET in await get(node, path)
    finally:
        redis_server.thaw()


async def status(node: RunningNode) -> str:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        return str((await client.get(f"{node.url}/readyz")).status_code)
