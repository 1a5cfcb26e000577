"""People: what is stored, and who may change whom."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from stoppress.access.identity import NODE, Identity
from stoppress.access.people import people as module
from stoppress.access.people.people import People
from stoppress.access.people.person import PERSON, PersonForm, StoredPerson
from stoppress.errors import (
    BadInput,
    Forbidden,
    PersonInUse,
    PersonNotFound,
    PreconditionFailed,
    TooManyPeople,
    VersionConflict,
)
from stoppress.newsroom.commits import Request
from stoppress.store.accounts.port import Accounts, RecordWrite
from stoppress.store.past.port import Act

PASSWORD = "correct horse battery"

SPORT = Identity("key", "sport", "admin", ("sport-*", "election"))


def form(**fields: Any) -> PersonForm:
    return msgspec.convert({"role": "editor", **fields}, PersonForm)


def anyway(_version: int) -> None:
    """Allow each version."""


def only(version: int) -> Any:
    return lambda current: Request(if_match=frozenset({version})).check(current, None)


async def put(people: People, name: str = "ann", who: Identity = NODE, **fields: Any) -> tuple[Any, int]:
    return await people.put(name, form(**fields), who, anyway)


async def epoch(accounts: Accounts, name: str = "ann") -> str:
    record = await accounts.get(PERSON, name)
    person = StoredPerson.read(record.body) if record else None
    assert person
    return person.epoch


async def test_a_person_signs_in_with_its_name_and_password(people: People, accounts: Accounts):
    person, version = await put(people, password=PASSWORD, blogs=["a", "b", "a"], display_name="Ann Lee")
    assert (version, person.blogs, person.display_name, person.has_password) == (1, ["a", "b"], "Ann Lee", True)
    assert (person.created_at, person.created_by) == ("2026-11-23T21:00:00.000Z", "stoppress")
    found = await people.sign_in("ann", PASSWORD)
    assert found is not None
    assert found.identity == Identity("person", "ann", "editor", ("a", "b"), "person:ann")
    (record,) = await accounts.records(PERSON)
    assert PASSWORD not in record.body.decode() and "$argon2id$" in record.body.decode()
    assert not hasattr(person, "password")
    for name, password in (
        ("ann", "another password"),
        ("bob", PASSWORD),
        ("ann", ""),
        ("Ann", PASSWORD),
        ("a\x00b", PASSWORD),
        ("é" * 200, PASSWORD),
    ):
        assert await people.sign_in(name, password) is None


async def test_who_has_no_password_or_is_disabled_cannot_sign_in(people: People):
    await put(people)
    assert await people.sign_in("ann", "") is None
    await put(people, password=PASSWORD)
    assert await people.sign_in("ann", PASSWORD)
    await put(people, disabled=True)
    assert await people.sign_in("ann", PASSWORD) is None
    await put(people)
    assert await people.sign_in("ann", PASSWORD), "the password is still there"
    await people.set_password("ann", None, NODE, anyway)
    assert await people.sign_in("ann", PASSWORD) is None
    await people.set_password("ann", PASSWORD + "!", NODE, anyway)
    assert await people.sign_in("ann", PASSWORD + "!")


async def test_what_ends_the_sessions_of_a_person(people: People, accounts: Accounts):
    await put(people, password=PASSWORD)
    first = await epoch(accounts)
    await put(people, role="admin", blogs=["sport-*"], display_name="A")
    assert await epoch(accounts) == first, "the sessions get the new role"
    seen = {first}
    for change in ({"password": PASSWORD}, {"disabled": True}):
        await put(people, **change)
        seen.add(await epoch(accounts))
    await people.set_password("ann", None, NODE, anyway)
    seen.add(await epoch(accounts))
    await people.remove("ann", NODE)
    await put(people)
    seen.add(await epoch(accounts))
    assert len(seen) == 5


async def test_an_admin_of_some_blogs_gives_sees_and_takes_no_more_than_it_has(people: People):
    await put(people, "root", role="admin")
    await put(people, "ann", blogs=["sport-1"])
    for blogs in (["*"], ["sport-1", "politics"], ["sport*"]):
        for name in ("new", "ann"):
            with pytest.raises(Forbidden, match=r"only be used for sport-\*, election and may not let people in for"):
                await put(people, name, SPORT, blogs=blogs)
    await put(people, "new", SPORT, role="admin", blogs=["sport-*"])
    await put(people, "ann", SPORT, role="contributor", blogs=["election"])
    assert [person.name for person in await people.all(SPORT)] == ["ann", "new"]
    for attempt in (
        people.one("root", SPORT),
        put(people, "root", SPORT, blogs=["sport-1"]),
        people.set_password("root", PASSWORD, SPORT, anyway),
        people.remove("root", SPORT),
    ):
        with pytest.raises(Forbidden, match="person 'root'"):
            await attempt
    await people.remove("ann", SPORT)
    assert [person.name for person in await people.all(NODE)] == ["new", "root"]


@pytest.mark.parametrize("name", ["", "-x", "a b", "a/b", "a\n", "x" * 65, "é", "a\x00b"])
async def test_a_name_that_nobody_can_have_is_refused(people: People, name: str):
    with pytest.raises(BadInput, match="Names of people have 1 to 64 letters"):
        await put(people, name)
    for attempt in (people.one(name, NODE), people.remove(name, NODE)):
        with pytest.raises(PersonNotFound):
            await attempt


async def test_only_a_person_who_is_there_can_get_a_password(people: People):
    with pytest.raises(PersonNotFound, match="There is no person 'ann'"):
        await people.set_password("ann", PASSWORD, NODE, anyway)


async def test_a_condition_prevents_a_lost_change(people: People):
    await people.put("ann", form(), NODE, only(0))
    with pytest.raises(PreconditionFailed):
        await people.put("ann", form(), NODE, only(0))
    _, version = await people.put("ann", form(role="admin"), NODE, only(1))
    assert version == 2
    with pytest.raises(PreconditionFailed):
        await people.set_password("ann", None, NODE, only(1))


async def test_changes_at_the_same_time_are_all_made(people: People):
    await asyncio.gather(put(people, password=PASSWORD), *(put(people, role=role) for role in ("editor", "admin")))
    (person,) = await people.all(NODE)
    assert person.has_password, "a change without a password keeps that of another"


class Racing:
    """Accounts in which somebody else is always first."""

    def __init__(self, accounts: Accounts) -> None:
        self.get, self.records = accounts.get, accounts.records

    async def write(self, writes: list[RecordWrite], act: Act | None) -> list[int]:
        raise VersionConflict(writes[0].id, 1)


async def test_who_is_never_first_gives_up(people: People, accounts: Accounts):
    await put(people)
    people._accounts = Racing(accounts)  # type: ignore[assignment]
    for attempt in (put(people), people.remove("ann", NODE)):
        with pytest.raises(PersonInUse, match="Send the request again"):
            await attempt


async def test_there_is_a_limit_of_people(people: People, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MAX_PEOPLE", 2)
    for name in ("a", "b"):
        await put(people, name)
    with pytest.raises(TooManyPeople, match="There are 2 people, which is the limit"):
        await put(people, "c")
    await put(people, "a", role="admin")


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b'{"name":"ann"}'])
async def test_a_record_that_cannot_be_read_is_nobody_and_only_an_admin_of_all_blogs_may_replace_it(
    people: People, accounts: Accounts, body: bytes
):
    await accounts.write([RecordWrite(PERSON, "ann", body)])
    assert await people.all(NODE) == []
    assert await people.sign_in("ann", PASSWORD) is None
    for attempt in (people.remove("ann", SPORT), put(people, "ann", SPORT, blogs=["election"])):
        with pytest.raises(Forbidden):
            await attempt
    await put(people, password=PASSWORD)
    assert await people.sign_in("ann", PASSWORD)
