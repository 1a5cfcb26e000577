"""Between a loss of the store and the put-back, no surface says that a blog does not exist."""

from __future__ import annotations

import asyncio
import os
import signal

import httpx
import pytest
from redis.asyncio import Redis
from websockets.asyncio.client import connect

from tests.conftest import Eventually, StartNode
from tests.support.redis_servers import RedisServer

pytestmark = [pytest.mark.redis, pytest.mark.slow]


async def test_a_blog_that_only_a_sleeping_node_has_is_not_said_to_be_gone(
    start_node: StartNode, redis_server: RedisServer, eventually: Eventually
):
    async with Redis.from_url(redis_server.url) as redis:
        await redis.flushall()
        asleep, other = await start_node(redis_server.url), await start_node(redis_server.url)
        await asleep.make_blog("demo")
        async with httpx.AsyncClient(base_url=asleep.url, trust_env=False) as client:
            cursor = (await client.get("/blogs/demo/changes")).json()["cursor"]
        os.kill(asleep.pid, signal.SIGSTOP)
        try:
            await redis.flushall()
            async with other.editor() as editor:
                for path in ("/blogs/demo", "/blogs/demo/changes", "/blogs/demo/entries", "/blogs/demo.atom"):
                    answer = await editor.get(path)
                    assert (answer.status_code, "retry-after" in answer.headers) == (503, True), path
                events = await editor.get("/blogs/demo/events", headers={"accept": "text/event-stream"})
                assert events.status_code == 200 and "event: retry" in events.text, "an EventSource gives up at 503"
                entry = await editor.post("/api/blogs/demo/entries", json={"markdown": "x"})
                assert entry.status_code == (await editor.get("/api/blogs/demo")).status_code == 503
                assert (await editor.put("/api/blogs/demo", json={"headline": "again"})).status_code == 503
                assert (await editor.get("/blogs/another")).status_code == 404
            async with connect(f"{other.websocket_url}/blogs/demo/live") as reader:
                await reader.wait_closed()
                assert reader.close_code == 1013
        finally:
            os.kill(asleep.pid, signal.SIGCONT)

        async def is_back() -> bool:
            async with httpx.AsyncClient(base_url=other.url, trust_env=False) as client:
                answer = await client.get("/blogs/demo/changes")
                return answer.status_code == 200 and answer.json()["cursor"] == cursor

        await eventually(is_back)


async def test_a_sleeping_node_does_not_bring_a_deleted_blog_back(
    start_node: StartNode, redis_server: RedisServer, eventually: Eventually
):
    async with Redis.from_url(redis_server.url) as redis:
        await redis.flushall()
        asleep, other = await start_node(redis_server.url), await start_node(redis_server.url)
        await asleep.make_blog("demo")
        async with connect(f"{asleep.websocket_url}/blogs/demo/live") as reader:
            await reader.recv()
            os.kill(asleep.pid, signal.SIGSTOP)
            try:
                await redis.flushall()
                async with other.editor() as editor:
                    assert (await editor.delete("/api/blogs/demo")).status_code == 204
                    assert (await editor.get("/blogs/demo")).status_code == 404
            finally:
                os.kill(asleep.pid, signal.SIGCONT)
            async with asyncio.timeout(30):
                await reader.wait_closed()
            assert reader.close_code == 4404
        kept = await redis.keys("stoppress:{demo}:*")
        assert set(kept) == {b"stoppress:{demo}:deleted", b"stoppress:{demo}:audit"}
