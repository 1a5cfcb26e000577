"""What is special about the shared store: several nodes on one server, and a server that has bad days."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from redis.asyncio import Redis

from stoppress.errors import StartError, StoreUnavailable
from stoppress.model import HEADER, START, Segment
from stoppress.store.past.port import Act, Actor, Keep
from stoppress.store.port import REMEMBER_SECONDS, Changed, Hint, Lost, Once, Watched, Write
from stoppress.store.redis import store as redis_store
from stoppress.store.redis.format import KeyNames
from stoppress.store.redis.store import RedisStore

pytestmark = pytest.mark.redis

ACT = Act(who=Actor("key", "ann"), action="publish", blog="karabakh")
MAKE = Write(HEADER, 0, b"{}")


@pytest.fixture
async def here(new_redis_store):
    return await new_redis_store()


@pytest.fixture
async def there(new_redis_store):
    return await new_redis_store()


@pytest.fixture
def redis_again(redis_server):
    """Whatever a test did to the server, the next one finds it running."""
    yield redis_server
    redis_server.stop()
    redis_server.start()


async def change_arrives(hints: AsyncIterator[Hint], change: Segment) -> bool:
    async with asyncio.timeout(30):
        async for hint in hints:
            if isinstance(hint, Changed) and hint.change == change:
                return True
    return False


# Several nodes


async def test_a_node_is_told_what_another_and_itself_have_committed(here: RedisStore, there: RedisStore):
    await here.follow("karabakh")
    await here.unfollow("karabakh")
    await here.follow("karabakh")  # again works
    made = await here.commit("karabakh", [MAKE])
    change = await there.commit("karabakh", [Write("a", 0, "Скопје".encode()), Write("b", 0, b"1", visible=False)])
    hints = here.hints()
    assert (await anext(hints))[:2] == ("karabakh", made)
    assert (await anext(hints))[:2] == ("karabakh", change)


async def test_from_the_moment_follow_returns_no_commit_is_missed(here: RedisStore, there: RedisStore):
    hints = here.hints()
    for n in range(200):
        await here.follow(f"blog-{n}")
        change = await there.commit(f"blog-{n}", [MAKE])
        async with asyncio.timeout(30):
            assert (await anext(hints))[:2] == (f"blog-{n}", change)


async def test_a_node_that_no_longer_follows_is_told_nothing(here: RedisStore, there: RedisStore):
    await here.follow("one")
    await here.follow("two")
    await here.unfollow("one")
    await there.commit("one", [MAKE])
    change = await there.commit("two", [MAKE])
    assert (await anext(here.hints()))[:2] == ("two", change)


async def test_a_deletion_is_a_loss_to_those_who_follow(here: RedisStore, there: RedisStore):
    made = await there.commit("karabakh", [MAKE])
    await here.follow("karabakh")
    await there.delete("karabakh")
    assert await anext(here.hints()) == Lost("karabakh")
    assert await here.was_deleted("karabakh", made.tags[0])


async def test_a_restoration_is_a_loss_to_those_who_follow(here: RedisStore, there: RedisStore, redis: Redis):
    whole = await there.commit("karabakh", [MAKE, Write("a", 0, b"1")])
    await redis.flushall()
    await here.follow("karabakh")
    assert not await there.was_deleted("karabakh", whole.tags[0])
    assert await there.restore("karabakh", START, whole)
    assert await anext(here.hints()) == Lost("karabakh")
    assert await here.read("karabakh") == whole
    assert await here.blogs() == ["karabakh"]


async def test_a_deletion_is_remembered_of_the_line_that_was_deleted(here: RedisStore, redis: Redis):
    old = await here.commit("karabakh", [MAKE])
    await here.delete("karabakh")
    new = await here.commit("karabakh", [MAKE])
    assert await here.was_deleted("karabakh", old.tags[0])
    assert not await here.was_deleted("karabakh", new.tags[0])
    await redis.unlink("stoppress:{karabakh}:line", "stoppress:{karabakh}:items", "stoppress:{karabakh}:order")
    assert not await here.restore("karabakh", START, old)
    assert await here.restore("karabakh", START, new)
    assert await here.read("karabakh") == new


@pytest.mark.parametrize("message", [b"", b"nonsense", b"0 \xc1\xff", b"x-y \x92\xa0\x90", b"\xff\xfe \x90"])
async def test_a_message_that_makes_no_sense_is_a_loss(here: RedisStore, redis: Redis, message: bytes):
    await here.follow("karabakh")
    await redis.publish("stoppress:0:{karabakh}", message)
    assert await anext(here.hints()) == Lost("karabakh")


async def test_blogs_in_another_database_of_the_server_are_others(here: RedisStore, redis_server):
    elsewhere = RedisStore(f"redis://127.0.0.1:{redis_server.port}/1")
    await elsewhere.open()
    await here.follow("karabakh")
    await elsewhere.commit("karabakh", [MAKE])
    assert await here.blogs() == []
    change = await here.commit("karabakh", [MAKE])
    assert (await anext(here.hints()))[:2] == ("karabakh", change)
    await elsewhere.close()


async def test_a_consumer_that_sleeps_is_told_to_look_itself(here: RedisStore, eventually):
    await here.follow("karabakh")
    await here.commit("karabakh", [MAKE])
    changes = [await here.commit("karabakh", [Write(f"e{n}", 0, b"1")]) for n in range(1000)]
    hints = here.hints()
    async with asyncio.timeout(30):
        seen = [await anext(hints)]
        while seen[-1][:2] != ("karabakh", changes[-1]):
            seen.append(await anext(hints))
    assert Lost(None) in seen
    assert len(seen) <= 256


@pytest.mark.parametrize("pause", [0, 0.0005, 0.001, 0.002])
async def test_a_store_can_be_closed_while_it_is_still_connecting(redis: Redis, redis_server, pause: float):
    for _ in range(20):
        store = RedisStore(redis_server.url)
        await store.open()
        await asyncio.sleep(pause)
        async with asyncio.timeout(30):
            await store.close()
            await store.close()


# How it lies in Redis


async def test_all_keys_of_a_blog_have_its_hash_tag_and_a_deletion_leaves_only_the_mark(here: RedisStore, redis: Redis):
    draft = Write("a", 0, b"1", visible=False, due=1.0)
    await here.commit("karabakh", [MAKE, draft], Once("k", "f"), ACT)
    assert len(await redis.keys("*karabakh*")) == len(await redis.keys("stoppress:{karabakh}:*")) == 8
    await here.delete("karabakh")
    assert sorted(await redis.keys("*karabakh*")) == [b"stoppress:{karabakh}:audit", b"stoppress:{karabakh}:deleted"]
    assert 0 < await redis.ttl("stoppress:{karabakh}:audit") <= Keep().audit_seconds


async def test_answers_do_not_outlive_their_time(here: RedisStore, redis: Redis, monkeypatch):
    await here.commit("karabakh", [MAKE])
    monkeypatch.setattr(redis_store, "REMEMBER_SECONDS", 0)
    await here.commit("karabakh", [Write("a", 0, b"1")], Once("old", "f"))
    assert await here.recall("karabakh", Once("old", "f")) is None
    monkeypatch.setattr(redis_store, "REMEMBER_SECONDS", REMEMBER_SECONDS)
    await here.commit("karabakh", [Write("b", 0, b"1")], Once("new", "f"))
    assert await redis.hkeys("stoppress:{karabakh}:answers") == [b"new"]
    for part in ("answers", "expiry"):
        assert 0 < await redis.ttl(f"stoppress:{{karabakh}}:{part}") <= REMEMBER_SECONDS


async def test_scripts_are_sent_again_when_the_server_has_forgotten_them(here: RedisStore, redis: Redis):
    await here.commit("karabakh", [MAKE])
    await redis.script_flush()
    await here.commit("karabakh", [Write("a", 0, b"1")])
    await redis.script_flush()
    assert (await here.read("karabakh")).cursor.seq == 2


# Lost connections


async def test_a_lost_subscription_is_reported_and_made_again(here: RedisStore, redis: Redis, next_hint):
    await here.follow("karabakh")
    await redis.client_kill_filter(_type="pubsub")
    hints = here.hints()
    assert await next_hint(hints, Lost) == Lost(None)
    change = await here.commit("karabakh", [MAKE])
    assert await change_arrives(hints, change)


async def test_follow_waits_for_a_connection_that_is_being_made(here: RedisStore, redis: Redis):
    await here.follow("one")
    await redis.client_kill_filter(_type="pubsub")
    await here.follow("two")
    change = await here.commit("two", [MAKE])
    assert await change_arrives(here.hints(), change)


async def test_a_server_that_was_away_is_found_again(here: RedisStore, redis_again, eventually, caplog, next_hint):
    await here.follow("karabakh")
    await here.commit("karabakh", [MAKE])
    redis_again.stop()
    for attempt in (
        here.commit("karabakh", [Write("a", 0, b"1")]),
        here.read("karabakh"),
        here.heads(["karabakh"]),
        here.ping(),
        here.follow("other"),
    ):
        with pytest.raises(StoreUnavailable, match=str(redis_again.port)):
            await attempt
    redis_again.start()
    hints = here.hints()
    await next_hint(hints, Lost)
    await eventually(lambda: answers(here))
    assert await here.heads(["karabakh"]) == [None]
    change = await here.commit("karabakh", [MAKE])
    assert await change_arrives(hints, change)
    outages = [record for record in caplog.records if record.message == "no_hints"]
    assert len(outages) == 1


async def answers(store: RedisStore) -> bool:
    try:
        await store.ping()
    except StoreUnavailable:
        return False
    return True


@pytest.mark.slow
async def test_a_frozen_server_is_noticed_and_found_again(here: RedisStore, redis_again, next_hint):
    await here.follow("karabakh")
    await here.commit("karabakh", [MAKE])
    hints = here.hints()
    listening = asyncio.create_task(next_hint(hints, Lost))
    redis_again.freeze()
    frozen_at = time.monotonic()
    with pytest.raises(StoreUnavailable):
        await here.commit("karabakh", [Write("a", 0, b"1")])
    assert time.monotonic() - frozen_at < 15  # it waits for two seconds; a frozen server would let it wait for ever
    await asyncio.sleep(frozen_at + 4 - time.monotonic())  # longer than the silence that is taken for a failure
    redis_again.thaw()
    assert await listening == Lost(None)
    change = await here.commit("karabakh", [Write("b", 0, b"1")])
    assert await change_arrives(hints, change)


async def test_a_commit_whose_answer_was_lost_is_done_once_if_asked_again(here: RedisStore, redis: Redis):
    await here.commit("karabakh", [MAKE])
    await redis.client_pause(300, all=False)  # holds back writes; what waits is done afterwards
    once = Once("k", "f")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await here.commit("karabakh", [Write("a", 0, b"1")], once)
    first = await here.commit("karabakh", [Write("a", 0, b"1")], once)
    assert first.cursor.seq == 2
    assert (await here.read("karabakh")).cursor == first.cursor


async def test_a_server_that_takes_no_writes_is_not_healthy(here: RedisStore, redis: Redis, redis_again):
    await redis.replicaof("127.0.0.1", 1)
    with pytest.raises(StoreUnavailable, match="read-only replica"):
        await here.ping()
    await redis.replicaof("NO", "ONE")
    await here.ping()


# Starting


async def assert_refused(store: RedisStore, reason: str) -> None:
    with pytest.raises(StartError, match=reason) as refusal:
        await store.open()
    assert "\n" not in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


async def test_a_server_that_evicts_is_refused(redis: Redis, redis_server):
    await redis.config_set("maxmemory", "100mb")
    await redis.config_set("maxmemory-policy", "allkeys-lru")
    try:
        await assert_refused(RedisStore(redis_server.url), "set maxmemory-policy to noeviction")
    finally:
        await redis.config_set("maxmemory", 0)
        await redis.config_set("maxmemory-policy", "noeviction")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("redis://editor:hunter2@127.0.0.1:1/0", "127.0.0.1:1"),
        ("redis://editor:hunter2@127.0.0.1:{}", "invalid username"),
        ("unix:///nowhere/redis.sock", "/nowhere/redis.sock"),
    ],
)
async def test_a_server_that_cannot_be_reached_is_named_without_the_password(redis_server, url: str, reason: str):
    await assert_refused(RedisStore(url.format(redis_server.port)), reason)


@pytest.mark.parametrize(
    ("info", "reason"),
    [
        ({"redis_version": "6.2.14"}, "6.2.14; the store needs 7.0"),
        ({"redis_version": "7.2.4", "cluster_enabled": 1}, "runs as a cluster"),
    ],
)
async def test_a_server_that_cannot_do_it_is_refused(redis_server, redis: Redis, monkeypatch, info, reason):
    store = RedisStore(redis_server.url)

    async def told() -> dict[str, object]:
        return dict(info)

    monkeypatch.setattr(store._server.probes.client, "info", told)
    await assert_refused(store, reason)


async def test_a_server_without_a_log_on_disk_is_warned_of(new_redis_store, caplog):
    with caplog.at_level(logging.WARNING, "stoppress.store"):
        await new_redis_store()
    assert "redis_may_forget" in caplog.text


async def test_a_server_that_tells_nothing_about_itself_is_trusted_with_a_warning(redis, redis_server, caplog):
    await redis.execute_command("ACL", "SETUSER", "node", "on", ">hunter2", "~*", "&*", "+@all", "-info")
    store = RedisStore(f"redis://node:hunter2@127.0.0.1:{redis_server.port}/0")
    await store.open()
    assert "cannot_check_redis" in caplog.text
    assert "hunter2" not in str([vars(record) for record in caplog.records])
    await store.commit("karabakh", [MAKE])
    await store.close()
    await redis.execute_command("ACL", "DELUSER", "node")


async def test_the_newest_removals_of_drafts_are_kept_for_a_day(
    redis: Redis, new_redis_store: Callable[[], Awaitable[RedisStore]]
):
    store = await new_redis_store()
    ids = [f"{number:04}" for number in range(1_005)]
    await store.commit("karabakh", [MAKE, *(Write(item_id, 0, b"{}", visible=False) for item_id in ids)])
    await store.commit("karabakh", [Write(item_id, 1, None, visible=False) for item_id in ids])
    assert await store.removed("karabakh") == ids[5:]
    assert 0 < await redis.ttl(KeyNames().key("karabakh", "removed")) <= 24 * 3600


async def test_an_announcement_of_desks_reaches_the_other_nodes(new_redis_store, next_hint):
    here, there = await new_redis_store(), await new_redis_store()
    await there.follow("karabakh")
    await here.announce("karabakh", "node-1")
    assert await next_hint(there.hints(), Watched) == Watched("karabakh", "node-1")
