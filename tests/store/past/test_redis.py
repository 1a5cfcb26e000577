"""The past in Redis: what is left of it when its keys are damaged, and how old acts go."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import pytest
from redis.asyncio import Redis

from stoppress.model import HEADER, Item, Segment
from stoppress.store.accounts import redis as accounts_redis
from stoppress.store.accounts.port import RecordWrite
from stoppress.store.past.port import Act, Actor, Keep
from stoppress.store.port import Write
from stoppress.store.redis.store import RedisStore

pytestmark = pytest.mark.redis

MAKE = Write(HEADER, 0, b"{}")
RECORD = RecordWrite("session", "1", b"{}")
ACT = Act(who=Actor("key", "ann"), action="edit", blog="karabakh", item="a")
VERSIONS, AUDIT = "stoppress:{karabakh}:versions", "stoppress:{karabakh}:audit"

NewRedisStore = Callable[[], Awaitable[RedisStore]]


@pytest.fixture
async def edited(new_redis_store: NewRedisStore) -> RedisStore:
    """A store with an entry whose versions are one, two and three."""
    store = await new_redis_store()
    await store.commit("karabakh", [MAKE, Write("a", 0, b"one"), Write("ab", 0, b"other one")], None, ACT)
    await store.commit("karabakh", [Write("a", 1, b"two"), Write("ab", 1, b"other two")], None, ACT)
    await store.commit("karabakh", [Write("a", 2, b"three")], None, ACT)
    return store


UNREADABLE = [b"", b"nonsense", b"\xc1", b"\x05", b"\x91\x05", b"\x91\x94\xa1a\x01\xa0\x01", b"\x91\x91\x01"]


@pytest.mark.parametrize("content", UNREADABLE)
async def test_a_retraction_erases_versions_whose_list_cannot_be_read(edited: RedisStore, redis: Redis, content: bytes):
    await redis.hset(VERSIONS, "a", content)
    assert [one.body for one in await edited.past.versions("karabakh", "a", limit=9)] == []
    await edited.commit("karabakh", [Write("a", 3, b"gone", erase=True)], None, ACT)
    kept = await redis.hgetall(VERSIONS)
    assert sorted(kept) == [b"a", b"ab", b"ab:1"]
    assert [one.version for one in await edited.past.versions("karabakh", "a", limit=9)] == [4]


async def test_an_edit_goes_on_without_versions_that_were_lost(edited: RedisStore, redis: Redis):
    await redis.delete(VERSIONS)
    await edited.commit("karabakh", [Write("a", 3, b"four")], None, ACT)
    versions = await edited.past.versions("karabakh", "a", limit=9)
    assert [(one.version, one.who, one.body) for one in versions] == [(4, ACT.who, None), (3, None, b"three")]


async def test_a_rebuilt_blog_has_no_versions_of_retracted_entries(edited: RedisStore, redis: Redis):
    whole = await edited.read("karabakh")
    seq = whole.cursor.seq + 1
    items = (*(item for item in whole.items if item.id != "a"), Item("a", seq, 4, b"gone"))
    await redis.delete("stoppress:{karabakh}:line")
    assert await edited.rebuild("karabakh", Segment(whole.after, (*whole.tags, "tag"), items), ["a"])
    assert sorted(await redis.hkeys(VERSIONS)) == [b"ab", b"ab:1"]


async def test_old_acts_are_not_shown_and_go_with_the_next_write(edited: RedisStore, redis: Redis):
    old, day = int(time.time() * 1000) - Keep().audit_seconds * 1000, 24 * 3600 * 1000
    await redis.delete(AUDIT)
    for at in (old - day, old + day):
        fields = {"act": b'{"who":{"kind":"key","name":"ann"},"action":"publish"}', "at": at}
        await redis.xadd(AUDIT, fields, id=f"{at}-0")  # type: ignore[arg-type]
    assert [act.id for act in await edited.past.acts("karabakh", limit=9)] == [f"{old + day}-0"]
    assert [act.id for act in await edited.past.acts("karabakh", after="0", limit=9)] == [f"{old + day}-0"]
    assert await redis.xlen(AUDIT) == 2
    await edited.commit("karabakh", [Write("a", 3, b"four")], None, ACT)
    assert await redis.xlen(AUDIT) == 2
    assert [act.action for act in await edited.past.acts("karabakh", limit=9)] == ["edit", "publish"]


async def test_of_many_acts_the_newest_are_kept(new_redis_store: NewRedisStore, redis: Redis, monkeypatch):
    monkeypatch.setattr(accounts_redis, "MAX_ACTS", 100)
    store = await new_redis_store()
    for _ in range(3_000):  # one call of 64 counts
        await store.accounts.write([RECORD], ACT)
    assert 100 <= await redis.xlen("stoppress:{-accounts}:audit") < 1_500
    assert 0 < await redis.ttl("stoppress:{-accounts}:audit") <= Keep().audit_seconds


async def test_an_act_has_its_time_also_after_the_clock_was_set_back(edited: RedisStore, redis: Redis):
    ahead = f"{int(time.time() * 1000) + 10**9}-0"
    fields = {"act": b'{"who":{"kind":"key","name":"ann"},"action":"publish"}', "at": 5}
    await redis.xadd(AUDIT, fields, id=ahead)  # type: ignore[arg-type]
    await edited.commit("karabakh", [Write("a", 3, b"four")], None, ACT)
    newest, before, *_ = await edited.past.acts("karabakh", limit=9)
    assert (before.id, newest.id) == (ahead, ahead.replace("-0", "-1"))
    assert newest.at.startswith(time.strftime("%Y-%m-%d", time.gmtime()))
