"""The sessions of people: made at sign-in, listed, and ended.

A session has a random secret, which only the cookie of a browser has. The store has a record under the hash of the
secret, and a second one that finds the sessions of a person.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
from msgspec import Struct

from stoppress.access.identity import EVERY_BLOG, Identity
from stoppress.access.people.person import PERSON, StoredPerson, read_people
from stoppress.access.people.session_checks import (
    SESSION,
    SessionChecks,
    StoredSession,
    new_session_secret,
    session_id,
)
from stoppress.access.roles import may, require, require_blogs
from stoppress.errors import SessionNotFound
from stoppress.model import timestamp
from stoppress.store.accounts.port import Accounts, Record, RecordWrite
from stoppress.store.past.port import Act

MAX_SESSIONS = 20
"""Maximum sessions of a person. The next sign-in ends the oldest one."""

_SESSION_OF = "session_of"
"""The kind of the records that find a person's sessions. Their ids are NAME/SESSION."""

_MAX_AGENT_CHARACTERS = 200

SESSION_ID = "[0-9a-f]{64}"

log = logging.getLogger("stoppress.sessions")


class Session(Struct):
    """A session as people see it."""

    id: str
    person: str
    created_at: str
    last_used_at: str
    ends_at: str
    address: str
    user_agent: str


class Client(NamedTuple):
    """The client with which somebody signs in."""

    address: str
    user_agent: str
    secret: str | None = None
    """The secret of the session that the browser has now, and that the new one replaces."""


class NewSession(NamedTuple):
    """A session that has just begun."""

    id: str
    secret: str
    ends: float
    """The time at which it ends even if it is in use, as Unix time in seconds."""
    seconds: float
    """From now to `ends`."""


