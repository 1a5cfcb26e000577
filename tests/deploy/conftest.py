"""A site as it is deployed: Redis, two nodes, and in front of them nginx or Caddy with the files of `deploy/`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from tests.deploy.proxies import PROXIES, Proxy
from tests.support.node import KEY, RunningNode
from tests.support.redis_servers import RedisServer


class Site(NamedTuple):
    nodes: list[RunningNode]
    proxy: Proxy

    def client(self) -> httpx.AsyncClient:
        return self.proxy.client(headers={"authorization": f"Bearer {KEY}"})


@pytest.fixture(scope="module", params=PROXIES)
async def site(
    request: pytest.FixtureRequest, redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    """One for all tests of a file; a test that stops a node starts it again."""
    async with AsyncExitStack() as stack:
        nodes = [RunningNode(redis_server.url, STOPPRESS_BEAT="1") for _ in range(2)]
        for node in nodes:
            await stack.enter_async_context(node)
        folder: Path = tmp_path_factory.mktemp(request.param)
        proxy = PROXIES[request.param](folder, [node.port for node in nodes])
        yield Site(nodes, await stack.enter_async_context(proxy))
