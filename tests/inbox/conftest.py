from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from tests.conftest import StartNode
from tests.inbox.sender import Sender
from tests.support.node import RunningNode
from tests.support.redis_servers import RedisServer

NAME = "tests"
"""The name of the inbox's editor, and of the API key of `RunningNode`."""


@pytest.fixture
async def redis(redis_server: RedisServer) -> AsyncIterator[Redis]:
    """A connection of a CMS; Redis is empty when the test begins."""
    async with Redis.from_url(redis_server.url) as client:
        await client.flushall()
        yield client


@pytest.fixture
async def sender(redis: Redis) -> AsyncIterator[Sender]:
    async with Sender(redis) as sender:
        yield sender


@pytest.fixture
async def inbox_node(redis: Redis, redis_server: RedisServer, start_node: StartNode) -> RunningNode:
    """A node that reads messages, with the blog `demo`."""
    node = await start_node(redis_server.url, STOPPRESS_INBOX=NAME)
    await node.make_blog()
    return node
