from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from stoppress.store.port import Hint, Store
from stoppress.store.select import store_from

NewStore = Callable[[], Awaitable[Store]]


@pytest.fixture
async def redis(redis_server: Any) -> AsyncIterator[Redis]:
    """A look at the server past the store; it is empty when the test begins."""
    async with Redis.from_url(redis_server.url) as client:
        await client.flushall()
        yield client


@pytest.fixture
async def new_redis_store(redis: Redis, redis_server: Any) -> AsyncIterator[NewStore]:
    """Stores of several nodes on one server."""
    async with AsyncExitStack() as stack:

        async def open_one() -> Store:
            store = store_from(redis_server.node_url)
            stack.push_async_callback(store.close)
            await store.open()
            return store

        yield open_one


@pytest.fixture(params=["sqlite", "redis_server", "watched_redis", "redis_cluster"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """Every store there is, one after the other, empty and open. Those in Redis have a user with few rights."""
    if request.param == "sqlite":
        url = f"sqlite:{tmp_path / 'blogs.db'}"
    else:
        servers = request.getfixturevalue(request.param)
        servers.flush()
        url = servers.node_url
    store = store_from(url)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
def next_hint() -> Callable[..., Awaitable[Hint]]:
    """The first hint of a kind, for ten seconds at the most."""

    async def wait(hints: AsyncIterator[Hint], kind: type[Hint]) -> Hint:
        async with asyncio.timeout(10):
            async for hint in hints:
                if isinstance(hint, kind):
                    return hint
        raise AssertionError("the store was closed")

    return wait
