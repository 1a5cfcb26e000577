"""A Redis that is promoted while the old master lives on and takes writes: nothing that was answered is lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from redis.asyncio import Redis
from websockets.asyncio.client import connect

from loadtest.chaos.stage.proxy import NetworkLink
from tests.support.node import RunningNode
from tests.support.processes import Slowdown
from tests.support.redis_servers import RedisServer

BLOG = "karabakh"

LIMIT = 4.0
"""Seconds within which a node notices, on an idle machine."""

pytestmark = [pytest.mark.redis, pytest.mark.slow]


@pytest.fixture
async def link(start_redis: Callable[..., RedisServer]) -> AsyncIterator[NetworkLink]:
    link = NetworkLink(start_redis().port)
    await link.start()
    yield link
    await link.close()


async def promote(start_redis: Callable[..., RedisServer], link: NetworkLink) -> RedisServer:
    """Return a replica that has everything, as a master now. The old master keeps its connections."""
    new = start_redis(f"replicaof 127.0.0.1 {link.target}")
    async with asyncio.timeout(30), Redis(port=new.port) as client:
        while (await client.info("replication"))["master_link_status"] != "up":
            await asyncio.sleep(0.01)
        await client.replicaof("NO", "ONE")
    link.target = new.port
    return new


async def write_until(editor: httpx.AsyncClient, done: asyncio.Event) -> set[str]:
    """Publish entries until `done`; return the ids of those that were acknowledged."""
    acknowledged: set[str] = set()
    while not done.is_set():
        answer = await editor.post(f"/api/blogs/{BLOG}/entries", json={"markdown": "news"})
        if answer.status_code == 201:
            acknowledged.add(answer.json()["id"])
        await asyncio.sleep(0.02)
    return acknowledged


async def nodes_at(port: int) -> int:
    """Return the number of connections that nodes have to a server."""
    async with Redis(port=port) as client:
        return sum(other["name"] == "stoppress" for other in await client.client_list())


async def entries_in(server: RedisServer) -> dict[str, bytes]:
    """Return the entries that are stored in a server, by id."""
    async with Redis(port=server.port) as client:
        items: dict[bytes, bytes] = await client.hgetall(f"stoppress:{{{BLOG}}}:items")  # type: ignore[assignment]
        return {name.decode(): body for name, body in items.items()}


async def test_what_a_detached_master_has_acknowledged_reaches_the_new_one(start_node, start_redis, link, figure):
    nodes: list[RunningNode] = [await start_node(f"redis://127.0.0.1:{link.port}/0") for _ in range(2)]
    await nodes[0].make_blog(BLOG)
    slowdown = Slowdown()
    async with nodes[0].editor() as editor, nodes[1].editor() as other:
        secret = (await editor.post(f"/api/blogs/{BLOG}/entries", json={"markdown": "the secret"})).json()["id"]
        old = link.target
        new = await promote(start_redis, link)
        promoted_at = time.monotonic()
        assert (await editor.delete(f"/api/blogs/{BLOG}/entries/{secret}")).status_code == 200
        left = asyncio.Event()
        writes = asyncio.create_task(write_until(other, left))
        async with asyncio.timeout(30):
            while await nodes_at(old):
                await asyncio.sleep(0.02)
        noticed = time.monotonic() - promoted_at
        left.set()
        acknowledged = await writes
        async with asyncio.timeout(30):
            while not acknowledged <= (kept := await entries_in(new)).keys():
                await asyncio.sleep(0.05)
        assert b"the secret" not in kept[secret]
        for node in nodes:
            async with connect(f"{node.websocket_url}/blogs/{BLOG}/live") as reader:
                assert "the secret" not in str(await reader.recv())
    slowdown.sample()
    figure(f"split brain: noticed after {noticed:.1f} s, {len(acknowledged)} writes acknowledged, 0 lost")
    assert noticed <= LIMIT * slowdown.factor


async def test_an_exchanged_redis_gets_everything_that_the_nodes_have(start_node, start_redis, link, figure):
    node = await start_node(f"redis://127.0.0.1:{link.port}/0")
    await node.make_blog(BLOG)
    slowdown = Slowdown()
    async with node.editor() as editor:
        entry = (await editor.post(f"/api/blogs/{BLOG}/entries", json={"markdown": "news"})).json()["id"]
        new = start_redis()
        link.target = new.port
        exchanged_at = time.monotonic()
        async with asyncio.timeout(30):
            while entry not in await entries_in(new):
                await asyncio.sleep(0.02)
        noticed = time.monotonic() - exchanged_at
        assert (await editor.get("/readyz")).status_code == 200
    slowdown.sample()
    figure(f"Redis exchanged for an empty one: everything is back after {noticed:.1f} s")
    assert noticed <= LIMIT * slowdown.factor
