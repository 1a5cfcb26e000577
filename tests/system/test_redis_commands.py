"""What Redis has to do: one script and one message for a publish, and nothing for readers."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from redis.asyncio import Redis
from websockets.asyncio.client import connect

from tests.conftest import Eventually, StartNode
from tests.support.node import RunningNode, until_received
from tests.support.redis_servers import RedisServer
from tests.support.tokens import claims, secret_file, signed

pytestmark = [pytest.mark.redis, pytest.mark.slow]

READERS, PUBLISHES = 200, 20

ALWAYS = {"publish", "zrangebyscore", "lindex", "sscan", "zrange", "time", "info", "hello", "select", "exists"}
ALWAYS |= {"client|setinfo", "client|setname", "llen", "hlen", "zcard", "zcount", "zrevrange", "hget", "smembers"}
"""Commands that nodes also send when nothing happens."""


async def calls(redis: Redis) -> Counter[str]:
    stats: dict[str, Any] = await redis.info("commandstats")
    return Counter({name.removeprefix("cmdstat_"): figures["calls"] for name, figures in stats.items()})


async def read(node: RunningNode, since: str = "", token: str = "") -> None:
    """Read the public blog or, with a token, the private one."""
    query = urlencode({name: value for name, value in (("since", since), ("token", token)) if value})
    blog = "closed" if token else "demo"
    async with connect(f"{node.websocket_url}/blogs/{blog}/live?{query}", open_timeout=60) as reader:
        await asyncio.wait_for(reader.recv(), 60)


async def come_and_return(nodes: list[RunningNode], cursor: str) -> None:
    for since in ("", cursor):
        for begin in range(0, READERS, 20):
            await asyncio.gather(*(read(nodes[n % len(nodes)], since) for n in range(begin, begin + 20)))


async def test_readers_with_tokens_cost_redis_nothing(
    start_node: StartNode, redis_server: RedisServer, tmp_path: Path, eventually: Eventually, figure
):
    async with Redis.from_url(redis_server.url) as redis:
        await redis.flushall()
        node = await start_node(redis_server.url, STOPPRESS_TOKEN_SECRET_FILE=secret_file(tmp_path))
        await node.make_blog("closed", access="token")
        await read(node, token=signed())
        before = await calls(redis)

        async def is_idle() -> bool:  # after the first look at all blogs
            nonlocal before
            earlier = before
            await asyncio.sleep(0.5)  # the nodes ask for heads each second
            before = await calls(redis)
            return not (before - earlier).keys() - ALWAYS

        await eventually(is_idle)
        for _ in range(READERS // 20):
            await asyncio.gather(*(read(node, token=signed(claims(sub=f"reader-{number}"))) for number in range(20)))
        made = await calls(redis) - before
    figure(f"Redis: {READERS} arrivals of readers with tokens: no command")
    assert not made.keys() - ALWAYS, made


async def test_readers_cost_redis_nothing_and_a_publish_one_script(
    start_node: StartNode, redis_server: RedisServer, figure
):
    async with Redis.from_url(redis_server.url) as redis, redis.pubsub() as messages:
        await redis.flushall()
        nodes = [await start_node(redis_server.url) for _ in range(2)]
        await nodes[0].make_blog("demo")
        await asyncio.gather(*(read(node) for node in nodes))  # both load the blog
        async with nodes[0].editor() as editor:
            answer = await editor.post("/api/blogs/demo/entries", json={"markdown": "first"})
        await asyncio.sleep(1)  # for the first looks of both at all blogs
        before, began = await calls(redis), time.monotonic()
        await come_and_return(nodes, answer.headers["stoppress-cursor"])
        made = await calls(redis) - before
        passed = time.monotonic() - began
        assert not made.keys() - ALWAYS, made
        assert made["lindex"] <= 2 * (passed / 2 + 3), "only the comparison every two seconds"

        await messages.subscribe("stoppress:0:{demo}")
        before = await calls(redis)
        async with connect(f"{nodes[1].websocket_url}/blogs/demo/live") as reader, nodes[0].editor() as editor:
            for number in range(PUBLISHES):
                answer = await editor.post("/api/blogs/demo/entries", json={"markdown": f"entry {number}"})
                await until_received(reader, answer.headers["stoppress-cursor"])
        scripts = (await calls(redis) - before)["evalsha"]
        sent = 0
        while await messages.get_message(ignore_subscribe_messages=False, timeout=0.5):
            sent += 1
    figure(f"Redis: {2 * READERS} arrivals of readers: no command; {PUBLISHES} publishes: {scripts} scripts")
    assert sent - 1 == PUBLISHES, "one message each"
    assert PUBLISHES <= scripts <= PUBLISHES + 2, "a comparison may be faster than a message, and repair in vain"
