"""An embargo ends on all nodes at the same moment, and a blog closes on all of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.conftest import StartNode
from tests.support.closing import closed
from tests.support.node import RunningNode
from tests.support.redis_servers import RedisServer
from tests.support.tokens import claims, secret_file, signed

pytestmark = pytest.mark.redis


async def opened(node: RunningNode) -> float:
    """Return when a stranger got the page for the first time."""
    async with httpx.AsyncClient(base_url=node.url, trust_env=False) as client:
        while (answer := await client.get("/blogs/embargo")).status_code == 401:
            assert "cache-control" in answer.headers
            await asyncio.sleep(0.02)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"
    return time.time()


async def test_an_embargo_ends_on_two_nodes_within_a_second(
    start_node: StartNode, redis_server: RedisServer, figure: Callable[[str], None]
):
    redis_server.flush()
    nodes = [await start_node(redis_server.node_url) for _ in range(2)]
    opens_at = time.time() + 2
    moment = datetime.fromtimestamp(opens_at, UTC).isoformat()
    await nodes[0].make_blog("embargo", access="token", public_from=moment)
    late = [at - opens_at for at in await asyncio.gather(*map(opened, nodes))]
    figure(f"an embargo ended on two nodes after {min(late) * 1000:.0f} and {max(late) * 1000:.0f} ms")
    assert min(late) > -0.05
    assert max(late) < 1
    for node in nodes:
        async with connect(f"{node.websocket_url}/blogs/embargo/live") as line:
            assert "update" in str(await line.recv())


async def test_a_blog_closes_to_guests_of_every_node(
    start_node: StartNode, redis_server: RedisServer, tmp_path, figure: Callable[[str], None]
):
    redis_server.flush()
    secret = secret_file(tmp_path)
    nodes = [await start_node(redis_server.node_url, STOPPRESS_TOKEN_SECRET_FILE=secret) for _ in range(2)]
    await nodes[0].make_blog("closing")
    address = f"{nodes[1].websocket_url}/blogs/closing/live"
    async with connect(address) as guest, connect(f"{address}?token={signed(claims(['closing']))}") as member:
        await guest.recv()
        await member.recv()
        async with nodes[0].editor() as editor:
            await editor.patch("/api/blogs/closing", json={"access": "token", "headline": "Secret"})
        began = time.monotonic()
        code, said = await closed(guest)
        assert (code, "Secret" in said) == (4403, False)
        figure(f"a guest of another node was sent away after {(time.monotonic() - began) * 1000:.0f} ms")
        assert "Secret" in str(await member.recv())
