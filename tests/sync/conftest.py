from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from redis.asyncio import Redis

from stoppress.store.redis.store import RedisStore
from tests.support.store_node import Node

NewNode = Callable[..., Awaitable[Node]]


@pytest.fixture
async def redis(redis_server) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_server.url) as client:
        await client.flushall()
        yield client


@pytest.fixture
async def new_node(redis, redis_server) -> AsyncIterator[NewNode]:
    async with AsyncExitStack() as stack:

        async def start(*, listening: bool = True) -> Node:
            store = RedisStore(redis_server.url)
            await store.open()
            stack.push_async_callback(store.close)
            node = Node(store)
            stack.push_async_callback(node.stop)
            if listening:
                node.listen()
            return node

        yield start
