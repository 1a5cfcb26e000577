"""Two nodes with one Redis, for the tests of revocations."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from loadtest.chaos.stage.proxy import NetworkLink
from tests.conftest import StartNode
from tests.support.node import ADMIN_KEY, RunningNode
from tests.support.redis_servers import RedisServer

BLOG = "election"


@pytest.fixture
async def link(redis_server: RedisServer) -> AsyncIterator[NetworkLink]:
    """Give the link over which the second node reaches Redis."""
    redis_server.flush()
    link = NetworkLink(redis_server.port)
    await link.start()
    yield link
    await link.close()


@pytest.fixture
async def nodes(start_node: StartNode, redis_server: RedisServer, link: NetworkLink) -> list[RunningNode]:
    """Start two nodes with one blog. Wrong keys are not limited: all keys and people here have one address."""
    stores = [f"redis://127.0.0.1:{port}/0" for port in (redis_server.port, link.port)]
    started = [await start_node(store, STOPPRESS_MAX_GUESSES="0") for store in stores]
    async with started[0].editor(key=ADMIN_KEY) as admin:
        assert (await admin.put(f"/api/blogs/{BLOG}", json={})).status_code == 201
    return started