class Sessions:
    """See the module's docstring.

    Args:
        accounts: keep the sessions.
        now: returns the store's time, as Unix time in seconds.
        idle_seconds: the time after which an unused session ends.
        max_seconds: the time after which a session ends even if it is in use.
    """

    def __init__(self, accounts: Accounts, now: Callable[[], float], idle_seconds: float, max_seconds: float) -> None:
        self._accounts = accounts
        self._now = now
        self._idle_seconds = idle_seconds
        self._max_seconds = max_seconds
        self.checks = SessionChecks(accounts, now, idle_seconds)

    async def start(self, person: StoredPerson, client: Client, act: Act | None = None) -> NewSession:
        """Begin a session of a person who has just proved who it is, and end the one that the browser had.

        In the same commit, `act` becomes part of the audit, also in the other methods.
        """
        session, secret = self._new(person, client), new_session_secret()
        key, body = session_id(secret), msgspec.json.encode(session)
        surplus = await self._surplus(person.name, client.secret)
        await self._accounts.write(
            [
                *(removal for gone, name in surplus.items() for removal in _removals(name, gone)),
                RecordWrite(SESSION, key, body, 0, session.expires(self._idle_seconds)),
                RecordWrite(_SESSION_OF, f"{person.name}/{key}", b"%.3f" % session.created, 0, session.ends),
            ],
            act,
        )
        for gone, owner in surplus.items():
            self.checks.ended(gone)
            log.info("session_ended", extra={"person": owner, "by": f"person:{person.name}"})
        log.info("session_begun", extra={"person": person.name, "address": session.address})
        return NewSession(key, secret, session.ends, self._max_seconds)

    def _new(self, person: StoredPerson, client: Client) -> StoredSession:
        now = self._now()
        return StoredSession(
            person=person.name,
            epoch=person.epoch,
            created=now,
            used=now,
            ends=now + self._max_seconds,
            address=client.address[:100],
            user_agent="".join(filter(str.isprintable, client.user_agent))[:_MAX_AGENT_CHARACTERS],
        )

    async def end(self, session: str, who: Identity, act: Act | None = None) -> None:
        """End a session. Other nodes know within `secret_checks.CHECK_SECONDS`.

        `act` gets the name of the session's person.

        Raises:
            Forbidden: it belongs to another person, and `who` may not change people, or not this one.
            SessionNotFound: there is no such session.
        """
        record = await self._accounts.get(SESSION, session) if re.fullmatch(SESSION_ID, session) else None
        found = StoredSession.read(record.body) if record else None
        if found is None:
            raise SessionNotFound(session)
        if not _is_own(who, found):
            require(who, "change_people")
            person = await self._person(found.person)
            require_blogs(who, person.blogs if person else list(EVERY_BLOG), f"end a session of {found.person!r}")
        named = msgspec.structs.replace(act, item=found.person) if act else None
        await self._remove(found.person, session, named)
        log.info("session_ended", extra={"person": found.person, "by": who.id})

    async def end_secret(self, secret: str, act: Act | None = None) -> None:
        """End the session that has a secret, if there is one; else there is no act either."""
        key = session_id(secret)
        person = await self._person_of(key)
        if person is not None:
            await self._remove(person, key, act)
            log.info("session_ended", extra={"person": person, "by": f"person:{person}"})

    async def _person_of(self, key: str) -> str | None:
        """Return the name of the person whose session this is, or None if there is no such session."""
        record = await self._accounts.get(SESSION, key)
        found = StoredSession.read(record.body) if record else None
        return found.person if found else None

    async def list_after(self, after: str, limit: int, who: Identity) -> tuple[list[Session], str | None]:
        """Return the sessions that `who` may see, and what to go on after, or None at the end.

        Args:
            after: the id of a session, or "" to begin.
            limit: maximum sessions.
            who: an admin sees those of all people who are for no other blogs; others see their own.
        """
        if not may(who, "read_people"):
            return await self._own(who), None
        records = await self._accounts.records(SESSION, after, limit)
        people = {
            person.name: person
            for person in await read_people(self._accounts)
            if who.is_for_all(person.blogs) or person.identity == who
        }
        more = records[-1].id if len(records) == limit else None
        return list(_shown(records, people)), more

    async def _own(self, who: Identity) -> list[Session]:
        person = await self._person(who.name) if who.kind == "person" else None
        if person is None:
            return []
        found = [await self._accounts.get(SESSION, key) for key, _ in await self._sessions_of(person.name)]
        return list(_shown((record for record in found if record), {person.name: person}))

    async def _person(self, name: str) -> StoredPerson | None:
        record = await self._accounts.get(PERSON, name)
        return StoredPerson.read(record.body) if record else None

    async def _sessions_of(self, name: str) -> list[tuple[str, float]]:
        """Return the ids of a person's sessions and when they began, the oldest first. Some may have ended."""
        records = await self._accounts.records(_SESSION_OF, f"{name}/", 2 * MAX_SESSIONS)
        own = [record for record in records if record.id.startswith(f"{name}/")]
        return sorted(((record.id.rpartition("/")[2], float(record.body)) for record in own), key=lambda one: one[1])

    async def _surplus(self, name: str, secret: str | None) -> dict[str, str]:
        """Return the sessions that the next one of a person ends, and whose they are.

        Args:
            name: the person.
            secret: of the session that the browser has now; it may be one of somebody else.
        """
        sessions = await self._sessions_of(name)
        surplus = {key: name for key, _ in sessions[: max(0, len(sessions) + 1 - MAX_SESSIONS)][:5]}
        if secret is not None and (person := await self._person_of(session_id(secret))):
            surplus[session_id(secret)] = person
        return surplus

    async def _remove(self, name: str, key: str, act: Act | None) -> None:
        await self._accounts.write(_removals(name, key), act)
        self.checks.ended(key)


def _removals(name: str, key: str) -> list[RecordWrite]:
    return [RecordWrite(SESSION, key, None), RecordWrite(_SESSION_OF, f"{name}/{key}", None)]


def _is_own(who: Identity, session: StoredSession) -> bool:
    return who.kind == "person" and who.name == session.person


def _shown(records: Iterable[Record], people: dict[str, StoredPerson]) -> Iterable[Session]:
    """Yield the sessions that are valid and belong to these people."""
    for record in records:
        session = StoredSession.read(record.body)
        if session and session.belongs_to(people.get(session.person)):
            created_at, last_used_at, ends_at = map(time_text, (session.created, session.used, session.ends))
            yield Session(
                id=record.id,
                person=session.person,
                created_at=created_at,
                last_used_at=last_used_at,
                ends_at=ends_at,
                address=session.address,
                user_agent=session.user_agent,
            )


def time_text(at: float) -> str:
    """Return a Unix time in seconds as the API writes it."""
    return timestamp(datetime.fromtimestamp(at, UTC))
