"""What `port.Past` promises, and what commits and deletions promise of the past, for every store."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from stoppress.errors import BlogNotFound, VersionConflict
from stoppress.model import HEADER, Item, Segment
from stoppress.store.accounts.port import RecordWrite
from stoppress.store.past.port import MAX_VERSION_BYTES, Act, Actor, Keep, Version
from stoppress.store.port import Once, Store, Write
from stoppress.store.select import store_from

MAKE = Write(HEADER, 0, b"{}")
SESSION = RecordWrite("session", "1", b"{}")
ANN, BOB = Actor("key", "ann"), Actor("person", "Bob", "b7")


def act(action: str = "publish", who: Actor = ANN, **fields: object) -> Act:
    return Act(who=who, action=action, blog="karabakh", **fields)  # type: ignore[arg-type]


def bare(found: Act) -> Act:
    return Act(**{name: getattr(found, name) for name in found.__struct_fields__ if name not in ("id", "at")})


async def actions(store: Store, blog: str | None = "karabakh") -> list[str]:
    return [found.action for found in await store.past.acts(blog, limit=100)]


async def versions(store: Store, entry: str = "a", limit: int = 100) -> list[tuple[int, Actor | None, bytes | None]]:
    return [(one.version, one.who, one.body) for one in await store.past.versions("karabakh", entry, limit=limit)]


@pytest.fixture(params=["sqlite", "redis_server", "redis_cluster"])
async def forgetful(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """A store that keeps two earlier versions."""
    url = f"sqlite:{tmp_path / 'blogs.db'}"
    if request.param != "sqlite":
        servers = request.getfixturevalue(request.param)
        servers.flush()
        url = servers.node_url
    store = store_from(url, keep=Keep(versions=2))
    await store.open()
    yield store
    await store.close()


# The audit


async def test_a_commit_may_have_several_acts(store: Store):
    writes = [MAKE, Write("a", 0, b"a"), Write("b", 0, b"b")]
    told = [act("retract", BOB, item=name, version=1) for name in ("a", "b")]
    await store.commit("karabakh", writes, None, *told)
    assert [bare(found) for found in await store.past.acts("karabakh", limit=9)] == told[::-1]
    assert await versions(store, "b") == [(1, BOB, None)]
    with pytest.raises(VersionConflict):
        await store.commit("karabakh", writes[1:], None, *told)
    assert len(await store.past.acts("karabakh", limit=9)) == 2


async def test_an_act_is_written_with_its_commit(store: Store):
    told = act("create_blog", BOB, item=HEADER, version=1, address="192.0.2.7", reason="Изборите почнуваат.")
    began = time.time()
    await store.commit("karabakh", [MAKE], None, told)
    await store.commit("other", [MAKE])
    (found,) = await store.past.acts("karabakh", limit=10)
    assert bare(found) == told
    assert began - 2 < datetime.fromisoformat(found.at).timestamp() < time.time() + 2
    assert await store.past.acts("other", limit=10) == [], "a commit without an act leaves none"
    assert await store.past.acts(None, limit=10) == []


async def test_what_was_not_committed_is_in_no_audit(store: Store):
    await store.commit("karabakh", [MAKE], None, act("create_blog"))
    with pytest.raises(VersionConflict):
        await store.commit("karabakh", [MAKE], None, act("again"))
    with pytest.raises(BlogNotFound):
        await store.commit("nowhere", [Write("a", 0, b"{}")], None, act("nothing"))
    assert await actions(store) == ["create_blog"]
    assert await actions(store, "nowhere") == []


async def test_a_repeated_request_writes_no_second_act(store: Store):
    await store.commit("karabakh", [MAKE], None, act("create_blog"))
    for _ in range(3):
        await store.commit("karabakh", [Write("a", 0, b"{}")], Once("k", "f"), act())
    outcomes = [store.commit("karabakh", [Write("b", 0, b"{}")], Once("l", "f"), act("once")) for _ in range(10)]
    await asyncio.gather(*outcomes)
    assert await actions(store) == ["once", "publish", "create_blog"]


async def test_pages_of_acts_are_stable_while_more_are_written(store: Store):
    await store.commit("karabakh", [MAKE])
    for number in range(10):
        await store.commit("karabakh", [Write(f"e{number}", 0, b"{}")], None, act(f"a{number}"))
    newest = await store.past.acts("karabakh", limit=4)
    await store.commit("karabakh", [Write("later", 0, b"{}")], None, act("a10"))
    further = await store.past.acts("karabakh", before=newest[-1].id, limit=4)
    assert [found.action for found in newest + further] == [f"a{number}" for number in range(9, 1, -1)]
    seen, last = [], "0"
    while page := await store.past.acts("karabakh", after=last, limit=3):
        seen += [found.action for found in page]
        last = page[-1].id
    assert seen == [f"a{number}" for number in range(11)]
    everything = await store.past.acts("karabakh", limit=100)
    assert len({found.id for found in everything}) == 11
    between = await store.past.acts("karabakh", after=everything[8].id, before=everything[4].id, limit=9)
    assert [found.action for found in between] == ["a3", "a4", "a5"]
    assert await store.past.acts("karabakh", after=everything[4].id, before=everything[8].id, limit=9) == []


async def test_the_audit_of_a_deleted_blog_stays_and_has_the_deletion(store: Store):
    await store.commit("karabakh", [MAKE], None, act("create_blog"))
    await store.commit("karabakh", [Write("a", 0, b"{}")], None, act())
    await store.delete("karabakh", act("delete_blog", BOB))
    assert await actions(store) == ["delete_blog", "publish", "create_blog"]
    await store.commit("karabakh", [MAKE], None, act("create_blog"))
    assert len(await actions(store)) == 4


async def test_acts_that_belong_to_no_blog_have_a_list_of_their_own(store: Store):
    signed_in = Act(who=BOB, action="sign_in", address="192.0.2.7")
    await store.accounts.write([SESSION], signed_in)
    await store.accounts.write([SESSION], Act(who=BOB, action="key_added", item="ann"))
    assert await actions(store, None) == ["key_added", "sign_in"]
    first, *_ = await store.past.acts(None, after="0", limit=1)
    assert bare(first) == signed_in


# Versions


async def test_a_version_that_is_replaced_is_kept_with_its_author(store: Store):
    await store.commit("karabakh", [MAKE, Write("a", 0, b"one")], None, act("publish", ANN))
    await store.commit("karabakh", [Write("a", 1, b"two")], None, act("edit", BOB))
    await store.commit("karabakh", [Write("a", 2, b"three")])
    assert await versions(store) == [(3, None, None), (2, BOB, b"two"), (1, ANN, b"one")]
    assert await versions(store, limit=2) == [(3, None, None), (2, BOB, b"two")]
    (last,) = await store.past.versions("karabakh", "a", before=2, limit=5)
    assert (last.version, last.body) == (1, b"one")
    assert abs(last.at - time.time()) < 30
    assert await versions(store, HEADER) == [], "only entries have versions"
    assert await versions(store, "b") == []
    assert await store.past.versions("nowhere", "a", limit=5) == []


async def test_versions_may_skip_numbers_and_an_entry_may_be_written_twice(store: Store):
    await store.commit("karabakh", [MAKE, Write("a", 0, b"one"), Write("a", 1, b"two", version=7)], None, act())
    await store.commit("karabakh", [Write("a", 8, b"three")], None, act())
    assert await versions(store) == [(9, ANN, None), (8, ANN, b"two"), (1, ANN, b"one")]


async def test_drafts_have_versions_until_they_are_removed(store: Store):
    await store.commit("karabakh", [MAKE])
    for number, body in enumerate((b"one", b"two", b"three")):
        await store.commit("karabakh", [Write("a", number, body, visible=False)], None, act("draft"))
    assert [body for *_, body in await versions(store)] == [None, b"two", b"one"]
    await store.commit("karabakh", [Write("a", 3, None, visible=False)], None, act("remove_draft"))
    assert await versions(store) == []


async def test_an_erased_entry_has_only_its_newest_version(store: Store):
    await store.commit("karabakh", [MAKE, Write("a", 0, b"secret 1"), Write("b", 0, b"other 1")], None, act())
    await store.commit("karabakh", [Write("a", 1, b"secret 2"), Write("b", 1, b"other 2")], None, act("edit"))
    await store.commit("karabakh", [Write("a", 2, b"gone", erase=True)], None, act("retract", BOB))
    assert await versions(store) == [(3, BOB, None)]
    assert [body for *_, body in await versions(store, "b")] == [None, b"other 1"]


async def test_a_restored_retraction_erases_earlier_versions(store: Store):
    await store.commit("karabakh", [MAKE, Write("a", 0, b"secret 1")], None, act())
    edited = await store.commit("karabakh", [Write("a", 1, b"secret 2")], None, act("edit"))
    lost = Segment(edited.cursor, ("tag",), (Item("a", edited.cursor.seq + 1, 3, b"gone"),))
    assert await store.restore("karabakh", edited.cursor, lost, ["a"])
    assert await versions(store) == []


async def test_a_deleted_blog_has_no_versions(store: Store):
    await store.commit("karabakh", [MAKE, Write("a", 0, b"one")], None, act())
    await store.commit("karabakh", [Write("a", 1, b"two")], None, act())
    await store.delete("karabakh")
    await store.commit("karabakh", [MAKE, Write("a", 0, b"anew")], None, act())
    assert await versions(store) == [(1, ANN, None)]


async def test_of_many_versions_the_newest_are_kept(forgetful: Store):
    await forgetful.commit("karabakh", [MAKE])
    for number in range(6):
        await forgetful.commit("karabakh", [Write("a", number, b"%d" % number)], None, act())
    assert [version for version, *_ in await versions(forgetful)] == [6, 5, 4]


async def test_large_versions_are_kept_up_to_a_number_of_bytes(store: Store):
    await store.commit("karabakh", [MAKE])
    size = MAX_VERSION_BYTES // 3
    for number in range(6):
        await store.commit("karabakh", [Write("a", number, b"x" * size)], None, act())
    kept = await store.past.versions("karabakh", "a", limit=100)
    assert [one.version for one in kept] == [6, 5, 4, 3]
    assert sum(len(one.body or b"") for one in kept) <= MAX_VERSION_BYTES


async def test_a_store_that_keeps_no_versions_removes_those_that_it_has(store: Store):
    await store.commit("karabakh", [MAKE, Write("a", 0, b"one")], None, act())
    await store.commit("karabakh", [Write("a", 1, b"two")], None, act())
    store._kept = Keep(versions=0)  # type: ignore[attr-defined]
    if hasattr(store, "_tables"):
        store._tables.past._keep = Keep(versions=0)
    await store.commit("karabakh", [Write("a", 2, b"three")], None, act())
    assert await versions(store) == []


async def test_a_version_has_its_body_byte_for_byte(store: Store):
    body = '{"text":"Вести од Скопје 🗞 \\u0000 %s"}'.encode()
    await store.commit("karabakh", [MAKE, Write("a", 0, body)], None, act())
    await store.commit("karabakh", [Write("a", 1, b"{}")], None, act())
    newest, first = await store.past.versions("karabakh", "a", limit=9)
    assert (newest.body, first) == (None, Version(1, first.at, ANN, body))
