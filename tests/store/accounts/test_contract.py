"""What `store/accounts/port.py` promises, for every store."""

from __future__ import annotations

import asyncio
import time

import pytest

from stoppress.errors import VersionConflict
from stoppress.store.accounts.port import Accounts, Record, RecordWrite
from stoppress.store.past.port import Act, Actor
from stoppress.store.port import Store


@pytest.fixture
def accounts(store: Store) -> Accounts:
    return store.accounts


def put(record_id: str, body: bytes = b"{}", expected: int | None = None, kind: str = "key") -> RecordWrite:
    return RecordWrite(kind, record_id, body, expected)


def gone(record_id: str, expected: int | None = None) -> RecordWrite:
    return RecordWrite("key", record_id, None, expected)


@pytest.mark.parametrize("body", [b"", b"{}", bytes(range(256)), b"1 inf %s\n", b"x" * 65_536])
async def test_a_record_comes_back_as_it_was_written(accounts: Accounts, body: bytes):
    assert await accounts.get("key", "ann") is None
    assert await accounts.write([put("ann", body)]) == [1]
    assert await accounts.get("key", "ann") == Record("ann", 1, body)
    assert await accounts.get("session", "ann") is None, "kinds have records of their own"


async def test_each_write_makes_a_version_and_a_removed_record_is_gone(accounts: Accounts):
    assert await accounts.write([put("ann")]) == [1]
    assert await accounts.write([put("ann", b"2")]) == [2]
    assert await accounts.get("key", "ann") == Record("ann", 2, b"2")
    assert await accounts.write([gone("ann")]) == [0]
    assert await accounts.get("key", "ann") is None
    assert await accounts.records("key") == []
    assert await accounts.write([gone("ann")]) == [0], "it was gone before"
    assert await accounts.write([put("ann")]) == [1]


async def test_a_write_for_another_version_is_a_conflict_and_writes_nothing(accounts: Accounts):
    await accounts.write([put("ann", b"1", expected=0)])
    for write in (put("ann", expected=0), put("ann", expected=2), gone("ann", expected=7), put("bob", expected=1)):
        with pytest.raises(VersionConflict, match=write.id):
            await accounts.write([put("eve"), write])
    assert await accounts.records("key") == [Record("ann", 1, b"1")]
    assert await accounts.write([put("ann", expected=1), put("bob", expected=0)]) == [2, 1]


async def test_of_concurrent_writers_of_a_version_one_wins(accounts: Accounts):
    tries = (accounts.write([put("ann", str(number).encode(), expected=0)]) for number in range(20))
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["VersionConflict"] * 19 + ["list"]


async def test_a_list_is_sorted_bounded_and_goes_on(accounts: Accounts):
    names = ["1", "Ann", "ann", "ann/2", "bob", "žana", "日"]
    await accounts.write([put(name) for name in reversed(names)])
    await accounts.write([put("other", kind="keys"), put("other", kind="ke"), put("other", kind="session")])
    assert [record.id for record in await accounts.records("key")] == names
    assert [record.id for record in await accounts.records("key", limit=2)] == ["1", "Ann"]
    assert [record.id for record in await accounts.records("key", after="ann", limit=3)] == ["ann/2", "bob", "žana"]
    assert await accounts.records("key", after="日") == []
    assert await accounts.records("person") == []


async def test_a_record_ends_by_itself(accounts: Accounts, eventually):
    soon = time.time() + 0.4
    ended = RecordWrite("session", "old", b"{}", expires=time.time() - 1)
    await accounts.write([ended, RecordWrite("session", "a", b"{}", expires=soon), put("b", kind="session")])
    assert await accounts.get("session", "old") is None
    found = await accounts.get("session", "a")
    assert found is not None
    assert found.expires == pytest.approx(soon, abs=0.01)

    async def has_ended() -> bool:
        return await accounts.get("session", "a") is None

    await eventually(has_ended)
    assert time.time() >= soon - 0.01
    assert [record.id for record in await accounts.records("session", limit=1)] == ["b"]
    assert await accounts.write([RecordWrite("session", "a", b"2", expected=0)]) == [1], "it starts anew"
    assert await accounts.get("session", "a") == Record("a", 1, b"2"), "without an end now"


@pytest.mark.parametrize(
    "writes",
    [
        [],
        [put("ann"), put("ann")],
        [put(str(number)) for number in range(21)],
        [put("")],
        [put("a\n")],
        [put("a" * 201)],
        [put("a", kind="Key")],
        [put("a", b"x" * 65_537)],
    ],
)
async def test_a_malformed_write_is_refused(accounts: Accounts, writes: list[RecordWrite]):
    with pytest.raises(ValueError, match="record"):
        await accounts.write(writes)
    assert await accounts.records("key") == []


def act(action: str) -> Act:
    return Act(who=Actor("key", "root"), action=action, item="ann", address="192.0.2.7")


async def test_an_act_is_written_with_its_records(store: Store):
    await store.accounts.write([put("ann", expected=0)], act("make_key"))
    await store.accounts.write([put("bob")])
    await store.accounts.write([gone("ann", expected=1), put("bob")], act("revoke_key"))
    await store.accounts.write([gone("ann")], act("again"))
    acts = await store.past.acts(None, limit=10)
    assert [one.action for one in acts] == ["again", "revoke_key", "make_key"]
    assert (acts[2].who, acts[2].item, acts[2].address) == (Actor("key", "root"), "ann", "192.0.2.7")


async def test_a_write_that_is_refused_leaves_no_act(store: Store):
    await store.accounts.write([put("ann")])
    for writes in ([put("ann", expected=0)], [put("eve"), gone("ann", expected=7)]):
        with pytest.raises(VersionConflict):
            await store.accounts.write(writes, act("make_key"))
    with pytest.raises(ValueError, match="record"):
        await store.accounts.write([], act("make_key"))
    assert await store.past.acts(None, limit=10) == []


async def test_of_concurrent_writers_the_one_that_wins_leaves_an_act(store: Store):
    tries = (store.accounts.write([put("ann", expected=0)], act(f"try_{number}")) for number in range(20))
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    winner = next(number for number, outcome in enumerate(outcomes) if isinstance(outcome, list))
    assert [one.action for one in await store.past.acts(None, limit=30)] == [f"try_{winner}"]


async def test_a_counter_counts_until_its_window_ends(accounts: Accounts, eventually):
    assert (await accounts.count("wrong 192.0.2.1", 1, events=0)).events == 0
    counted = await asyncio.gather(*(accounts.count("wrong 192.0.2.1", 1) for _ in range(5)))
    assert sorted(one.events for one in counted) == [1, 2, 3, 4, 5]
    assert all(0 < one.resets_in <= 1 for one in counted)
    assert (await accounts.count("wrong 192.0.2.1", 1, events=0)).events == 5
    assert (await accounts.count("wrong 192.0.2.2", 60, events=3)).events == 3

    async def is_over() -> bool:
        return (await accounts.count("wrong 192.0.2.1", 1, events=0)).events == 0

    await eventually(is_over)
    assert (await accounts.count("wrong 192.0.2.1", 1)).events == 1
    assert (await accounts.count("wrong 192.0.2.2", 60, events=0)).events == 3


async def test_accounts_are_no_blogs(store: Store):
    await store.accounts.write([put("ann")])
    await store.accounts.count("a", 60)
    assert await store.names() == []
    await store.ping()
