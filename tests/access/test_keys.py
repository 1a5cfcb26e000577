"""Keys that are made at run time: what is stored, who may make them, and how long a node trusts them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from stoppress.access import keys as keys_module
from stoppress.access.identity import NODE, Identity
from stoppress.access.key_checks import KEY, KeyChecks
from stoppress.access.keys import KEPT_SECONDS, KeyForm, KeyRing, NewKey
from stoppress.access.secret import digest, new_secret
from stoppress.access.secret_checks import CHECK_SECONDS
from stoppress.errors import BadInput, Forbidden, KeyNotFound, NameTaken, StoreDamaged, StoreUnavailable, TooManyKeys
from stoppress.store.accounts.port import Accounts, Record, RecordWrite
from tests.support.clock import Clock

NOW = datetime(2026, 11, 23, 21, 0, tzinfo=UTC).timestamp()

SPORT = Identity("key", "sport", "admin", ("sport-*", "election"))


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.now = NOW
    return clock


@pytest.fixture
async def ring(accounts: Accounts, clock: Clock) -> AsyncIterator[KeyRing]:
    ring = KeyRing(accounts, clock)
    ring.checks = KeyChecks(accounts, clock, clock)
    yield ring
    await ring.checks.close()


def form(name: str = "cms", **fields: Any) -> KeyForm:
    return msgspec.convert({"name": name, "role": "editor", **fields}, KeyForm)


async def test_a_new_key_is_shown_once_and_the_store_has_its_hash_alone(ring: KeyRing, accounts: Accounts):
    made = await ring.make(form(blogs=["a", "b", "a"]), NODE)
    assert isinstance(made, NewKey)
    assert (made.blogs, made.created_at, made.created_by) == (["a", "b"], "2026-11-23T21:00:00.000Z", "stoppress")
    (record,) = await accounts.records(KEY)
    assert record.id == digest(made.secret)
    assert made.secret[4:] not in record.body.decode()
    (listed,) = await ring.keys(NODE)
    assert not hasattr(listed, "secret")
    assert await ring.key("cms", NODE) == listed


async def test_a_key_is_whom_it_was_made_for(ring: KeyRing):
    made = await ring.make(form(role="contributor", blogs=["sport-*"]), NODE)
    who = await ring.checks.identify(made.secret)
    assert who == Identity("key", "cms", "contributor", ("sport-*",), "key:cms")
    assert await ring.checks.identify(new_secret()) is None
    assert await ring.checks.identify(made.secret[:-1] + "!") is None


async def test_names_are_unique_until_the_key_is_revoked(ring: KeyRing):
    first = await ring.make(form(), NODE)
    with pytest.raises(NameTaken, match="named 'cms' exists"):
        await ring.make(form(), NODE)
    outcomes = await asyncio.gather(*(ring.make(form("x"), NODE) for _ in range(5)), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NameTaken"] * 4 + ["NewKey"]
    await ring.revoke("cms", NODE)
    second = await ring.make(form(), NODE)
    assert await ring.checks.identify(first.secret) is None
    assert await ring.checks.identify(second.secret) is not None


async def test_a_revoked_key_is_refused_at_once_here_and_soon_elsewhere(ring: KeyRing, accounts, clock: Clock):
    elsewhere = KeyChecks(accounts, clock, clock)
    made = await ring.make(form(), NODE)
    assert await ring.checks.identify(made.secret) is not None
    assert await elsewhere.identify(made.secret) is not None
    await elsewhere.close()
    await ring.revoke("cms", NODE)
    assert await ring.checks.identify(made.secret) is None
    clock.now += CHECK_SECONDS + 0.01
    assert await elsewhere.identify(made.secret) is None
    for name in ("cms", "nobody", "a\x00b", "é" * 300):
        with pytest.raises(KeyNotFound):
            await ring.revoke(name, NODE)


async def test_a_key_ends_and_is_listed_for_a_while(ring: KeyRing, accounts: Accounts, clock: Clock):
    made = await ring.make(form(expires_at="2026-11-23T22:00:00+01:00".replace("22", "23")), NODE)
    assert made.expires_at == "2026-11-23T22:00:00.000Z"
    assert await ring.checks.identify(made.secret) is not None
    clock.now += 3600
    assert await ring.checks.identify(made.secret) is None, "what was known a moment ago does not count"
    assert [key.name for key in await ring.keys(NODE)] == ["cms"]
    await ring.checks.close()
    (record,) = await accounts.records(KEY)
    assert record.expires == NOW + 3600 + KEPT_SECONDS


@pytest.mark.parametrize("end", ["2026-11-23T21:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
async def test_an_end_that_is_over_or_beyond_all_times_is_refused(ring: KeyRing, end: str):
    with pytest.raises(BadInput, match="`expires_at` must be"):
        await ring.make(form(expires_at=end), NODE)


async def test_an_admin_of_some_blogs_makes_sees_and_revokes_only_keys_for_them(ring: KeyRing):
    await ring.make(form("all"), NODE)
    for blogs in (["*"], ["sport-1", "politics"], ["sport*"], ["[s]port-1"], ["election*"]):
        with pytest.raises(Forbidden, match=r"only be used for sport-\*, election and may not make a key for"):
            await ring.make(form(blogs=blogs), SPORT)
    for number, blogs in enumerate((["sport-1"], ["sport-*"], ["sport-2026-*", "election"], ["sport-[ab]?"])):
        await ring.make(form(f"key-{number}", blogs=blogs), SPORT)
    assert [key.name for key in await ring.keys(SPORT)] == [f"key-{number}" for number in range(4)]
    for attempt in (ring.revoke("all", SPORT), ring.key("all", SPORT)):
        with pytest.raises(Forbidden, match="key 'all'"):
            await attempt
    await ring.revoke("key-1", SPORT)
    assert len(await ring.keys(NODE)) == 4


async def test_there_is_a_limit_of_keys(ring: KeyRing, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(keys_module, "MAX_KEYS", 2)
    for name in ("a", "b"):
        await ring.make(form(name), NODE)
    with pytest.raises(TooManyKeys, match="There are 2 API keys, which is the limit"):
        await ring.make(form("c"), NODE)


async def test_the_last_use_is_written_once_a_minute_and_never_revives_a_key(ring: KeyRing, clock: Clock, eventually):
    made = await ring.make(form(), NODE)

    async def used(at: str) -> bool:
        return (await ring.key("cms", NODE)).last_used_at == at

    await ring.checks.identify(made.secret)
    await eventually(lambda: used("2026-11-23T21:00:00.000Z"))
    for _ in range(10):
        clock.now += 5
        assert await ring.checks.identify(made.secret) is not None
    assert await used("2026-11-23T21:00:00.000Z")
    clock.now += 10
    await ring.checks.identify(made.secret)
    await eventually(lambda: used("2026-11-23T21:01:00.000Z"))
    clock.now += 60
    await ring.checks.identify(made.secret)  # begins to write
    await ring.revoke("cms", NODE)
    await ring.checks.close()
    assert await ring.keys(NODE) == []
    assert await ring.checks.identify(made.secret) is None


async def test_a_revoked_key_that_the_store_brings_back_is_revoked_again(
    ring: KeyRing, accounts: Accounts, clock: Clock
):
    made = await ring.make(form(), NODE)
    (record,) = await accounts.records(KEY)
    await ring.revoke("cms", NODE)
    await accounts.write([RecordWrite(KEY, record.id, record.body)])  # as a failover to an older replica does
    assert await ring.checks.identify(made.secret) is None
    assert await accounts.records(KEY) == []


async def test_a_key_that_is_missing_in_the_list_can_be_revoked(
    ring: KeyRing, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
):
    made = await ring.make(form(), NODE)

    async def none(*_: object, **__: object) -> list[Record]:
        return []

    monkeypatch.setattr(accounts, "records", none)
    assert (await ring.key("cms", NODE)).name == "cms"
    with pytest.raises(Forbidden):
        await ring.revoke("cms", SPORT)
    await ring.revoke("cms", NODE)
    assert await KeyChecks(accounts, ring._now).identify(made.secret) is None


async def test_a_damaged_key_can_be_revoked(ring: KeyRing, accounts: Accounts, monkeypatch: pytest.MonkeyPatch):
    await ring.make(form(), NODE)
    get = accounts.get

    async def damaged(kind: str, record_id: str) -> Record | None:
        if kind == KEY:
            raise StoreDamaged("x")
        return await get(kind, record_id)

    async def none(*_: object, **__: object) -> list[Record]:
        return []

    with monkeypatch.context() as patch:
        patch.setattr(accounts, "get", damaged)
        patch.setattr(accounts, "records", none)
        with pytest.raises(Forbidden):
            await ring.revoke("cms", SPORT)
        await ring.revoke("cms", NODE)
    assert await accounts.records(KEY) == []
    assert (await ring.make(form(), NODE)).name == "cms"


class Away:
    """Accounts that do not answer."""

    async def get(self, *_: object) -> None:
        raise StoreUnavailable("away")


async def test_without_the_store_a_key_is_trusted_for_two_seconds(ring: KeyRing, clock: Clock):
    made = await ring.make(form(), NODE)
    await ring.checks.identify(made.secret)
    await ring.checks.close()
    ring.checks._accounts = Away()  # type: ignore[assignment]
    clock.now += CHECK_SECONDS - 0.01
    assert await ring.checks.identify(made.secret) is not None
    clock.now += 0.02
    with pytest.raises(StoreUnavailable):
        await ring.checks.identify(made.secret)
    with pytest.raises(StoreUnavailable):
        await ring.checks.identify(new_secret())


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b'{"name":"a"}', b'{"expires_at":"x"}'])
async def test_a_record_that_cannot_be_read_is_not_a_key(ring: KeyRing, accounts: Accounts, body: bytes):
    made = await ring.make(form(), NODE)
    if body == b'{"expires_at":"x"}':
        (record,) = await accounts.records(KEY)
        body = record.body.replace(b'"expires_at":null', b'"expires_at":"x"')
        assert body != record.body
    await accounts.write([RecordWrite(KEY, digest(made.secret), body)])
    assert await ring.checks.identify(made.secret) is None
    assert await ring.keys(NODE) == []
    await ring.revoke("cms", NODE)
    assert (await ring.make(form(), NODE)).name == "cms", "the name is free again"


async def test_memory_is_bounded(ring: KeyRing, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("stoppress.access.secret_checks._MAX_CACHED", 2)
    for number in range(4):
        assert await ring.checks.identify((await ring.make(form(f"k{number}"), NODE)).secret) is not None
        assert await ring.checks.identify(new_secret()) is None
    assert len(ring.checks._known) == 2
