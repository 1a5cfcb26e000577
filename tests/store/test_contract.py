"""What `port.Store` promises, for every store."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise

import pytest

from stoppress.errors import BlogNotFound, KeyReused, VersionConflict
from stoppress.model import HEADER, START, Cursor, Item, Segment
from stoppress.store.port import Once, Store, Write

HEADLINE = b'{"headline":"A"}'
MAKE = Write(HEADER, 0, HEADLINE)


def entry(name: str, body: bytes = b"{}", expected: int = 0) -> Write:
    return Write(name, expected, body)


def draft(name: str, body: bytes = b"{}", expected: int = 0, due: float | None = None) -> Write:
    return Write(name, expected, body, visible=False, due=due)


# Commits


async def test_the_header_makes_the_blog(store: Store):
    change = await store.commit("karabakh", [MAKE])
    assert change.after == START
    assert change.items == (Item(HEADER, 1, 1, HEADLINE),)
    assert await store.heads(["karabakh"]) == [change.cursor]
    assert await store.read("karabakh") == change


async def test_without_a_header_there_is_no_blog_to_write_to(store: Store):
    for write in (entry("a"), draft(HEADER)):
        with pytest.raises(BlogNotFound, match="karabakh"):
            await store.commit("karabakh", [write])
    assert await store.blogs() == []


async def test_visible_writes_get_consecutive_seqs_and_a_tag_each(store: Store):
    first = await store.commit("karabakh", [entry("a"), MAKE, entry("d"), entry("d", b"2", expected=1)])
    assert [(item.id, item.seq) for item in first.items][:2] == [("a", 1), (HEADER, 2)]
    assert await store.item("karabakh", "d") == Item("d", 4, 2, b"2"), "one commit may write an item twice"
    second = await store.commit("karabakh", [entry("b"), entry("c"), entry("a", expected=1)])
    assert second.after == first.cursor
    assert [(item.id, item.seq, item.version) for item in second.items] == [("b", 5, 1), ("c", 6, 1), ("a", 7, 2)]
    assert len({*first.tags, *second.tags}) == 7
    assert second.cursor == Cursor(7, second.tags[-1])


async def test_a_write_for_another_version_is_a_conflict(store: Store):
    await store.commit("karabakh", [MAKE, entry("a"), draft("b")])
    for write in (MAKE, entry("new", expected=1), entry("a"), Write("b", 2, None, visible=False)):
        with pytest.raises(VersionConflict, match=write.id):
            await store.commit("karabakh", [write])
    outcomes = await asyncio.gather(
        *(store.commit("karabakh", [entry("a", body, expected=1)]) for body in (b"1", b"2")),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Segment", "VersionConflict"]


async def test_a_write_may_skip_versions_that_were_lost(store: Store):
    await store.commit("karabakh", [MAKE, entry("a")])
    change = await store.commit("karabakh", [Write("a", 1, b"2", version=7), Write("b", 0, b"1", version=3)])
    assert [(item.id, item.version) for item in change.items] == [("a", 8), ("b", 4)]
    assert (await store.read("karabakh")).items[1:] == change.items
    assert (await store.commit("karabakh", [Write("a", 8, b"3", version=2)])).items[0].version == 9


async def test_a_conflict_in_the_second_write_leaves_nothing_of_the_first(store: Store):
    made = await store.commit("karabakh", [MAKE, entry("a")])
    with pytest.raises(VersionConflict, match="'a'") as conflict:
        await store.commit("karabakh", [entry("b"), entry("a", b"lost", expected=7), draft("c", due=1.0)])
    assert conflict.value.item == "a"
    assert await store.read("karabakh") == made
    assert await store.drafts("karabakh") == []
    assert await store.due(10.0) == []


async def test_concurrent_commits_are_one_line_without_gaps(store: Store):
    await store.commit("karabakh", [MAKE])
    changes = await asyncio.gather(*(store.commit("karabakh", [entry(f"e{n}")]) for n in range(100)))
    changes.sort()
    assert [change.cursor.seq for change in changes] == list(range(2, 102))
    assert all(later.after == before.cursor for before, later in pairwise(changes))
    assert (await store.read("karabakh")).cursor == changes[-1].cursor


BODIES = {
    "Macedonian": '{"text":"Вести од Скопје 🗞"}'.encode(),
    "escapes": b'{"text":"a\\u0000b \\ud83d\\ude00 %s $1 \\n"}',
    "long": b'{"text":"' + "ж".encode() * 100_000 + b'"}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_bodies_come_back_byte_for_byte(store: Store, body: bytes):
    change = await store.commit("karabakh", [MAKE, entry("a", body)], Once("k", "f"))
    assert change.items[1].body == body
    assert (await store.read("karabakh")).items[1].body == body
    assert await store.item("karabakh", "a") == Item("a", 2, 1, body)
    assert await store.recall("karabakh", Once("k", "f")) == change


# Requests that come again


async def test_the_same_request_gets_the_first_answer_and_writes_nothing(store: Store):
    made = await store.commit("karabakh", [MAKE], Once("editor/1", "digest"))
    assert await store.commit("karabakh", [MAKE], Once("editor/1", "digest")) == made
    once = Once("editor/2", "digest")
    first = await store.commit("karabakh", [entry("a"), draft("b")], once)
    await store.commit("karabakh", [entry("a", b"later", expected=1)])
    assert await store.commit("karabakh", [entry("a"), draft("b")], once) == first
    assert await store.recall("karabakh", once) == first
    assert await store.heads(["karabakh"]) == [Cursor(3, (await store.read("karabakh")).tags[-1])]


async def test_identical_requests_at_the_same_time_are_committed_once(store: Store):
    await store.commit("karabakh", [MAKE])
    answers = await asyncio.gather(*(store.commit("karabakh", [entry("a")], Once("k", "f")) for _ in range(20)))
    assert len(set(answers)) == 1
    assert await store.heads(["karabakh"]) == [answers[0].cursor]


async def test_a_key_with_another_fingerprint_is_refused(store: Store):
    await store.commit("karabakh", [MAKE], Once("k", "f"))
    with pytest.raises(KeyReused):
        await store.commit("karabakh", [entry("a")], Once("k", "g"))
    with pytest.raises(KeyReused):
        await store.recall("karabakh", Once("k", "g"))
    assert await store.item("karabakh", "a") is None


async def test_what_failed_is_not_remembered(store: Store):
    await store.commit("karabakh", [MAKE])
    with pytest.raises(VersionConflict):
        await store.commit("karabakh", [entry("a", expected=3)], Once("k", "f"))
    assert await store.recall("karabakh", Once("k", "f")) is None
    assert (await store.commit("karabakh", [entry("a")], Once("k", "f"))).cursor.seq == 2


async def test_a_forgotten_answer_does_not_come_back(store: Store):
    await store.commit("karabakh", [MAKE], Once("k", "f"))
    await store.forget("karabakh", Once("k", "f"))
    assert await store.recall("karabakh", Once("k", "f")) is None
    assert (await store.commit("karabakh", [entry("a")], Once("k", "f"))).cursor.seq == 2


async def test_a_whole_blog_is_not_mended_and_one_that_is_not_there_is_no_damage(store: Store):
    whole = await store.commit("karabakh", [MAKE, entry("a"), draft("b", due=9.0)])
    for blog in ("karabakh", "other"):
        await store.verify(blog)
        assert not await store.renew(blog)
    assert await store.read("karabakh") == whole._replace(items=whole.items[:2])
    assert await store.due(10.0) == [("karabakh", "b")]


async def test_nothing_is_recalled_of_an_unknown_key_or_blog(store: Store):
    assert await store.recall("karabakh", Once("k", "f")) is None
    await store.commit("karabakh", [MAKE], Once("k", "f"))
    assert await store.recall("karabakh", Once("other", "f")) is None
    assert await store.recall("other", Once("k", "f")) is None


# Drafts and scheduled entries


async def test_a_draft_takes_no_seq_and_is_in_no_read(store: Store):
    made = await store.commit("karabakh", [MAKE])
    change = await store.commit("karabakh", [draft("b", b"2"), draft("a", b"1")])
    assert change == Segment(made.cursor, (), (Item("b", 0, 1, b"2"), Item("a", 0, 1, b"1")))
    assert await store.read("karabakh") == made
    assert await store.drafts("karabakh") == [Item("a", 0, 1, b"1"), Item("b", 0, 1, b"2")]
    assert await store.item("karabakh", "a") == Item("a", 0, 1, b"1")


async def test_a_published_draft_is_read_and_no_draft_any_more(store: Store):
    made = await store.commit("karabakh", [MAKE, draft("a")])
    change = await store.commit("karabakh", [entry("a", b"out", expected=1)])
    assert change.items == (Item("a", 2, 2, b"out"),)
    assert await store.read("karabakh", made.cursor) == change
    assert await store.drafts("karabakh") == []


async def test_a_draft_can_be_removed(store: Store):
    made = await store.commit("karabakh", [MAKE, draft("a", due=5.0)])
    removal = await store.commit("karabakh", [Write("a", 1, None, visible=False)])
    assert removal == Segment(made.cursor, (), (Item("a", 0, 2, b""),))
    assert await store.item("karabakh", "a") is None
    assert await store.drafts("karabakh") == []
    assert await store.due(9.0) == []
    assert (await store.commit("karabakh", [entry("a")])).items == (Item("a", 2, 1, b"{}"),)


async def test_scheduled_entries_are_due_when_their_time_has_come(store: Store):
    await store.commit("one", [MAKE, draft("late", due=30.5), draft("soon", due=10.25), draft("never")])
    await store.commit("two", [MAKE, draft("middle", due=20.0)])
    assert await store.due(10.0) == []
    assert await store.due(10.25) == [("one", "soon")]
    assert await store.due(1e12) == [("one", "soon"), ("two", "middle"), ("one", "late")]


async def test_what_was_published_or_unscheduled_is_not_due(store: Store):
    await store.commit("karabakh", [MAKE, draft("a", due=1.0), draft("b", due=1.0), draft("c", due=1.0)])
    await store.commit("karabakh", [entry("a", expected=1), draft("b", expected=1), draft("c", expected=1, due=99.0)])
    assert await store.due(50.0) == []
    assert await store.due(99.0) == [("karabakh", "c")]


async def test_visible_items_are_due_when_their_time_has_come(store: Store):
    expiring = Write("a", 0, b"{}", due=20.5)
    made = await store.commit("karabakh", [MAKE, expiring, Write("b", 0, b"{}", due=40.0), draft("c", due=30.0)])
    assert await store.due(20.0) == []
    assert await store.due(1e3) == [("karabakh", "a"), ("karabakh", "c"), ("karabakh", "b")]
    assert [item.id for item in made.items] == [HEADER, "a", "b", "c"]
    assert await store.read("karabakh") == made._replace(items=made.items[:3])
    assert [item.id for item in await store.drafts("karabakh")] == ["c"], "readers and editors see no more than before"
    await store.verify("karabakh")


async def test_the_time_of_a_visible_item_changes_with_each_write(store: Store):
    await store.commit("karabakh", [MAKE, *(Write(name, 0, b"{}", due=20.0) for name in "abcd")])
    changes = [
        Write("a", 1, b"{}", due=50.0),
        Write("b", 1, b"{}"),
        Write("c", 1, b"{}", erase=True),
        draft("e", due=10.0),
        Write("e", 1, b"{}", due=30.0),
    ]
    await store.commit("karabakh", changes)
    assert await store.due(1e3) == [("karabakh", "d"), ("karabakh", "e"), ("karabakh", "a")]
    await store.verify("karabakh")
    await store.delete("karabakh")
    assert await store.due(1e3) == []


async def test_restored_items_are_due_again(store: Store):
    begun = await store.commit("karabakh", [MAKE, Write("a", 0, b"{}", due=10.0), draft("b", due=20.0)])
    items = tuple(Item(name, begun.cursor.seq + n, 2, b"{}") for n, name in enumerate("abc", 1))
    lost = Segment(begun.cursor, ("t1", "t2", "t3"), items)
    assert await store.restore("karabakh", begun.cursor, lost, (), {"b": 30.0, "c": 25.5})
    assert await store.due(1e3) == [("karabakh", "c"), ("karabakh", "b")]
    await store.verify("karabakh")


async def test_at_most_a_hundred_of_each_blog_are_due_at_once(store: Store):
    await store.commit("one", [MAKE, *(draft(f"e{n:03}", due=float(n)) for n in range(150))])
    await store.commit("two", [MAKE, draft("late", due=900.0)])
    due = await store.due(1000.0)
    assert due == [*(("one", f"e{n:03}") for n in range(100)), ("two", "late")]


# Reading


async def test_a_read_after_a_known_cursor_is_what_differs_and_nothing_else(store: Store):
    first = await store.commit("karabakh", [MAKE, entry("a", b"a1"), entry("b", b"b1")])
    second = await store.commit("karabakh", [entry("a", b"a2", expected=1)])
    third = await store.commit("karabakh", [entry("c", b"c1"), entry("a", b"a3", expected=2)])
    assert await store.read("karabakh", first.cursor) == Segment(
        first.cursor, second.tags + third.tags, (Item("c", 5, 1, b"c1"), Item("a", 6, 3, b"a3"))
    )
    assert await store.read("karabakh", third.cursor) == Segment(third.cursor, (), ())


async def test_a_read_after_a_cursor_in_the_middle_of_a_commit_starts_there(store: Store):
    change = await store.commit("karabakh", [MAKE, entry("a"), entry("b")])
    middle = Cursor(2, change.tags[1])
    assert await store.read("karabakh", middle) == Segment(middle, change.tags[2:], change.items[2:])


async def test_a_read_after_an_unknown_cursor_is_the_whole_blog(store: Store):
    foreign = await store.commit("other", [MAKE])
    change = await store.commit("karabakh", [MAKE, entry("a")])
    strange = (Cursor(1, "zzz"), Cursor(2, "zzz"), Cursor(99, "zzz"), Cursor(10**14, "zzz"))
    for cursor in (*strange, foreign.cursor, Cursor(2, change.tags[0])):
        assert await store.read("karabakh", cursor) == change


async def test_the_blogs_are_sorted_by_name(store: Store):
    for name in ("beta", "Alpha", "alpha-2"):
        await store.commit(name, [MAKE])
    assert await store.blogs() == ["Alpha", "alpha-2", "beta"]


async def test_headers_come_in_the_order_they_were_asked_for(store: Store):
    await store.commit("one", [Write(HEADER, 0, b"1")])
    await store.commit("two", [Write(HEADER, 0, b"2"), entry("a")])
    assert await store.names() == ["one", "two"]
    assert await store.headers(["two", "none", "one"]) == [Item(HEADER, 1, 1, b"2"), None, Item(HEADER, 1, 1, b"1")]


async def test_the_time_is_that_of_a_clock(store: Store):
    assert abs(await store.time() - time.time()) < 30
    assert await store.time() <= await store.time()


async def test_heads_come_in_the_order_they_were_asked_for(store: Store):
    one = await store.commit("one", [MAKE])
    two = await store.commit("two", [MAKE, entry("a")])
    assert await store.heads(["two", "none", "one"]) == [two.cursor, None, one.cursor]
    assert await store.heads([]) == []
    heads = await store.heads([*(f"none-{n}" for n in range(1200)), "one"])
    assert heads == [None] * 1200 + [one.cursor]


async def test_a_blog_that_is_not_there_cannot_be_read_or_deleted(store: Store):
    readings = (store.read("karabakh"), store.item("karabakh", "a"), store.drafts("karabakh"))
    for work in (*readings, store.delete("karabakh")):
        with pytest.raises(BlogNotFound):
            await work


async def test_ten_thousand_entries_are_read_as_they_were_written(store: Store):
    body = b'{"text":"' + b"x" * 500 + b'"}'
    made = await store.commit("karabakh", [MAKE])
    changes = [
        await store.commit("karabakh", [entry(f"{first + n:05}", body) for n in range(1000)])
        for first in range(0, 10_000, 1000)
    ]
    items = [*made.items, *(item for change in changes for item in change.items)]
    whole = await store.read("karabakh")
    assert list(whole.items) == items
    assert whole.tags == made.tags + tuple(tag for change in changes for tag in change.tags)
    assert (await store.read("karabakh", changes[0].cursor)).items == tuple(items[1001:])


async def test_a_long_read_during_writes_is_the_blog_as_of_one_moment(store: Store):
    body = b"x" * 20_000
    await store.commit("karabakh", [MAKE, *(entry(f"e{n:03}", body) for n in range(200))])

    async def edit() -> None:
        for version in range(1, 4):
            for n in range(0, 200, 20):
                await store.commit("karabakh", [entry(f"e{n:03}", b"%d" % version, expected=version)])

    editing = asyncio.create_task(edit())
    while not editing.done():
        whole = await store.read("karabakh")
        assert whole.cursor.seq == len(whole.tags)
        assert len({item.id for item in whole.items}) == len(whole.items) == 201
        assert [item.seq for item in whole.items] == sorted(item.seq for item in whole.items)
        edits = sum(item.version - 1 for item in whole.items)
        assert edits == whole.cursor.seq - 201
    await editing


# Deletion


async def test_of_a_deleted_blog_nothing_is_left(store: Store):
    other = await store.commit("other", [MAKE, entry("a")], Once("k", "f"))
    change = await store.commit("karabakh", [MAKE, entry("a"), draft("b", due=1.0)], Once("k", "f"))
    await store.delete("karabakh")
    assert await store.blogs() == ["other"]
    assert await store.heads(["karabakh"]) == [None]
    assert await store.due(9.0) == []
    assert await store.recall("karabakh", Once("k", "f")) is None
    assert await store.was_deleted("karabakh", change.tags[0])
    for work in (store.read("karabakh"), store.delete("karabakh"), store.commit("karabakh", [entry("c")])):
        with pytest.raises(BlogNotFound):
            await work
    assert await store.read("other") == other
    assert await store.recall("other", Once("k", "f")) == other


async def test_a_blog_that_is_made_anew_knows_no_old_cursors_and_answers(store: Store):
    old = await store.commit("karabakh", [MAKE, entry("a"), draft("b")], Once("k", "f"))
    await store.delete("karabakh")
    new = await store.commit("karabakh", [MAKE], Once("k", "g"))
    assert new.after == START
    assert await store.blogs() == ["karabakh"]
    assert await store.read("karabakh", old.cursor) == new
    assert await store.read("karabakh", Cursor(1, old.tags[0])) == new
    assert await store.drafts("karabakh") == []
    assert await store.item("karabakh", "a") is None


# Restoring


async def test_what_was_lost_after_the_head_is_put_back_as_it_was(store: Store):
    made = await store.commit("karabakh", [MAKE, entry("a", b"old"), draft("b", due=1.0)])
    lost = Segment(made.cursor, ("aaa", "bbb", "ccc"), (Item("b", 4, 2, b"b2"), Item("a", 5, 3, b"a3")))
    assert await store.restore("karabakh", made.cursor, lost)
    assert await store.heads(["karabakh"]) == [Cursor(5, "ccc")]
    assert await store.read("karabakh", made.cursor) == lost
    assert (await store.read("karabakh")).items == (made.items[0], *lost.items)
    assert await store.due(9.0) == []
    assert (await store.commit("karabakh", [entry("a", b"a4", expected=3)])).after == Cursor(5, "ccc")


async def test_nothing_is_put_back_on_another_head(store: Store):
    made = await store.commit("karabakh", [MAKE])
    newer = await store.commit("karabakh", [entry("a")])
    lost = Segment(made.cursor, ("aaa",), (Item("b", 2, 1, b"lost"),))
    assert not await store.restore("karabakh", made.cursor, lost)
    assert not await store.restore("karabakh", Cursor(2, "zzz"), lost)
    assert not await store.restore("karabakh", START, lost)
    assert (await store.read("karabakh")).cursor == newer.cursor
    assert await store.item("karabakh", "b") is None


async def test_a_deleted_blog_is_not_put_back(store: Store):
    whole = await store.commit("karabakh", [MAKE, entry("a")])
    await store.delete("karabakh")
    assert not await store.restore("karabakh", START, whole)
    assert await store.blogs() == []


# Following


async def test_following_and_unfollowing_are_always_possible(store: Store):
    await store.follow("karabakh")
    await store.follow("karabakh")
    await store.unfollow("karabakh")
    await store.unfollow("never-followed")


async def test_hints_end_when_the_store_is_closed(store: Store):
    async def all_hints() -> list[object]:
        return [hint async for hint in store.hints()]

    listening = asyncio.create_task(all_hints())
    await asyncio.sleep(0)
    await store.close()
    async with asyncio.timeout(30):
        assert await listening == []


async def test_an_erased_body_is_in_no_remembered_answer(store: Store):
    await store.commit("karabakh", [Write(HEADER, 0, b"{}")])
    once = Once("key", "print")
    first = await store.commit("karabakh", [Write("a", 0, b"secret"), Write(HEADER, 1, b"{}")], once)
    await store.commit("karabakh", [Write("a", 1, b"gone", erase=True)])
    again = await store.recall("karabakh", once)
    assert again is not None
    assert again.cursor == first.cursor
    assert [(item.id, item.version, item.body) for item in again.items] == [("a", 1, b"gone"), (HEADER, 2, b"{}")]


async def test_a_restored_retraction_erases_the_body_from_remembered_answers(store: Store):
    begun = await store.commit("karabakh", [Write(HEADER, 0, b"{}")])
    once = Once("key", "print")
    posted = await store.commit("karabakh", [Write("a", 0, b"secret")], once)
    lost = Segment(posted.cursor, ("tag",), (Item("a", posted.cursor.seq + 1, 2, b"gone"),))
    assert await store.restore("karabakh", posted.cursor, lost, ["a"])
    again = await store.recall("karabakh", once)
    assert again is not None
    assert [item.body for item in again.items] == [b"gone"]
    assert (await store.read("karabakh", begun.cursor)).items == lost.items
