"""Accounts in Redis: keys that are lost one by one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from redis.asyncio import Redis

from stoppress.errors import StoreUnavailable
from stoppress.store.accounts.port import Record, RecordWrite
from stoppress.store.past.port import Act, Actor
from stoppress.store.redis.format import ACCOUNTS, ACCOUNTS_PARTS, KeyNames
from stoppress.store.redis.store import RedisStore
from tests.store.conftest import NewStore

pytestmark = pytest.mark.redis

KEYS = dict(zip(ACCOUNTS_PARTS.split(), KeyNames().keys(ACCOUNTS, ACCOUNTS_PARTS), strict=True))

ACT = Act(who=Actor("key", "root"), action="make_key")
ANN, BOB = Record("ann", 1, b"1"), Record("bob", 1, b"2", expires=4e9)


@pytest.fixture
async def accounts(new_redis_store: NewStore):
    accounts = (await new_redis_store()).accounts
    await accounts.write([RecordWrite("key", one.id, one.body, 0, one.expires) for one in (ANN, BOB)])
    return accounts


@pytest.mark.parametrize("lost", [["ids"], ["ends"], ["ids", "ends"]])
async def test_lost_indexes_are_made_again(redis: Redis, accounts, lost: list[str]):
    await redis.delete(*(KEYS[part] for part in lost))
    assert await accounts.records("key") == [ANN, BOB]
    await redis.delete(*(KEYS[part] for part in lost))
    await accounts.write([RecordWrite("key", "eve", b"3")])
    assert await redis.zcard(KEYS["ids"]) == await redis.zcard(KEYS["ends"]) == 3
    assert await redis.zscore(KEYS["ends"], "key/bob") == 4e9
    assert [one.id for one in await accounts.records("key")] == ["ann", "bob", "eve"]


async def test_lost_records_stay_lost(redis: Redis, accounts):
    await redis.delete(KEYS["records"])
    assert await accounts.get("key", "ann") is None
    assert await accounts.records("key") == []
    await accounts.write([RecordWrite("key", "ann", b"new", expected=0)])
    assert await accounts.records("key") == [Record("ann", 1, b"new")]
    assert await redis.zcard(KEYS["ids"]) == 1


async def test_a_record_that_cannot_be_read_is_not_valid(redis: Redis, accounts):
    await redis.hset(KEYS["records"], "key/ann", "nonsense")
    with pytest.raises(StoreUnavailable, match="'ann' in Redis cannot be read"):
        await accounts.get("key", "ann")
    assert await accounts.records("key") == [BOB], "it does not hide the others"
    await accounts.write([RecordWrite("key", "ann", None)])
    assert await redis.hkeys(KEYS["records"]) == [b"key/bob"]


async def test_a_key_of_another_type_is_named(redis: Redis, accounts):
    await redis.delete(KEYS["ids"])
    await redis.set(KEYS["ids"], "x")
    with pytest.raises(StoreUnavailable, match=r"\{-accounts}:ids is a string, not a zset"):
        await accounts.write([RecordWrite("key", "eve", b"3")])
    assert await accounts.get("key", "eve") is None


async def test_without_its_audit_nothing_is_written(redis: Redis, accounts):
    await redis.set(KEYS["audit"], "x")
    for write in (RecordWrite("key", "eve", b"3"), RecordWrite("key", "ann", None)):
        with pytest.raises(StoreUnavailable, match=r"\{-accounts}:audit is a string, not a stream"):
            await accounts.write([write], ACT)
    assert await accounts.records("key") == [ANN, BOB], "reading does not need the audit"


async def test_a_key_can_be_revoked_with_its_act_when_memory_is_short(redis: Redis, redis_server, new_redis_store):
    store = await new_redis_store()
    await store.accounts.write([RecordWrite("key", "ann", b"1")])
    await redis.config_set("maxmemory", "1mb")
    try:
        with pytest.raises(StoreUnavailable, match="maxmemory"):
            await store.accounts.write([RecordWrite("key", "eve", b"3")], ACT)
        assert await store.accounts.write([RecordWrite("key", "ann", None)], ACT) == [0]
    finally:
        await redis.config_set("maxmemory", 0)
    assert [act.action for act in await store.past.acts(None, limit=9)] == ["make_key"]


async def test_ended_records_are_removed(redis: Redis, accounts):
    await redis.hset(KEYS["records"], "key/bob", "1 5.0 {}")
    await redis.zadd(KEYS["ends"], {"key/bob": 5.0})
    await accounts.write([RecordWrite("key", "eve", b"3")])
    assert sorted(await redis.hkeys(KEYS["records"])) == [b"key/ann", b"key/eve"]
    assert await redis.zcard(KEYS["ids"]) == await redis.zcard(KEYS["ends"]) == 2


@pytest.mark.parametrize(
    "rule", ["-incrby", "-pexpire", "-hset", "-hdel", "-zadd", "-zrem", "-zrange", "-xadd", "resetchannels"]
)
async def test_a_user_without_a_permission_writes_nothing_and_is_not_ready(
    redis: Redis, redis_server, accounts, rule: str
):
    await redis.execute_command(
        "ACL", "SETUSER", "node", "reset", "on", ">pass", "~stoppress:*", "&stoppress:*", "+@all"
    )
    store = RedisStore(f"redis://node:pass@127.0.0.1:{redis_server.port}")
    await store.open()
    await store.accounts.count("a", 60)
    before = {name: await redis.dump(name) for name in await redis.keys("*accounts*")}
    await redis.execute_command("ACL", "SETUSER", "node", rule)
    attempts: list[Callable[[], Awaitable[object]]] = [store.ping]
    if rule in ("-incrby", "-pexpire"):
        attempts.append(lambda: store.accounts.count("a", 60))
    else:
        attempts.append(lambda: store.accounts.write([RecordWrite("key", "ann", None), RecordWrite("key", "eve", b"")]))
    for attempt in attempts:
        with pytest.raises(StoreUnavailable, match=r"may not|permission"):
            await attempt()
    assert {name: await redis.dump(name) for name in await redis.keys("*accounts*")} == before
    assert rule == "resetchannels" or rule[1:].upper() in {
        command for command, _ in await store.server.missing_rights()
    }
    await store.close()
    await redis.execute_command("ACL", "DELUSER", "node")
