"""What nodes put back after the store has lost something, and what they leave (P4)."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest
from redis.asyncio import Redis

from stoppress.errors import BlogDamaged, BlogMissing, BlogNotFound, StoreUnavailable
from stoppress.model import HEADER, START, StoredEntry
from stoppress.store.port import Write
from stoppress.store.redis.format import KeyNames
from tests.conftest import Eventually
from tests.support.history import entry
from tests.support.store_node import BLOG, Node, draft, make_blog, publish, restore, retract, taken
from tests.sync.conftest import NewNode

ENTRY_1 = entry(1).id


async def bodies(node: Node) -> dict[str, str]:
    """Return the text of each entry in the store, by the last digit of its id, and the status if it is another one."""
    items = [*(await node.store.read(BLOG)).items, *await node.store.drafts(BLOG)]
    entries = [StoredEntry.of(item) for item in items if item.id != HEADER]
    return {
        entry.id[-1]: entry.text if entry.status == "published" and entry.text else entry.status for entry in entries
    }


async def in_step(*nodes: Node) -> bool:
    (head,) = await nodes[0].store.heads([BLOG])
    return all([await node.cursor() == head for node in nodes])


async def calls(redis: Redis) -> int:
    statistics = await redis.info("commandstats")
    return sum(int(statistics.get(f"cmdstat_{name}", {}).get("calls", 0)) for name in ("evalsha", "eval"))


# Drafts


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        pytest.param(None, "published", id="nothing happens to the draft"),
        pytest.param(draft(1, 1, "edited"), "published", id="the draft is edited"),
        pytest.param(Write(ENTRY_1, 1, None, visible=False), "retracted", id="the draft is removed"),
        pytest.param(draft(1, 1, due=1.0), "published", id="the draft is scheduled"),
    ],
)
async def test_a_draft_that_was_published_before_a_rollback_is_published_again(
    eventually: Eventually, new_node: NewNode, redis: Redis, since: Write | None, expected: str
):
    nodes = [await new_node(listening=False) for _ in range(2)]
    other = await new_node(listening=False)
    await nodes[0].write(make_blog())
    await nodes[0].write(draft(1))
    snapshot = await taken(redis)
    published = await nodes[0].write(publish(1, 1, "published"))
    for node in nodes:
        assert (await node.follower.hub(BLOG, published.cursor)).replica.cursor == published.cursor
    await restore(redis, snapshot)
    if since:
        await other.store.commit(BLOG, [since])
    await other.store.commit(BLOG, [publish(2, text="since")])
    before = await calls(redis)
    for node in nodes:
        node.listen()
    await eventually(lambda: in_step(*nodes))
    assert await calls(redis) - before < 60, "a conflict is not repeated without end"
    assert await bodies(nodes[0]) == {"1": expected, "2": "since"}
    assert await nodes[1].shown() == await nodes[0].shown()
    item = await nodes[0].store.item(BLOG, ENTRY_1)
    assert item is not None and item.version > 2, "versions go on"
    written = await nodes[1].write(publish(3))
    await eventually(lambda: nodes[0].is_at(written.cursor))


async def test_a_draft_that_was_edited_after_a_rollback_is_not_overwritten_with_its_own_version(
    eventually: Eventually, new_node: NewNode, redis: Redis
):
    node = await new_node(listening=False)
    await node.write(make_blog())
    await node.write(draft(1))
    snapshot = await taken(redis)
    await node.write(publish(1, 1, "published"))
    await node.follower.hub(BLOG)
    await restore(redis, snapshot)
    await node.store.commit(BLOG, [draft(1, 1, "edited")])  # takes no seq, so the head is the old one
    node.listen()
    await eventually(lambda: in_step(node))
    item = await node.store.item(BLOG, ENTRY_1)
    assert item is not None and (item.version, item.seq > 0) == (3, True)


async def test_versions_never_come_twice_with_another_content(eventually: Eventually, new_node: NewNode, redis: Redis):
    node, other = await new_node(listening=False), await new_node(listening=False)
    await node.write(make_blog())
    await node.write(publish(1))
    for version in range(1, 4):
        await node.write(publish(1, version), publish(2, version - 1))
    await node.follower.hub(BLOG)
    await redis.flushall()
    await other.store.commit(BLOG, [make_blog("again")])
    await other.store.commit(BLOG, [publish(1, 0, "since")])
    node.listen()
    await eventually(lambda: in_step(node))
    assert {item.id[-1]: item.version for item in (await node.store.read(BLOG)).items} == {"r": 2, "1": 5, "2": 4}
    assert await bodies(node) == {"1": "since", "2": "text"}


async def test_an_entry_that_is_put_back_expires_as_before(eventually: Eventually, new_node: NewNode, redis: Redis):
    node, other = await new_node(listening=False), await new_node(listening=False)
    await node.write(make_blog())
    await node.write(publish(1, expires=1e9), publish(2))
    before = await taken(redis)
    await node.write(publish(1, 1, expires=4e9), publish(2, 1, expires=3e9), publish(3, expires=2e9))
    await node.follower.hub(BLOG)
    expiries = [(BLOG, entry(number).id) for number in (3, 2, 1)]
    node.listen()
    for snapshot, since in ((before, False), ({}, False), (before, True)):
        head = await node.cursor()
        await redis.flushall()
        await restore(redis, snapshot)
        if since:  # then it is written anew, in place of being restored
            await other.store.commit(BLOG, [publish(4)])
            await eventually(lambda: in_step(node))
        else:
            await eventually(partial(node.store_is_at, head))
        assert await node.store.due(5e9) == expiries
    await node.write(retract(3, (await node.shown())[entry(3).id]))
    assert await node.store.due(5e9) == expiries[1:]


# Lost keys


LOST_KEYS = [
    *(["line"], ["items"], ["order"], ["due"], ["answers"], ["expiry"], ["deleted"]),
    *(["line", "items"], ["line", "order"], ["items", "order"], ["order", "due"], ["items", "due"]),
]


@pytest.mark.parametrize("parts", LOST_KEYS, ids="+".join)
async def test_a_lost_key_is_put_back_by_a_node_that_has_the_blog(
    eventually: Eventually, new_node: NewNode, redis: Redis, parts: list[str]
):
    node, fresh = await new_node(), await new_node()
    await node.write(make_blog())
    await node.write(publish(1), publish(2), draft(3, due=4e9), publish(5, expires=3e9))
    await node.write(publish(1, 1, "edited"), retract(2, 1))
    whole = await node.store.read(BLOG)
    await node.follower.hub(BLOG)
    assert await redis.delete(*(KeyNames().key(BLOG, part) for part in parts)) <= len(parts)

    async def restored() -> Any:
        try:
            return await node.store.read(BLOG) == whole
        except StoreUnavailable:
            return False

    await eventually(restored)
    assert await fresh.shown() == await node.shown()
    assert (await node.cursor()) == whole.cursor, "readers notice nothing"
    scheduled = [] if "items" in parts else [(BLOG, entry(3).id)]
    assert await node.store.due(5e9) == [(BLOG, entry(5).id), *scheduled]
    written = await fresh.write(publish(4))
    await eventually(lambda: node.is_at(written.cursor))


@pytest.mark.parametrize("parts", [["line"], ["order"], ["due"], ["order", "due"], ["line", "due"]], ids="+".join)
async def test_a_lost_key_that_no_node_has_follows_from_the_items(new_node: NewNode, redis: Redis, parts: list[str]):
    node = await new_node(listening=False)
    await node.store.commit(BLOG, [make_blog(), publish(1)])
    await node.store.commit(BLOG, [publish(1, 1, "edited", expires=3e9), draft(2, due=4e9)])
    whole = await node.store.read(BLOG)
    await redis.delete(*(KeyNames().key(BLOG, part) for part in parts))
    fresh = await new_node()
    assert await fresh.shown() == {HEADER: 1, ENTRY_1: 2}
    assert await fresh.store.due(5e9) == [(BLOG, ENTRY_1), (BLOG, entry(2).id)]
    assert (await fresh.cursor() == whole.cursor) == ("line" not in parts)
    await fresh.write(publish(3))


async def test_half_a_blog_that_nobody_has_is_neither_shown_nor_written_to(
    eventually: Eventually, new_node: NewNode, redis: Redis
):
    node = await new_node(listening=False)
    await node.store.commit(BLOG, [make_blog(), publish(1), publish(2)])
    await redis.hdel(KeyNames().key(BLOG, "items"), ENTRY_1)
    fresh = await new_node()
    with pytest.raises(BlogDamaged):
        await fresh.follower.hub(BLOG)
    for work in (fresh.store.commit(BLOG, [publish(3)]), fresh.store.item(BLOG, ENTRY_1), fresh.store.drafts(BLOG)):
        with pytest.raises(BlogDamaged):
            await work
    with pytest.raises(BlogDamaged):  # at once: it was damaged a moment ago
        await asyncio.wait_for(fresh.follower.hub(BLOG), 1)

    async def is_counted() -> Any:
        return fresh.counts.blog_errors["audit"]

    await eventually(is_counted)
    await fresh.store.delete(BLOG)
    with pytest.raises(BlogNotFound):
        await fresh.follower.hub(BLOG)


async def test_the_list_of_names_is_written_again(eventually: Eventually, new_node: NewNode, redis: Redis):
    node = await new_node()
    for name in ("one", "two"):
        await node.store.commit(name, [make_blog()])
    await node.follower.hub("one")
    await redis.delete("stoppress:blogs")

    async def listed() -> Any:
        return await node.store.blogs() == ["one", "two"]

    await eventually(listed)


async def test_what_a_later_version_wrote_is_not_overwritten_by_a_node_that_cannot_read_it(
    eventually: Eventually, new_node: NewNode, redis: Redis
):
    node = await new_node()
    await node.write(make_blog())
    await node.write(publish(1))
    await node.follower.hub(BLOG)
    later = Write(ENTRY_1, 1, b'{"status":{"of":"a later version"}}')
    await node.store.commit(BLOG, [later])

    async def is_noticed() -> Any:
        return node.follower.damaged == 1

    await eventually(is_noticed)
    item = await node.store.item(BLOG, ENTRY_1)
    assert item is not None and item.body == later.body
    assert await node.shown() == {HEADER: 1, ENTRY_1: 1}, "readers keep what they have"


# Not now


async def test_between_a_loss_and_the_put_back_no_node_says_that_a_blog_does_not_exist(new_node: NewNode, redis: Redis):
    asleep, fresh = await new_node(listening=False), await new_node()
    await asleep.write(make_blog())
    await asleep.follower.hub(BLOG)
    await redis.flushall()
    for attempt in (
        fresh.follower.hub(BLOG),
        fresh.store.item(BLOG, HEADER),
        fresh.store.drafts(BLOG),
        fresh.store.commit(BLOG, [publish(1)]),
    ):
        with pytest.raises(BlogMissing):
            await attempt
    assert (await asleep.follower.hub(BLOG)).replica.cursor != START
    with pytest.raises(BlogNotFound):
        await fresh.follower.hub("another")


# Deletion


async def test_a_deletion_counts_for_a_history_that_the_store_had_lost(
    eventually: Eventually, new_node: NewNode, redis: Redis
):
    asleep, other = await new_node(listening=False), await new_node()
    await asleep.write(make_blog("old"))
    hub = await asleep.follower.hub(BLOG)
    await redis.flushall()
    await other.store.delete(BLOG)  # a node has it, so there is something to delete
    asleep.listen()
    async with asyncio.timeout(10):
        while hub.close_reason is None:
            await asyncio.sleep(0.01)
    assert await other.store.blogs() == []
    await other.store.commit(BLOG, [make_blog("new")])
    new = (await other.store.read(BLOG)).tags[0]
    assert not await other.store.was_deleted(BLOG, new)


async def test_a_blog_that_was_created_after_a_deletion_is_put_back_and_the_deletion_is_recorded_again(
    eventually: Eventually, new_node: NewNode, redis: Redis
):
    asleep, node = await new_node(listening=False), await new_node()
    await asleep.write(make_blog("old"))
    await asleep.follower.hub(BLOG)
    old = await asleep.cursor()
    await redis.flushall()
    await node.store.delete(BLOG)
    await node.write(make_blog("new"))
    new = await node.cursor()
    await redis.flushall()
    await eventually(lambda: node.store_is_at(new))
    assert await node.store.was_deleted(BLOG, old.tag)
    assert not await node.store.was_deleted(BLOG, new.tag)


async def test_a_deleted_name_without_any_blog_is_recorded(new_node: NewNode):
    node = await new_node(listening=False)
    with pytest.raises(BlogNotFound):
        await node.store.delete(BLOG)
    assert await node.store.was_deleted(BLOG, "abcdefghijklm")
