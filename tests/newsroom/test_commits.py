"""Commits whose outcome this node did not learn: their changes reach its readers all the same (P3)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from stoppress.errors import StoreUnavailable
from stoppress.live.hub import Hub, Timing
from stoppress.live.replica import Replica
from stoppress.model import HEADER, START
from stoppress.newsroom.blogs import Blogs
from stoppress.newsroom.commits import Committer, Planned, Request
from stoppress.store.port import Once, Store, Write
from stoppress.store.redis.store import RedisStore
from stoppress.store.sqlite.store import SQLiteStore
from stoppress.sync.follower import Follower
from stoppress.wire.close_reasons import CloseCode, CloseReason
from tests.conftest import Eventually
from tests.support.history import entry, header

BLOG = "demo"
NEWS = Write(entry(1).id, 0, msgspec.json.encode(entry(1)))
REPEATED = Request(once=Once("tests:k", "print"))


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=pytest.mark.redis)])
async def store(request: pytest.FixtureRequest, tmp_path) -> AsyncIterator[Store]:
    store: Store
    if request.param == "sqlite":
        store = SQLiteStore(tmp_path / "blogs.db")
    else:
        store = RedisStore(request.getfixturevalue("redis_server").url)
    await store.open()
    if BLOG in await store.blogs():
        await store.delete(BLOG)
    await store.commit(BLOG, [Write(HEADER, 0, msgspec.json.encode(header()))])
    yield store
    await store.close()


@pytest.fixture
async def follower(store: Store) -> AsyncIterator[Follower]:
    """A follower that has the blog, and takes no hints."""
    loop = asyncio.get_running_loop()
    follower = Follower(store, lambda blog: Hub(Replica(blog), Timing(loop.call_later, loop.time), os.write))
    await follower.hub(BLOG)
    yield follower
    await follower.close(CloseReason(CloseCode.GOING_AWAY, "over"))


def interrupt(store: Store, monkeypatch: pytest.MonkeyPatch, operation: str) -> None:
    """Let an operation be done, and then fail, as when the connection breaks before the answer."""
    done = getattr(store, operation)

    async def fail(*arguments: Any) -> None:
        await done(*arguments)
        raise StoreUnavailable("The connection broke.")

    monkeypatch.setattr(store, operation, fail)


async def plan() -> Planned:
    return Planned("publish", [NEWS])


async def test_a_commit_of_unknown_outcome_reaches_the_readers(
    store: Store, follower: Follower, monkeypatch, eventually: Eventually
):
    interrupt(store, monkeypatch, "commit")
    with pytest.raises(StoreUnavailable):
        await Committer(store, follower).commit(BLOG, Request(), plan)

    async def is_shown() -> bool:
        return NEWS.id in [item.id for item in (await follower.hub(BLOG)).replica.segment_after(START).items]

    await eventually(is_shown)


async def test_a_deletion_of_unknown_outcome_reaches_the_readers(
    store: Store, follower: Follower, monkeypatch, eventually: Eventually
):
    interrupt(store, monkeypatch, "delete")
    with pytest.raises(StoreUnavailable):
        await Blogs(store, Committer(store, follower), follower.deleted).delete(BLOG)

    async def is_gone() -> bool:
        return follower.hubs == []

    await eventually(is_gone)


async def test_an_answer_that_is_given_again_brings_its_change_to_the_readers(store: Store, follower: Follower):
    change = await store.commit(BLOG, [NEWS], REPEATED.once)  # this node learns nothing of it
    replica = (await follower.hub(BLOG)).replica
    assert not replica.knows(change.cursor)
    written = await Committer(store, follower).commit(BLOG, REPEATED, plan)
    assert written.replayed
    assert written.cursor == change.cursor
    assert replica.knows(change.cursor)
