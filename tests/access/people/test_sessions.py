"""Sessions: what is stored, how long they last, how they end, and how long a node trusts them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from stoppress.access.identity import NODE, Identity
from stoppress.access.people.people import People
from stoppress.access.people.person import PersonForm, StoredPerson
from stoppress.access.people.session_checks import (
    SESSION,
    SessionChecks,
    csrf_token,
    new_session_secret,
    session_id,
)
from stoppress.access.people.sessions import MAX_SESSIONS, Client, Sessions
from stoppress.access.secret_checks import CHECK_SECONDS, USE_SECONDS
from stoppress.errors import Forbidden, SessionNotFound, StoreUnavailable
from stoppress.store.accounts.port import Accounts, RecordWrite
from tests.access.people.conftest import NOW
from tests.support.clock import Clock

PASSWORD = "correct horse battery"

IDLE, LONGEST = 600.0, 3600.0

CLIENT = Client("192.0.2.1", "Firefox")


@pytest.fixture
async def sessions(accounts: Accounts, clock: Clock) -> AsyncIterator[Sessions]:
    sessions = Sessions(accounts, clock, IDLE, LONGEST)
    sessions.checks = SessionChecks(accounts, clock, IDLE, clock)
    yield sessions
    await sessions.checks.close()


@pytest.fixture
async def ann(people: People) -> StoredPerson:
    return await person(people, "ann", password=PASSWORD)


async def person(people: People, name: str, **fields: Any) -> StoredPerson:
    form = msgspec.convert({"role": "editor", "password": PASSWORD, **fields}, PersonForm)
    await people.put(name, form, NODE, lambda _: None)
    found = await people.sign_in(name, PASSWORD)
    assert found
    return found


async def test_a_session_is_its_persons_and_the_store_has_a_hash_alone(sessions, accounts, ann: StoredPerson):
    new = await sessions.start(ann, CLIENT)
    signed_in = await sessions.checks.identify(new.secret)
    assert signed_in is not None
    assert signed_in.who == Identity("person", "ann", "editor", ("*",), "person:ann")
    assert (signed_in.id, signed_in.ends) == (new.id, NOW + LONGEST)
    for kind in (SESSION, "session_of"):
        (record,) = await accounts.records(kind)
        assert new.secret not in f"{record.id} {record.body!r}"
    for wrong in (new_session_secret(), "", new.secret[:-1], new.id, f"{new.secret}\n", "é" * 43):
        assert await sessions.checks.identify(wrong) is None


async def noted(sessions: Sessions) -> None:
    """Wait until uses are in the store."""
    while sessions.checks._notes:
        await next(iter(sessions.checks._notes.values()))


def test_secrets_cannot_be_guessed_and_tokens_belong_to_them():
    secrets = {new_session_secret() for _ in range(1_000)}
    assert len(secrets) == len({csrf_token(one) for one in secrets}) == 1_000
    one = secrets.pop()
    assert len(one) == 43 and one not in csrf_token(one) and csrf_token(one) not in session_id(one)


async def test_an_idle_session_ends_and_use_keeps_it(sessions: Sessions, ann: StoredPerson, clock: Clock):
    used, idle = await sessions.start(ann, CLIENT), await sessions.start(ann, CLIENT)
    for _ in range(3):
        clock.now += IDLE
        assert await sessions.checks.identify(used.secret)
        await noted(sessions)
    assert await sessions.checks.identify(idle.secret) is None
    clock.now += IDLE + USE_SECONDS
    assert await sessions.checks.identify(used.secret) is None


async def test_a_session_ends_in_any_case(sessions: Sessions, accounts: Accounts, ann: StoredPerson, clock: Clock):
    new = await sessions.start(ann, CLIENT)
    while clock.now + 300 < NOW + LONGEST:
        clock.now += 300
        assert await sessions.checks.identify(new.secret)
        await noted(sessions)
    clock.now = NOW + LONGEST - 0.5
    assert await sessions.checks.identify(new.secret)
    clock.now += 0.5
    assert await sessions.checks.identify(new.secret) is None, "what was known a moment ago does not count"
    assert await accounts.records(SESSION) == [], "the store removes it"


async def test_an_ended_session_is_refused_at_once_here_and_soon_elsewhere(sessions, accounts, ann, clock: Clock):
    elsewhere = SessionChecks(accounts, clock, IDLE, clock)
    new = await sessions.start(ann, CLIENT)
    await sessions.end(new.id, ann.identity)
    for end in (lambda one: sessions.end(one.id, ann.identity), lambda one: sessions.end_secret(one.secret)):
        new = await sessions.start(ann, CLIENT)
        assert await sessions.checks.identify(new.secret) and await elsewhere.identify(new.secret)
        await end(new)
        assert await sessions.checks.identify(new.secret) is None
        clock.now += CHECK_SECONDS + 0.01
        assert await elsewhere.identify(new.secret) is None
    assert await accounts.records("session_of") == []
    await sessions.end_secret(new.secret)  # again


async def test_an_ended_session_that_the_store_brings_back_is_ended_again(sessions, accounts, ann: StoredPerson):
    new = await sessions.start(ann, CLIENT)
    (record,) = await accounts.records(SESSION)
    await sessions.end_secret(new.secret)
    await accounts.write([RecordWrite(SESSION, record.id, record.body, 0, record.expires)])  # a failover
    assert await sessions.checks.identify(new.secret) is None
    assert await accounts.records(SESSION) == []


async def test_a_changed_person_is_changed_in_its_sessions(sessions, people: People, ann, clock: Clock):
    new = await sessions.start(ann, CLIENT)
    assert await sessions.checks.identify(new.secret)
    await person(people, "ann", role="contributor", blogs=["sport-*"], password=None)
    clock.now += CHECK_SECONDS + 0.01
    signed_in = await sessions.checks.identify(new.secret)
    assert (signed_in.who.role, signed_in.who.blogs) == ("contributor", ("sport-*",))


@pytest.mark.parametrize("change", ["removed", "removed and added", "disabled", "another password"])
async def test_sessions_of_a_person_end(sessions, people: People, ann, clock: Clock, change: str):
    new = await sessions.start(ann, CLIENT)
    assert await sessions.checks.identify(new.secret)
    match change:
        case "disabled":
            form = msgspec.convert({"role": "editor", "disabled": True}, PersonForm)
            await people.put("ann", form, NODE, lambda _: None)
        case "another password":
            await people.set_password("ann", PASSWORD + "!", NODE, lambda _: None)
        case _:
            await people.remove("ann", NODE)
            if "added" in change:
                await person(people, "ann")
    sessions.checks.forget_person("ann")
    assert await sessions.checks.identify(new.secret) is None
    assert await sessions.list_after("", 50, NODE) == ([], None)
    if change == "disabled":
        await person(people, "ann")
        assert await sessions.checks.identify(new.secret) is None, "it does not come back"


async def test_a_session_that_begins_while_its_person_changes_is_not_valid(sessions, people: People, ann):
    await people.set_password("ann", PASSWORD, NODE, lambda _: None)
    new = await sessions.start(ann, CLIENT)
    assert await sessions.checks.identify(new.secret) is None


async def test_admins_see_and_end_sessions_and_others_their_own(sessions: Sessions, people: People, ann: StoredPerson):
    bob, root = await person(people, "bob", blogs=["sport-1"]), await person(people, "root", role="admin")
    sport = Identity("key", "sport", "admin", ("sport-*",), "key:sport")
    made = {
        one.name: await sessions.start(one, Client("192.0.2.9", f"{one.name}\x1b\n" + "x" * 500))
        for one in (ann, bob, root)
    }

    async def seen(who: Identity) -> list[str]:
        return sorted(session.person for session in (await sessions.list_after("", 50, who))[0])

    assert await seen(root.identity) == await seen(NODE) == ["ann", "bob", "root"]
    assert await seen(sport) == await seen(bob.identity) == ["bob"]
    assert await seen(ann.identity) == ["ann"]
    assert await seen(Identity("key", "ann", "editor", scope="key:ann")) == [], "a key is not a person"
    (own,), _ = await sessions.list_after("", 50, ann.identity)
    assert (own.id, own.address, own.created_at) == (made["ann"].id, "192.0.2.9", "2026-11-23T21:00:00.000Z")
    assert own.user_agent == "ann" + "x" * 197

    with pytest.raises(Forbidden, match="needs the role admin"):
        await sessions.end(made["bob"].id, ann.identity)
    with pytest.raises(Forbidden, match=r"only be used for sport-\*"):
        await sessions.end(made["ann"].id, sport)
    for nothing in ("0" * 64, "", "x", "é" * 300, made["ann"].id.upper()):
        with pytest.raises(SessionNotFound):
            await sessions.end(nothing, NODE)
    await sessions.end(made["bob"].id, sport)
    await sessions.end(made["ann"].id, root.identity)
    await sessions.end(made["root"].id, root.identity)
    assert await seen(NODE) == []


async def test_pages_of_sessions_show_each_once(sessions: Sessions, people: People):
    for name in ("ann", "ann.b", "ann0"):
        one = await person(people, name)
        for _ in range(3):
            await sessions.start(one, CLIENT)
    found, after = [], ""
    while True:
        page, more = await sessions.list_after(after, 4, NODE)
        found += page
        if more is None:
            break
        after = more
    assert len(found) == len({session.id for session in found}) == 9
    own, _ = await sessions.list_after("", 1, (await person(people, "ann.b", password=PASSWORD)).identity)
    assert own == [], "a new password has ended them"


async def test_the_oldest_of_too_many_sessions_ends(sessions: Sessions, ann: StoredPerson, clock: Clock):
    made = []
    for _ in range(MAX_SESSIONS + 2):
        clock.now += 1
        made.append(await sessions.start(ann, CLIENT))
    valid = [bool(await sessions.checks.identify(one.secret)) for one in made]
    assert valid == [False] * 2 + [True] * MAX_SESSIONS
    assert len((await sessions.list_after("", 50, ann.identity))[0]) == MAX_SESSIONS


async def test_a_sign_in_ends_the_session_that_the_browser_had(sessions: Sessions, people: People, ann: StoredPerson):
    bob = await person(people, "bob")
    before = await sessions.start(ann, CLIENT)
    assert await sessions.checks.identify(before.secret)
    after = await sessions.start(bob, CLIENT._replace(secret=before.secret))
    assert await sessions.checks.identify(before.secret) is None
    assert await sessions.checks.identify(after.secret)
    for _ in range(MAX_SESSIONS + 1):
        after = await sessions.start(bob, CLIENT._replace(secret=after.secret))
    assert [one.id for one in (await sessions.list_after("", 50, NODE))[0]] == [after.id]


async def test_the_oldest_session_can_be_the_one_of_the_browser(sessions: Sessions, ann: StoredPerson, clock: Clock):
    made = []
    for _ in range(MAX_SESSIONS):
        clock.now += 1
        made.append(await sessions.start(ann, CLIENT))
    await sessions.start(ann, CLIENT._replace(secret=made[0].secret))
    assert len((await sessions.list_after("", 50, ann.identity))[0]) == MAX_SESSIONS


class Away:
    """Accounts that do not answer."""

    async def get(self, *_: object) -> None:
        raise StoreUnavailable("away")


async def test_without_the_store_a_session_is_trusted_for_two_seconds(sessions, ann: StoredPerson, clock: Clock):
    new = await sessions.start(ann, CLIENT)
    await sessions.checks.identify(new.secret)
    sessions.checks._accounts = Away()
    clock.now += CHECK_SECONDS - 0.01
    assert await sessions.checks.identify(new.secret) is not None
    clock.now += 0.02
    with pytest.raises(StoreUnavailable):
        await sessions.checks.identify(new.secret)


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff"])
async def test_a_record_that_cannot_be_read_is_not_a_session(sessions, accounts, ann: StoredPerson, body: bytes):
    new = await sessions.start(ann, CLIENT)
    await accounts.write([RecordWrite(SESSION, new.id, body)])
    assert await sessions.checks.identify(new.secret) is None
    assert (await sessions.list_after("", 50, NODE))[0] == []


async def test_memory_is_bounded(sessions: Sessions, ann: StoredPerson, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("stoppress.access.secret_checks._MAX_CACHED", 2)
    for _ in range(4):
        assert await sessions.checks.identify((await sessions.start(ann, CLIENT)).secret)
        assert await sessions.checks.identify(new_session_secret()) is None
    assert len(sessions.checks._known) == 2
