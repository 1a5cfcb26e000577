"""The connections to Redis: which server they lead to, and who has to wait for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from redis.asyncio import Redis

from stoppress.errors import StoreUnavailable
from stoppress.model import HEADER
from stoppress.store.port import Lost, Write
from stoppress.store.redis import hints
from stoppress.store.redis.store import RedisStore
from tests.support.redis_servers import RedisServer
from tests.support.relay import Relay

pytestmark = pytest.mark.redis

BLOG = "karabakh"
MAKE = Write(HEADER, 0, b"{}")


@pytest.fixture
async def relay(redis: Redis, redis_server: RedisServer) -> AsyncIterator[Relay]:
    async with Relay(redis_server.port) as relay:
        yield relay


@pytest.fixture
async def store(relay: Relay) -> AsyncIterator[RedisStore]:
    """A store whose connections pass the relay."""
    store = RedisStore(relay.url)
    await store.open()
    yield store
    await store.close()


async def test_a_store_leaves_a_server_that_its_address_no_longer_leads_to(
    store: RedisStore, relay: Relay, redis: Redis, start_redis: Callable[..., RedisServer], next_hint
):
    await store.follow(BLOG)
    await store.commit(BLOG, [MAKE])
    relay.target = start_redis().port
    assert await next_hint(store.hints(), Lost) == Lost(None)
    assert await store.blogs() == []
    await store.commit(BLOG, [MAKE, Write("a", 0, b"{}")])
    await store.ping()
    assert await redis.hkeys("stoppress:{karabakh}:items") == [b"header"]
    assert [other for other in await redis.client_list() if other["name"] == "stoppress"] == []


async def test_a_store_that_can_open_no_connection_goes_on_with_the_old_ones(
    store: RedisStore, relay: Relay, monkeypatch, eventually
):
    monkeypatch.setattr(hints, "_MAX_OUTAGE_SECONDS", 0.2)
    made = await store.commit(BLOG, [MAKE])
    assert await store.heads([BLOG]) == [made.cursor]
    await store.follow(BLOG)
    relay.target = None

    async def problem() -> str:
        try:
            await store.ping()
        except StoreUnavailable as error:
            return str(error)
        return ""

    assert "takes no new connection" in await eventually(problem)
    change = await store.commit(BLOG, [Write("a", 0, b"{}")])
    assert (await anext(store.hints()))[:2] == (BLOG, change)
    assert await store.heads([BLOG]) == [change.cursor]


@pytest.mark.parametrize("purpose", ["editors", "sync"])
async def test_nobody_waits_for_connections_of_others(store: RedisStore, purpose: str):
    await store.commit(BLOG, [MAKE])
    server = store._server
    connections = {"editors": server.editors, "sync": server.sync}[purpose]
    busy = [
        asyncio.create_task(connections.answer(connections.client.blpop("nothing", 2))) for _ in range(100)
    ]  # so many that some wait
    await asyncio.sleep(0.1)
    async with asyncio.timeout(1.5):
        await store.ping()
        await (store.heads([BLOG]) if purpose == "editors" else store.item(BLOG, HEADER))
    for task in busy:
        task.cancel()
    await asyncio.gather(*busy, return_exceptions=True)
