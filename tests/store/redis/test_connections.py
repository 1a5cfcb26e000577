"""The connections to Redis: which server they lead to, and who has to wait for them."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from loadtest.chaos.stage.proxy import NetworkLink
from loadtest.ports import free_port
from stoppress.errors import BlogMissing, BlogNotFound, StartError, StoreUnavailable
from stoppress.model import HEADER
from stoppress.store.port import Lost, Write
from stoppress.store.redis import hints
from stoppress.store.redis.address import Address
from stoppress.store.redis.sentinels import Sentinels
from stoppress.store.redis.store import RedisStore
from tests.support.redis_servers import SERVICE, Cluster, RedisServer, WatchedServers, until

pytestmark = pytest.mark.redis

BLOG = "karabakh"
MAKE = Write(HEADER, 0, b"{}")


@pytest.fixture
async def link(redis: Redis, redis_server: RedisServer) -> AsyncIterator[NetworkLink]:
    link = NetworkLink(redis_server.port)
    await link.start()
    yield link
    await link.close()


@pytest.fixture
async def store(link: NetworkLink) -> AsyncIterator[RedisStore]:
    """A store whose connections pass the link."""
    store = RedisStore(f"redis://127.0.0.1:{link.port}/0")
    await store.open()
    yield store
    await store.close()


async def test_a_store_leaves_a_server_that_its_address_no_longer_leads_to(
    store: RedisStore, link: NetworkLink, redis: Redis, start_redis: Callable[..., RedisServer], next_hint
):
    await store.follow(BLOG)
    await store.commit(BLOG, [MAKE])
    link.target = start_redis().port
    assert await next_hint(store.hints(), Lost) == Lost(None)
    assert await store.blogs() == []
    await store.commit(BLOG, [MAKE, Write("a", 0, b"{}")])
    await store.ping()
    assert await redis.hkeys("stoppress:{karabakh}:items") == [b"header"]
    assert [other for other in await redis.client_list() if other["name"] == "stoppress"] == []


async def test_a_store_notices_connections_that_deliver_nothing(store: RedisStore, link: NetworkLink, next_hint):
    await store.follow(BLOG)
    await store.commit(BLOG, [MAKE])
    hints = store.hints()
    link.forget()
    began = time.monotonic()
    assert await next_hint(hints, Lost) == Lost(None)
    assert time.monotonic() - began > 1, "nothing was lost before"
    change = await store.commit(BLOG, [Write("a", 0, b"{}")])
    assert (await anext(hints))[:2] == (BLOG, change)


async def test_a_store_that_can_open_no_connection_goes_on_with_the_old_ones(
    store: RedisStore, link: NetworkLink, monkeypatch, eventually
):
    monkeypatch.setattr(hints, "_MAX_OUTAGE_SECONDS", 0.2)
    made = await store.commit(BLOG, [MAKE])
    assert await store.heads([BLOG]) == [made.cursor]
    await store.follow(BLOG)
    link.refuses = True

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


async def test_a_command_in_flight_fails_when_the_connections_are_dropped(store: RedisStore):
    server = store._server
    waiting = asyncio.create_task(server.answer(server.client.blpop("nothing", 30)))
    await asyncio.sleep(0.1)
    async with asyncio.timeout(1):
        await server.renew()
        with pytest.raises(StoreUnavailable):
            await waiting
    await store.commit(BLOG, [MAKE])


@pytest.mark.parametrize("purpose", ["editors", "sync"])
async def test_nobody_waits_for_connections_of_others(store: RedisStore, purpose: str):
    await store.commit(BLOG, [MAKE])
    server = store._server
    connections = {"editors": server, "sync": server.sync}[purpose]
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


async def test_a_store_uses_tls_and_checks_the_certificate(start_redis: Callable[..., RedisServer], tmp_path: Path):
    key, certificate, port = tmp_path / "key.pem", tmp_path / "certificate.pem", free_port()
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *files, *names]
    subprocess.run(command, check=True, capture_output=True)  # noqa: ASYNC221, it takes a moment
    options = (f"tls-cert-file {certificate}", f"tls-key-file {key}", f"tls-ca-cert-file {certificate}")
    start_redis(f"tls-port {port}", *options, "tls-auth-clients no")
    store = RedisStore(f"rediss://127.0.0.1:{port}?ssl_ca_certs={certificate}")
    await store.open()
    await store.follow(BLOG)
    change = await store.commit(BLOG, [MAKE])
    assert (await anext(store.hints()))[:2] == (BLOG, change)
    await store.close()
    with pytest.raises(StartError, match="certificate"):
        await RedisStore(f"rediss://127.0.0.1:{port}").open()


async def test_the_newest_configuration_of_the_sentinels_counts(watched_redis: WatchedServers, monkeypatch):
    """A sentinel that is cut off from the others goes on naming the old master."""
    sentinels = Sentinels(Address.parse(watched_redis.url), {})
    master = watched_redis.master().port
    ask = sentinels._ask

    async def stale(client: Any) -> tuple[int, str, int]:
        epoch, host, port = await ask(client)
        return (epoch, host, port) if client is sentinels._clients[1] else (epoch - 1, host, port + 1)

    monkeypatch.setattr(sentinels, "_ask", stale)
    assert await sentinels.master() == ("127.0.0.1", master)
    await sentinels.close()


async def test_sentinels_that_do_not_know_the_service_are_reported(watched_redis: WatchedServers):
    with pytest.raises(StartError, match=r"no sentinel names a master of 'papers': .*No such master"):
        await RedisStore(watched_redis.url.replace(f"/{SERVICE}", "/papers")).open()


async def test_a_cluster_needs_its_own_scheme(redis_cluster: Cluster, redis_server: RedisServer):
    with pytest.raises(StartError, match=r"runs as a cluster; use redis\+cluster://"):
        await RedisStore(redis_cluster.masters[0].url).open()
    with pytest.raises(StartError, match="Cluster mode is not enabled"):
        await RedisStore(redis_server.url.replace("redis:", "redis+cluster:")).open()


async def test_every_master_of_a_cluster_must_take_writes(redis_cluster: Cluster):
    store = RedisStore(redis_cluster.node_url)
    await store.open()
    for server in redis_cluster.servers:
        async with Redis(port=server.port) as admin:
            is_master = (await admin.info("replication"))["role"] == "master"
            await admin.config_set("maxmemory", 1)
            if is_master:
                with pytest.raises(StoreUnavailable, match="memory"):
                    await store.ping()
            await admin.config_set("maxmemory", 0)
        await store.ping()
    await store.close()


async def test_a_cluster_is_found_without_the_node_in_the_address(redis_cluster: Cluster, next_hint):
    until(redis_cluster.can_fail_over)
    redis_cluster.flush()
    store = RedisStore(redis_cluster.short_url)
    await store.open()
    await store.follow(BLOG)
    hints = store.hints()
    named = redis_cluster.replica()
    named.stop()
    for server in redis_cluster.servers:
        if server is not named:
            async with Redis(port=server.port) as admin:
                await admin.client_kill_filter(_type="pubsub")
    assert await next_hint(hints, Lost) == Lost(None)
    change = await store.commit(BLOG, [MAKE])
    assert (await anext(hints))[:2] == (BLOG, change)
    await store.ping()
    await store.close()
    named.start()


async def test_a_lost_blog_that_another_node_has_is_not_gone_in_a_cluster(redis_cluster: Cluster, monkeypatch):
    """A node has one subscription, at any server of the cluster."""
    monkeypatch.setattr(hints, "_RETURN_SECONDS", 0.0)
    until(redis_cluster.can_fail_over)
    redis_cluster.flush()
    here, there = RedisStore(redis_cluster.node_url), RedisStore(redis_cluster.node_url)
    blogs = [f"blog-{number}" for number in range(12)]
    for store in (here, there):
        await store.open()
    for blog in blogs:
        await here.commit(blog, [MAKE])
        await here.follow(blog)
    redis_cluster.flush()
    for blog in blogs:
        with pytest.raises(BlogMissing):
            await there.read(blog)
        await here.unfollow(blog)
    await here.close()
    for blog in blogs:
        with pytest.raises(BlogNotFound):
            await there.read(blog)
    await there.close()


async def test_the_lost_list_of_names_is_written_again_in_a_cluster(redis_cluster: Cluster, eventually):
    until(redis_cluster.can_fail_over)
    redis_cluster.flush()
    store = RedisStore(redis_cluster.node_url)
    await store.open()
    blogs = sorted(f"blog-{number}" for number in range(12))
    for blog in blogs:
        await store.commit(blog, [MAKE])
    await store._server.answer(store._server.client.delete(store._server.names.blogs))

    async def is_back() -> bool:
        return await store.blogs() == blogs

    await eventually(is_back)
    await store.close()
