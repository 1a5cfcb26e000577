"""The index of schedules: it costs one command, it may be lost, and what it says too much does no harm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable

import pytest
from redis.asyncio import Redis

from stoppress.model import HEADER
from stoppress.store.port import Write
from stoppress.store.redis.format import KeyNames
from stoppress.store.redis.store import RedisStore

pytestmark = pytest.mark.redis

MAKE = Write(HEADER, 0, b"{}")
NewStore = Callable[[], Awaitable[RedisStore]]


def scheduled(name: str, due: float | None, expected: int = 0) -> Write:
    return Write(name, expected, b"{}", visible=False, due=due)


async def calls(redis: Redis) -> Counter[str]:
    stats = await redis.info("commandstats")
    return Counter({name.removeprefix("cmdstat_"): figures["calls"] for name, figures in stats.items()})


async def test_a_look_at_many_blogs_is_one_command(redis: Redis, new_redis_store: NewStore):
    store = await new_redis_store()
    for number in range(50):
        await store.commit(f"blog-{number}", [MAKE, scheduled("a", 1e6 + number)])
    await store.due(1.0)  # this one looks at all blogs
    before = await calls(redis)
    for _ in range(20):
        assert await store.due(1.0) == []
    assert (await calls(redis) - before)["zrangebyscore"] == 20
    assert not (await calls(redis) - before)["zrange"]


async def test_entries_that_nobody_can_publish_do_not_hide_those_of_other_blogs(
    redis: Redis, new_redis_store: NewStore
):
    store = await new_redis_store()
    for number in range(105):
        await store.commit(f"broken-{number}", [MAKE, scheduled("a", 1.0)])
    await store.commit("well", [MAKE, scheduled("b", 2.0)])
    looks = [await store.due(10.0) for _ in range(4)]
    assert [("well", "b") in look for look in looks] == [False, True, False, True]


async def test_a_publication_takes_no_more_commands_than_before(redis: Redis, new_redis_store: NewStore):
    store = await new_redis_store()
    await store.commit("karabakh", [MAKE])
    before = await calls(redis)
    await store.commit("karabakh", [Write("a", 0, b"{}")])
    made = await calls(redis) - before
    assert made["evalsha"] == 1
    assert made["zadd"] == 1, "that of the item's place in its blog"


@pytest.mark.parametrize("lost", ["index", "first member"])
async def test_a_lost_index_is_made_again(redis: Redis, new_redis_store: NewStore, lost: str):
    store = await new_redis_store()
    for number in range(900):  # more than are looked at at once
        await store.commit(f"blog-{number}", [MAKE, *([scheduled("a", 5.0)] if number % 300 == 0 else [])])
    await store.due(1.0)
    await redis.delete(KeyNames().schedule) if lost == "index" else await redis.zpopmin(KeyNames().schedule)
    found: set[str] = set()
    for _ in range(4):
        found.update(blog for blog, _ in await store.due(9.0))
    assert found == {"blog-0", "blog-300", "blog-600"}


async def test_a_node_that_starts_finds_what_was_scheduled_without_the_index(redis: Redis, new_redis_store: NewStore):
    before = await new_redis_store()
    await before.due(1.0)
    await before.commit("karabakh", [MAKE, scheduled("a", 5.0)])
    await redis.zrem(KeyNames().schedule, "karabakh")  # as if an older version had written the entry
    assert await before.due(9.0) == []
    assert await (await new_redis_store()).due(9.0) == [("karabakh", "a")]


async def test_reminders_of_what_is_gone_or_later_are_moved(redis: Redis, new_redis_store: NewStore):
    store = await new_redis_store()
    await store.commit("gone", [MAKE, scheduled("a", 1.0)])
    await store.delete("gone")
    await store.commit("later", [MAKE, scheduled("a", 2.0)])
    await store.commit("later", [scheduled("a", 30.0, expected=1)])
    await store.commit("unscheduled", [MAKE, scheduled("a", 3.0)])
    await store.commit("unscheduled", [scheduled("a", None, expected=1)])
    assert await store.due(9.0) == []
    assert await redis.zrange(KeyNames().schedule, 0, -1, withscores=True) == [(b"", float("-inf")), (b"later", 30.0)]


async def test_an_entry_scheduled_while_a_node_looks_is_not_forgotten(
    redis: Redis, new_redis_store: NewStore, monkeypatch: pytest.MonkeyPatch
):
    looking, writing = await new_redis_store(), await new_redis_store()
    await writing.commit("karabakh", [MAKE, scheduled("a", 1.0)])
    await looking.due(0.5)
    await writing.commit("karabakh", [Write("a", 1, b"{}")])  # its reminder, 1.0, is still there
    commit = writing._run_commit

    async def interrupted(*arguments):
        assert await looking.due(9.0) == []  # the reminder is written, the entry is not
        return await commit(*arguments)

    monkeypatch.setattr(writing, "_run_commit", interrupted)
    await writing.commit("karabakh", [scheduled("b", 5.0)])
    assert await looking.due(9.0) == [("karabakh", "b")]


async def test_an_entry_scheduled_while_a_reminder_is_removed_is_not_forgotten(
    redis: Redis, new_redis_store: NewStore, monkeypatch: pytest.MonkeyPatch
):
    looking, writing = await new_redis_store(), await new_redis_store()
    await writing.commit("karabakh", [MAKE, scheduled("a", 1.0)])
    await looking.due(0.5)
    await writing.commit("karabakh", [Write("a", 1, b"{}")])
    advance = looking._schedule._advance

    async def late(*arguments):
        await writing.commit("karabakh", [scheduled("b", 5.0)])  # both of its reminders change nothing
        return await advance(*arguments)

    monkeypatch.setattr(looking._schedule, "_advance", late)
    assert await looking.due(3.0) == []
    monkeypatch.undo()
    assert await looking.due(9.0) == [("karabakh", "b")]


async def test_a_schedule_that_cannot_be_read_concerns_only_its_blog(
    redis: Redis, new_redis_store: NewStore, caplog: pytest.LogCaptureFixture
):
    store = await new_redis_store()
    for blog in ("broken", "whole"):
        await store.commit(blog, [MAKE, scheduled("a", 5.0)])
    await redis.set(KeyNames().key("broken", "due"), "?")
    for _ in range(3):
        assert await store.due(9.0) == [("whole", "a")]
    assert caplog.text.count("schedule_cannot_be_read") == 1


@pytest.mark.parametrize("damage", ["type", "content"])
async def test_a_head_that_cannot_be_read_concerns_only_its_blog(redis: Redis, new_redis_store: NewStore, damage: str):
    store = await new_redis_store()
    await store.commit("broken", [MAKE])
    whole = await store.commit("whole", [MAKE])
    if damage == "type":
        await redis.set(KeyNames().key("broken", "line"), "?")
    else:
        await redis.rpush(KeyNames().key("broken", "line"), b"\xff")
    broken, head = await store.heads(["broken", "whole"])
    assert head == whole.cursor and broken is not None and broken.seq == 0
