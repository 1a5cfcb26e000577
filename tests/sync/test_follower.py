"""The follower on real stores: what nodes see of each other, and what becomes of losses (P3, P4, P7)."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest
from redis.asyncio import Redis

from stoppress.errors import BlogNotFound
from stoppress.model import HEADER
from stoppress.sync import freshness
from stoppress.sync.freshness import COMPARE_SECONDS
from stoppress.wire.encodings import HTTP_JSON
from tests.support.history import entry
from tests.support.store_node import BLOG, make_blog, publish, restore, retract, taken
from tests.sync.conftest import NewNode


async def test_the_newest_entry_is_that_of_the_store_even_if_no_hint_comes(new_node: NewNode):
    deaf, other = await new_node(listening=False), await new_node()
    await other.write(make_blog())
    assert await deaf.follower.newest(BLOG) == ""
    await other.write(publish(7))
    assert await deaf.follower.newest(BLOG) == entry(7).published_at
    with pytest.raises(BlogNotFound):
        await deaf.follower.newest("nowhere")


async def test_a_node_shows_what_another_one_wrote(eventually, new_node):
    here, there = await new_node(), await new_node()
    await here.write(make_blog())
    await there.follower.hub(BLOG)
    written = await here.write(publish(1))
    await eventually(lambda: there.is_at(written.cursor))
    assert await there.shown() == await here.shown()


async def test_a_node_whose_hints_are_lost_catches_up_by_itself_and_for_a_cursor(eventually, new_node, monkeypatch):
    here, there = await new_node(), await new_node()
    await here.write(make_blog())
    monkeypatch.setattr(there.follower, "_take", lambda blog, change, sent: None)  # every hint is lost
    await there.follower.hub(BLOG)
    for number in range(20):
        written = await here.write(publish(number))
        hub = await there.follower.hub(BLOG, written.cursor)
        assert hub.replica.knows(written.cursor)
    written = await here.write(publish(20))
    await eventually(lambda: there.is_at(written.cursor))


async def test_what_an_emptied_store_lost_is_put_back_as_it_was(eventually, new_node, redis):
    node = await new_node()
    await node.write(make_blog())
    for number in range(5):
        await node.write(publish(number))
    before = await node.cursor()
    await redis.flushall()
    await eventually(lambda: node.store_is_at(before))
    assert await node.cursor() == before
    assert len((await node.store.read(BLOG)).items) == 6


async def test_what_a_rolled_back_store_lost_is_written_anew_after_others_wrote(eventually, new_node, redis):
    node, other = await new_node(listening=False), await new_node(listening=False)
    await node.write(make_blog())
    await node.write(publish(1))
    await node.follower.hub(BLOG)
    snapshot = await taken(redis)
    await node.write(publish(1, expected=1, text="corrected"))
    await node.write(publish(2))
    lost = await node.cursor()
    await restore(redis, snapshot)
    await other.write(publish(3))
    node.listen()  # it looks only now

    async def whole() -> Any:
        shown = await node.shown()
        return len(shown) == 4 and await node.cursor() == (await node.store.heads([BLOG]))[0]

    await eventually(whole)
    hub = await node.follower.hub(BLOG)
    assert not hub.replica.knows(lost)
    message = json.loads(hub.answer(lost, HTTP_JSON)[0])
    assert message["from"] is None, "a reader of the lost history is reset"
    texts = {each["id"][-1]: each["text"] for each in message["entries"]}
    assert texts == {"1": "corrected", "2": "text", "3": "text"}


async def test_what_was_written_after_a_rollback_stays_but_a_retraction_is_never_undone(eventually, new_node, redis):
    node, other = await new_node(listening=False), await new_node(listening=False)
    await node.write(make_blog())
    await node.write(publish(1), publish(2))
    await node.follower.hub(BLOG)
    snapshot = await taken(redis)
    for version in range(1, 20):
        await node.write(publish(1, version, "lost edit"))
    await node.write(retract(2, 1))
    await restore(redis, snapshot)
    await other.write(publish(1, 1, "written since"), publish(2, 1, "edited since"))
    node.listen()

    async def settled() -> Any:
        heads = await node.store.heads([BLOG])
        bodies = {item.id[-1]: item.body for item in (await node.store.read(BLOG)).items}
        return heads == [await node.cursor()] and b"retracted" in bodies["2"] and b"written since" in bodies["1"]

    await eventually(settled)
    assert (await node.cursor()).seq <= 3 + 2 + 3, "it was settled in a few writes"


async def test_a_blog_that_nobody_reads_is_kept_by_the_node_that_wrote_it(eventually, new_node, redis):
    node = await new_node()
    written = await node.write(make_blog())

    async def loaded() -> Any:
        return len(node.follower.hubs) == 1

    await eventually(loaded)
    await redis.flushall()
    await eventually(lambda: node.store_is_at(written.cursor))


async def test_a_deleted_blog_is_not_put_back_by_a_node_that_missed_it(eventually, new_node):
    here, there = await new_node(), await new_node(listening=False)
    await here.write(make_blog("old"))
    await here.write(publish(1))
    hub = await there.follower.hub(BLOG)
    await here.store.delete(BLOG)
    await here.write(make_blog("new"))
    there.listen()

    async def anew() -> Any:
        try:
            return hub.close_reason is not None or await there.shown() == {HEADER: 1}
        except BlogNotFound:
            return False

    await eventually(anew)
    assert [item.id for item in (await here.store.read(BLOG)).items] == [HEADER]


async def test_readers_of_a_deleted_blog_are_sent_away_on_every_node(new_node):
    here, there = await new_node(), await new_node()
    await here.write(make_blog())
    hub = await there.follower.hub(BLOG)
    await here.store.delete(BLOG)
    async with asyncio.timeout(3):
        while hub.close_reason is None:
            await asyncio.sleep(0.01)
    assert hub.close_reason.code == 4404
    with pytest.raises(BlogNotFound):
        await there.follower.hub(BLOG)


async def test_a_thousand_readers_of_a_new_blog_cost_one_read(new_node, monkeypatch):
    here, there = await new_node(), await new_node()
    await here.write(make_blog())
    reads = 0
    read = there.store.read

    async def counted(*arguments):
        nonlocal reads
        reads += 1
        return await read(*arguments)

    monkeypatch.setattr(there.store, "read", counted)
    await asyncio.gather(*(there.follower.hub(BLOG) for _ in range(1_000)))
    assert reads == 1


async def test_names_that_are_no_blogs_leave_nothing_behind(new_node):
    node = await new_node()
    for number in range(50):
        with pytest.raises(BlogNotFound):
            await node.follower.hub(f"nothing-{number}")
    assert node.follower.hubs == []
    assert not node.follower._loaded
    assert not node.follower._hubs


async def test_a_loss_of_all_blogs_is_noticed_although_few_are_compared(
    eventually, new_node, redis, monkeypatch, caplog
):
    monkeypatch.setattr(freshness, "_USED_SECONDS", 0.0)
    node = await new_node()
    names = [f"blog-{number:02}" for number in range(60)]
    for name in names:
        node.follower.committed(name, await node.store.commit(name, [make_blog(name)]), time.monotonic())
        await node.follower.hub(name)
    looks = await commands(redis, "lindex")
    await asyncio.sleep(COMPARE_SECONDS * 2.2)
    assert await commands(redis, "lindex") - looks <= 3 * 10
    before = await node.store.heads(names)
    await redis.flushall()

    async def all_are_back() -> Any:
        return await node.store.heads(names) == before

    await eventually(all_are_back)
    await node.stop()
    assert "cannot" not in caplog.text
    assert 1 <= caplog.text.count("lost_changes_put_back") <= 5


async def commands(redis: Redis, name: str) -> int:
    stats: Any = await redis.info("commandstats")
    return int(stats.get(f"cmdstat_{name}", {"calls": 0})["calls"])


async def test_a_blog_that_was_not_compared_is_compared_before_an_answer(new_node, monkeypatch):
    monkeypatch.setattr(freshness, "_USED_SECONDS", -1.0)
    monkeypatch.setattr(freshness, "_OTHER_BLOGS", 0)
    monkeypatch.setattr(freshness, "_NEWEST_BLOGS", 0)
    monkeypatch.setattr(freshness, "_FRESH_SECONDS", 0.2)
    here, there = await new_node(), await new_node()
    await here.write(make_blog())
    await there.follower.hub(BLOG)
    monkeypatch.setattr(there.follower, "_take", lambda blog, change, sent: None)  # every hint is lost
    written = await here.write(publish(1))
    await asyncio.sleep(0.3)  # the last look is older than it may be
    assert there.follower.at_hand(BLOG) is None
    assert await there.cursor() == written.cursor


async def test_an_unused_blog_leaves_memory_and_is_loaded_again(eventually, new_node, monkeypatch):
    node = await new_node()
    await node.write(make_blog())
    hub = await node.follower.hub(BLOG)
    monkeypatch.setattr(freshness, "KEEP_SECONDS", 0.0)

    async def is_gone() -> Any:
        return not node.follower.hubs

    await eventually(is_gone)
    assert hub.close_reason is not None and hub.close_reason.retry is not None, "late readers come back"
    monkeypatch.undo()
    assert await node.shown() == {HEADER: 1}


async def test_a_blog_that_the_store_has_lost_does_not_leave_memory(eventually, new_node, monkeypatch, redis):
    node = await new_node(listening=False)
    written = await node.write(make_blog())
    await node.follower.hub(BLOG)
    await redis.flushall()
    monkeypatch.setattr(freshness, "KEEP_SECONDS", 0.0)
    node.listen()
    await eventually(lambda: node.store_is_at(written.cursor))


async def test_a_node_cut_off_from_its_store_waits_for_it_only_once(new_node, redis_server, monkeypatch):
    node = await new_node()
    await node.write(make_blog())
    await node.follower.hub(BLOG)
    monkeypatch.setattr(freshness, "_FRESH_SECONDS", 0.0)
    redis_server.freeze()
    try:
        async with asyncio.timeout(30):
            assert (await node.follower.hub(BLOG)).replica.cursor.seq == 1
    finally:
        redis_server.thaw()
