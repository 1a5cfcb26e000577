"""A script that fails has written nothing, and a node knows beforehand that commits would fail."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from redis.asyncio import Redis

from stoppress.errors import StartError, StoreUnavailable
from stoppress.model import HEADER, START, Segment
from stoppress.store.port import Once, Write
from stoppress.store.redis.format import ALL_PARTS, KeyNames
from stoppress.store.redis.store import RedisStore

pytestmark = pytest.mark.redis

MAKE = Write(HEADER, 0, b"{}")
COMMANDS = "publish rpush lindex llen hset hdel hget zadd zrem expire unlink xadd xtrim".split()


@pytest.fixture
async def user_store(redis: Redis, redis_server) -> AsyncIterator[RedisStore]:
    """A store that connects as a user `node`, who may do everything with the store's keys and channels."""
    rules = "reset on >pass ~stoppress:* &stoppress:* +@all".split()
    await redis.execute_command("ACL", "SETUSER", "node", *rules)
    store = RedisStore(f"redis://node:pass@127.0.0.1:{redis_server.port}")
    yield store
    await store.close()
    await redis.execute_command("ACL", "DELUSER", "node")


async def contents(redis: Redis) -> dict[Any, Any]:
    return {name: await redis.dump(name) for name in await redis.keys("stoppress:{*")}


@pytest.mark.parametrize("rule", ["resetchannels", *(f"-{command}" for command in COMMANDS)])
async def test_a_commit_without_a_permission_writes_nothing(redis: Redis, user_store: RedisStore, rule: str):
    await user_store.open()
    first = await user_store.commit("karabakh", [MAKE, Write("a", 0, b"secret")], Once("k", "f"))
    before = await contents(redis)
    await redis.execute_command("ACL", "SETUSER", "node", rule)
    tries: list[Callable[[], Awaitable[object]]] = [
        user_store.ping,
        lambda: user_store.commit("karabakh", [Write("a", 1, b"{}", erase=True), Write("b", 0, b"{}", due=1)]),
        lambda: user_store.delete("karabakh"),
    ]
    if not rule.startswith("-x"):  # a restoration writes no act
        tries.append(lambda: user_store.restore("other", START, first))
    for attempt in tries:
        with pytest.raises(StoreUnavailable, match=r"may not|permission"):
            await attempt()
    assert await contents(redis) == before


async def test_a_user_without_channels_cannot_start_a_node(redis: Redis, user_store: RedisStore):
    await redis.execute_command("ACL", "SETUSER", "node", "resetchannels")
    with pytest.raises(StartError, match=r"may not use PUBLISH with stoppress:0:{-}\. "):
        await user_store.open()


@pytest.mark.parametrize("part", ALL_PARTS.split())
async def test_a_key_of_a_wrong_type_stops_a_script_before_it_writes(
    redis: Redis, new_redis_store: Callable[[], Awaitable[RedisStore]], part: str
):
    store = await new_redis_store()
    first = await store.commit("karabakh", [MAKE, Write("a", 0, b"secret")], Once("k", "f"))
    await redis.delete(KeyNames().key("karabakh", part))
    await redis.set(KeyNames().key("karabakh", part), "?")
    before = await contents(redis)
    if part != "deleted":
        with pytest.raises(StoreUnavailable, match=f":{part} is a string"):
            await store.commit("karabakh", [Write("a", 1, b"{}", erase=True)], Once("l", "f"))
    if part not in ("expiry", "removed", "audit"):
        with pytest.raises(StoreUnavailable, match=f":{part} is a string"):
            await store.restore("karabakh", first.cursor, Segment(first.cursor, ("tag",), ()))
    with pytest.raises(StoreUnavailable, match=f":{part} is a string"):
        await store.delete("karabakh")
    assert await contents(redis) == before


async def test_an_unreadable_answer_is_forgotten_with_the_body(
    redis: Redis, new_redis_store: Callable[[], Awaitable[RedisStore]]
):
    store = await new_redis_store()
    await store.commit("karabakh", [MAKE, Write("a", 0, b"secret")], Once("k", "f"))
    await redis.hset(KeyNames().key("karabakh", "answers"), "j", b"1-x \xc1 secret")
    await store.commit("karabakh", [Write("a", 1, b"{}", erase=True)])
    kept = await redis.hgetall(KeyNames().key("karabakh", "answers"))
    assert list(kept) == [b"k"] and b"secret" not in kept[b"k"]


async def test_a_lost_answer_does_not_block_its_key(redis: Redis, new_redis_store: Callable[[], Awaitable[RedisStore]]):
    store = await new_redis_store()
    await store.commit("karabakh", [MAKE], Once("k", "f"))
    await redis.delete(KeyNames().key("karabakh", "answers"))
    change = await store.commit("karabakh", [Write("a", 0, b"{}")], Once("k", "f"))
    assert change.cursor.seq == 2


UNREADABLE = [
    b"",
    b"nonsense",
    b"1-x \xc1",
    b"1-x 5",
    b"1-x \x92\xa1f\x05",
    b"1-x \x92\xa1f\x91\x05",
    b"\xff \x92\xa1f\x90",
]


@pytest.mark.parametrize("answer", UNREADABLE)
async def test_an_unreadable_answer_does_not_block_its_key(
    redis: Redis, new_redis_store: Callable[[], Awaitable[RedisStore]], answer: bytes
):
    store = await new_redis_store()
    await store.commit("karabakh", [MAKE], Once("k", "f"))
    await redis.hset(KeyNames().key("karabakh", "answers"), "k", answer)
    change = await store.commit("karabakh", [Write("a", 0, b"{}")], Once("k", "f"))
    assert change.cursor.seq == 2
    await redis.hset(KeyNames().key("karabakh", "answers"), "k", answer)
    assert await store.recall("karabakh", Once("k", "f")) is None
    erased = await store.commit("karabakh", [Write("a", 1, b"{}", erase=True)], Once("k", "f"))
    assert await store.recall("karabakh", Once("k", "f")) == erased


async def test_an_answer_whose_time_is_lost_is_still_the_answer(
    redis: Redis, new_redis_store: Callable[[], Awaitable[RedisStore]]
):
    store = await new_redis_store()
    first = await store.commit("karabakh", [MAKE], Once("k", "f"))
    await redis.delete(KeyNames().key("karabakh", "expiry"))
    assert await store.recall("karabakh", Once("k", "f")) == first
    assert await store.commit("karabakh", [Write("a", 0, b"{}")], Once("k", "f")) == first


async def test_a_full_redis_takes_retractions_and_deletions_and_nothing_else(
    redis: Redis, new_redis_store: Callable[[], Awaitable[RedisStore]]
):
    store = await new_redis_store()
    await store.commit("karabakh", [MAKE, Write("a", 0, b"secret")], Once("k", "f"))
    await redis.config_set("maxmemory", "1mb")
    try:
        await redis.script_flush()
        with pytest.raises(StoreUnavailable, match="maxmemory"):
            await store.commit("karabakh", [Write("b", 0, b"{}")])
        change = await store.commit("karabakh", [Write(HEADER, 1, b"{}"), Write("a", 1, b"gone", erase=True)])
        assert change.items[-1].body == b"gone"
        assert b"secret" not in await redis.hget(KeyNames().key("karabakh", "answers"), "k")  # type: ignore[operator]
        await store.delete("karabakh")
    finally:
        await redis.config_set("maxmemory", 0)
