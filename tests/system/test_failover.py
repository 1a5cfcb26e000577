"""A master of Redis fails, or hands over to its replica, behind sentinels and in a cluster."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.support.node import RunningNode
from tests.support.redis_servers import until

BLOG = "karabakh"
"""In a cluster, it belongs to the master that has a replica."""

LIMIT = 20.0
"""Seconds within which writes must go on; the sentinels and the cluster take two or three of them."""

pytestmark = [pytest.mark.redis, pytest.mark.slow]


class Writer:
    """Publishes entries until it is stopped, and notes those that were acknowledged."""

    def __init__(self, editor: httpx.AsyncClient) -> None:
        self._editor = editor
        self.acknowledged: set[str] = set()
        self.failed_at = 0.0

    async def run(self) -> None:
        while True:
            answer = await self._editor.post(f"/api/blogs/{BLOG}/entries", json={"markdown": "news"})
            if answer.status_code == 201:
                self.acknowledged.add(answer.json()["id"])
            else:
                assert answer.status_code == 503, answer.text
                self.failed_at = time.monotonic()
            await asyncio.sleep(0.02)

    async def goes_on(self, since: float) -> float:
        """Return the seconds after `since` at which a write failed for the last time, when ten have succeeded after."""
        async with asyncio.timeout(LIMIT):
            count, failed_at = len(self.acknowledged), self.failed_at
            while len(self.acknowledged) < count + 10:
                await asyncio.sleep(0.02)
                if self.failed_at != failed_at:
                    count, failed_at = len(self.acknowledged), self.failed_at
        return max(0.0, self.failed_at - since)


async def is_ready(node: RunningNode) -> bool:
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.get(f"{node.url}/readyz")).status_code == 200


async def read(websocket: Any, seen: set[str]) -> None:
    async for message in websocket:
        seen.update(item["id"] for item in json.loads(message).get("entries", ()))


@pytest.mark.parametrize("kind", ["watched_redis", "redis_cluster"])
async def test_readers_get_everything_and_writes_go_on_after_a_failover(request, start_node, eventually, figure, kind):
    servers = request.getfixturevalue(kind)
    await asyncio.to_thread(until, servers.can_fail_over)
    servers.flush()
    node, other = await start_node(servers.node_url), await start_node(servers.short_url)
    await node.make_blog(BLOG)
    seen: set[str] = set()
    async with node.editor() as editor, connect(f"{other.websocket_url}/blogs/{BLOG}/live") as websocket:
        reading = asyncio.create_task(read(websocket, seen))
        writer = Writer(editor)
        writing = asyncio.create_task(writer.run())
        old = servers.master(BLOG)
        began = time.monotonic()
        await asyncio.to_thread(servers.hand_over)
        await asyncio.to_thread(until, lambda: servers.master(BLOG) is not old and servers.can_fail_over())
        handed_over = await writer.goes_on(began)
        killed = servers.master(BLOG)
        killed.stop()
        began = time.monotonic()
        await asyncio.to_thread(until, lambda: servers.master(BLOG) is not killed)
        failed_over = await writer.goes_on(began)
        await eventually(lambda: is_ready(other))
        writing.cancel()
        killed.start()

        async def has_everything() -> bool:
            return writer.acknowledged <= seen

        await eventually(has_everything)
        reading.cancel()
    assert len(writer.acknowledged) >= 20
    figure(
        f"{kind}: writes fail until {handed_over:.1f} s after a hand-over and {failed_over:.1f} s after a kill; "
        f"{len(writer.acknowledged)} acknowledged, 0 lost"
    )
