"""Commits whose answer is lost: the store finds out whether they were done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from stoppress.errors import StoreUnavailable, VersionConflict
from stoppress.model import HEADER
from stoppress.store.port import Once, Write
from stoppress.store.redis.format import KeyNames
from stoppress.store.redis.store import RedisStore
from stoppress.tasks import end
from tests.conftest import Eventually
from tests.support.redis_servers import RedisServer

pytestmark = pytest.mark.redis

MAKE = Write(HEADER, 0, b"{}")


class LossyProxy:
    """Passes commands on to Redis. While `cuts` is above 0, it cuts a connection in place of the answer to a script."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._connections: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = {}
        self.cuts = 0
        self.passes_commands = True

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self._to)
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = [writer, to_writer]
        answers = asyncio.create_task(self._answers(to_reader, writer))
        try:
            await self._commands(reader, to_writer, answers)
        finally:
            for one in self._connections.pop(task):
                one.transport.abort()
            await end([answers])

    async def close(self) -> None:
        tasks = [*self._connections]
        for writers in self._connections.values():
            for writer in writers:
                writer.transport.abort()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _commands(
        self, reader: asyncio.StreamReader, to: asyncio.StreamWriter, answers: asyncio.Task[None]
    ) -> None:
        while data := await reader.read(65_536):
            if self.cuts and b"EVALSHA" in data:
                self.cuts -= 1
                if self.passes_commands:
                    await end([answers])
                    to.write(data)
                    await asyncio.sleep(0.05)
                return
            to.write(data)

    async def _answers(self, reader: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            to.write(data)
        to.transport.abort()


@pytest.fixture
async def proxy(redis: Redis, redis_server: RedisServer) -> AsyncIterator[tuple[LossyProxy, RedisStore]]:
    proxy = LossyProxy(redis_server.port)
    server = await asyncio.start_server(proxy.connect, "127.0.0.1", 0)
    store = RedisStore(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0")
    await store.open()
    await store.commit("karabakh", [MAKE])
    yield proxy, store
    await store.close()
    server.close()
    await proxy.close()


@pytest.mark.parametrize("once", [None, Once("k", "f")], ids=["without a key", "with a key"])
@pytest.mark.parametrize(
    "writes",
    [
        [Write("a", 0, b"1"), Write("b", 0, b"2")],
        [Write("a", 0, b"1", visible=False, due=5.0)],
        [Write("a", 0, b"1"), Write("d", 0, b"2", visible=False)],
        [Write("old", 1, None, visible=False)],
    ],
    ids=["entries", "a scheduled entry", "both", "a removed draft"],
)
async def test_a_commit_that_was_done_is_answered_although_its_answer_was_lost(
    proxy: tuple[LossyProxy, RedisStore], writes: list[Write], once: Once | None
):
    lossy, store = proxy
    await store.commit("karabakh", [Write("old", 0, b"0", visible=False)])
    head = (await store.read("karabakh")).cursor
    lossy.cuts = 1
    change = await store.commit("karabakh", writes, once)
    assert lossy.cuts == 0
    assert change.after == head
    assert [(item.id, item.body) for item in change.items] == [(write.id, write.body or b"") for write in writes]
    visible = tuple(item for item in change.items if item.seq)
    assert await store.read("karabakh", head) == change._replace(items=visible), "it was done once"


async def test_a_commit_that_was_not_done_is_done_again_only_with_a_key(proxy: tuple[LossyProxy, RedisStore]):
    lossy, store = proxy
    lossy.passes_commands = False
    lossy.cuts = 1
    change = await store.commit("karabakh", [Write("a", 0, b"1")], Once("k", "f"))
    assert change.cursor.seq == 2
    lossy.cuts = 1
    with pytest.raises(StoreUnavailable, match=r"may have been done\. Send it again with the same Idempotency-Key"):
        await store.commit("karabakh", [Write("b", 0, b"1")])
    assert (await store.read("karabakh")).cursor == change.cursor


async def test_a_refusal_by_redis_is_an_answer(proxy: tuple[LossyProxy, RedisStore], redis: Redis):
    _, store = proxy
    await redis.delete(KeyNames().key("karabakh", "due"))
    await redis.set(KeyNames().key("karabakh", "due"), "?")
    with pytest.raises(StoreUnavailable) as refused:
        await store.commit("karabakh", [Write("a", 0, b"1")])
    assert "may have been done" not in str(refused.value)


async def test_a_race_that_is_lost_after_a_lost_answer_is_a_conflict(
    proxy: tuple[LossyProxy, RedisStore], eventually: Eventually
):
    lossy, store = proxy
    lossy.passes_commands = False
    lossy.cuts = 1
    waiting = asyncio.create_task(store.commit("karabakh", [Write("a", 0, b"1")], Once("k", "f")))

    async def was_cut() -> bool:
        return lossy.cuts == 0

    await eventually(was_cut)
    await store.commit("karabakh", [Write("a", 0, b"2")])
    with pytest.raises(VersionConflict):
        await waiting
