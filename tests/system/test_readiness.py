"""P8: /readyz is red within 10 seconds when a publish would not come out at readers' sockets, and green again after."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import httpx
import pytest
from redis.asyncio import Redis
from starlette.requests import Request
from websockets.asyncio.client import connect

from stoppress.live.hub import Hub, Timing
from stoppress.live.replica import Replica
from stoppress.newsroom.clock import StoreClock
from stoppress.store.redis.store import RedisStore
from stoppress.store.sqlite.store import SQLiteStore
from stoppress.sync.follower import Follower
from stoppress.telemetry.counts import Counts
from stoppress.web.admission.addresses import Addresses
from stoppress.web.admission.admission import Admission
from stoppress.web.operations.health import Health
from stoppress.wire.close_reasons import CloseCode, CloseReason
from tests.support.node import RunningNode
from tests.support.redis_servers import RedisServer
from tests.support.store_node import BLOG, make_blog, publish

LIMIT = 10.0
"""Seconds: the promise."""

pytestmark = [pytest.mark.redis, pytest.mark.slow]


async def status(node: RunningNode) -> int:
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        return (await client.get(f"{node.url}/readyz")).status_code


async def seconds_until(expected: int, ask: Callable[[], Awaitable[int]]) -> float:
    began = time.monotonic()
    while await ask() != expected:
        assert time.monotonic() - began < LIMIT, f"no {expected} within {LIMIT:g} s"
        await asyncio.sleep(0.1)
    return time.monotonic() - began


@pytest.fixture
async def admin(redis_server: RedisServer) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_server.url) as client:
        await client.flushall()
        yield client
        await client.execute_command("ACL", "DELUSER", "half")


@pytest.mark.parametrize("lost", ["-lindex", "-evalsha"], ids=["heads cannot be compared", "blogs cannot be read"])
async def test_a_node_that_hears_nothing_of_the_others_turns_red(start_node, redis_server, admin, figure, lost):
    async def allow(*rules: str) -> None:
        await admin.execute_command("ACL", "SETUSER", "half", "on", ">secret", "~*", *rules)

    await allow("allchannels", "+@all")
    other = await start_node(redis_server.url)
    node = await start_node(redis_server.url.replace("//", "//half:secret@"), STOPPRESS_BEAT="3600")
    await other.make_blog(BLOG)
    async with connect(f"{node.websocket_url}/blogs/{BLOG}/live") as reader, other.editor() as editor:
        await reader.recv()
        assert await status(node) == await status(other) == 200
        await allow("resetchannels", lost)  # Redis ends the subscriptions; it still takes this node's writes
        assert (await editor.post(f"/api/blogs/{BLOG}/entries", json={"markdown": "news"})).status_code == 201
        red = await seconds_until(503, lambda: status(node))
        with suppress(TimeoutError):
            pytest.fail(f"the reader got {await asyncio.wait_for(reader.recv(), 0.1)!r}")
        assert await status(other) == 200
        await allow("allchannels", "+@all")
        await asyncio.wait_for(reader.recv(), LIMIT)
        green = await seconds_until(200, lambda: status(node))
    figure(f"P8, {lost}: /readyz red {red:.1f} s after the publish, green {green:.1f} s after it came out")


async def lose_the_disk(admin: Redis, server: RedisServer) -> None:
    (lost := server.folder / "lost").mkdir()
    await admin.config_set("dir", str(lost))
    lost.rmdir()
    await admin.bgsave()


async def find_the_disk(admin: Redis, server: RedisServer) -> None:
    await admin.config_set("dir", str(server.folder))
    await admin.bgsave()


def command(words: str) -> Callable[[Redis, RedisServer], Awaitable[object]]:
    return lambda admin, _server: admin.execute_command(*words.split())


USELESS = {
    "no channels": ("ACL SETUSER stoppress resetchannels", "ACL SETUSER stoppress &stoppress:*"),
    "channels of blogs only": ("ACL SETUSER stoppress resetchannels &stoppress:0:{*", "ACL SETUSER stoppress &*"),
    "no HSET": ("ACL SETUSER stoppress -hset", "ACL SETUSER stoppress +hset"),
    "no list of names": ("ACL SETUSER stoppress resetkeys ~stoppress:{*", "ACL SETUSER stoppress ~stoppress:*"),
    "no scripts": ("ACL SETUSER stoppress -evalsha", "ACL SETUSER stoppress +evalsha"),
    "read-only replica": ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"),
    "full memory": ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"),
    "too few replicas": ("CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0"),
    "no new connections": ("CONFIG SET maxclients 1", "CONFIG SET maxclients 1000"),
}


async def test_a_node_whose_redis_is_useless_turns_red(start_node, start_redis, figure):
    server = start_redis("save 3600 1", "enable-protected-configs yes")
    node = await start_node(server.node_url)
    cases = {name: (command(broken), command(whole)) for name, (broken, whole) in USELESS.items()}
    cases["full disk"] = (lose_the_disk, find_the_disk)
    async with Redis.from_url(server.url) as admin:
        for name, (spoil, rebuild) in cases.items():
            assert await seconds_until(200, lambda: status(node)) < LIMIT
            await spoil(admin, server)
            red = await seconds_until(503, lambda: status(node))
            await rebuild(admin, server)
            green = await seconds_until(200, lambda: status(node))
            figure(f"P8, {name}: /readyz red after {red:.1f} s, green {green:.1f} s after it was put right")


async def test_a_node_whose_redis_is_frozen_turns_red(start_node, redis_server, figure):
    node = await start_node(redis_server.url)
    assert await status(node) == 200
    redis_server.freeze()
    try:
        red = await seconds_until(503, lambda: status(node))
    finally:
        redis_server.thaw()
    green = await seconds_until(200, lambda: status(node))
    figure(f"P8, Redis frozen: /readyz red after {red:.1f} s, green {green:.1f} s after it went on")


@pytest.mark.parametrize("ahead", [0, -3600, 3600])
async def test_a_node_with_a_wrong_clock_says_so_and_stays_green(tmp_path, monkeypatch, ahead: int):
    store = SQLiteStore(tmp_path / "blogs.db")
    await store.open()

    async def told() -> float:
        return time.time() - ahead

    monkeypatch.setattr(store, "time", told)
    clock = StoreClock(store)
    await clock.measure()
    follower = Follower(store, lambda blog: Hub(Replica(blog), Timing(lambda *_: None, time.monotonic), os.write))
    health = Health(store, follower, Admission(Addresses(), Counts(), time.monotonic), clock)
    answer = await health.ready(Request({"type": "http"}))
    assert answer.status_code == 200
    assert ("The clock of this node is 3600 s" in bytes(answer.body).decode()) is bool(ahead)
    assert round(health.clock_skew) == ahead
    await store.close()


async def test_a_node_whose_deliveries_are_stuck_turns_red(redis_server, admin, figure):
    kept: list[Callable[[], None]] = []
    timing = Timing(lambda _delay, work: kept.append(work), asyncio.get_running_loop().time)
    store = RedisStore(redis_server.url)
    await store.open()
    follower = Follower(store, lambda blog: Hub(Replica(blog), timing, lambda _fd, _data: 0))
    health = Health(store, follower, Admission(Addresses(), Counts(), timing.time))

    async def answer() -> int:
        return 503 if await health.problem() else 200

    comparing = asyncio.create_task(follower.compare())
    await store.commit(BLOG, [make_blog()])
    await follower.hub(BLOG)
    kept.pop()()
    assert await answer() == 200
    follower.committed(BLOG, await store.commit(BLOG, [publish(1)]), time.monotonic())
    red = await seconds_until(503, answer)
    kept.pop()()
    green = await seconds_until(200, answer)
    figure(f"P8, deliveries stuck: red after {red:.1f} s, green {green:.1f} s after they went on")
    comparing.cancel()
    with suppress(asyncio.CancelledError):
        await comparing
    await follower.close(CloseReason(CloseCode.GOING_AWAY, "over"))
    await store.close()
