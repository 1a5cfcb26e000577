"""The people of a site: who may sign in, with which role, for which blogs."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from stoppress.access.identity import EVERY_BLOG, NODE, Identity
from stoppress.access.keys import NAME_PATTERN
from stoppress.access.openid.sign_in import OpenIDUser
from stoppress.access.people.passwords import Passwords
from stoppress.access.people.person import PERSON, KnownPerson, PersonForm, StoredPerson, new_epoch, read_people
from stoppress.access.roles import require_blogs
from stoppress.errors import BadInput, PersonInUse, PersonNotFound, SignInRefused, TooManyPeople, VersionConflict
from stoppress.model import timestamp
from stoppress.store.accounts.port import Accounts, RecordWrite
from stoppress.store.past.port import Act

MAX_PEOPLE = 1_000

NAME_WORDS = "1 to 64 letters, digits, '.', '_', '@' or '-', with a letter or digit first"

_ATTEMPTS = 5
"""Attempts to write a person whom others change at the same time."""

log = logging.getLogger("stoppress.people")

CheckVersion = Callable[[int], None]
"""Raises `PreconditionFailed` if the version that the person has now, or 0, may not be replaced."""


_Change = Callable[[StoredPerson | None], StoredPerson]
"""Returns what a person becomes."""


class People:
    """See the module's docstring.

    Args:
        accounts: keep the people.
        passwords: hashes and checks passwords.
        now: returns the store's time, as Unix time in seconds.
    """

    def __init__(self, accounts: Accounts, passwords: Passwords, now: Callable[[], float]) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._now = now

    async def sign_in(self, name: str, password: str) -> StoredPerson | None:
        """Return the person whom a name and a password belong to. A wrong name takes as long as a wrong password.

        Raises:
            TooManySignIns: the node is checking too many passwords already.
        """
        person, _ = await self._find(name)
        hashed = person.password if person and not person.disabled else None
        return person if await self._passwords.is_right(password, hashed) else None

    async def sign_in_by_openid(self, user: OpenIDUser, act: Act | None = None) -> StoredPerson:
        """Return the person whom an OpenID provider has vouched for. Add it, or give it the role of now.

        `act` becomes part of the audit in the commit that changes the person, if there is one.

        Raises:
            PersonInUse: others change it at the same time.
            SignInRefused: the person has no role, is disabled, or is somebody else, or nobody can have its name.
            TooManyPeople: there are `MAX_PEOPLE`.
        """
        before, version = await self._find(user.name)
        _require_same(user, before, version)
        role = user.role
        if role is None:
            if before is not None:
                await self._end_sessions(user.name, act)
            raise SignInRefused("The OpenID provider knows you, but gives you no role here. Ask an admin for a group.")

        def change(found: StoredPerson | None) -> StoredPerson:
            if found is not None and (found.subject != user.subject or found.disabled):
                raise PersonInUse(user.name)
            person = found or msgspec.structs.replace(self._new(user.name, role, NODE), blogs=list(EVERY_BLOG))
            return msgspec.structs.replace(person, display_name=user.display_name, role=role, subject=user.subject)

        if before is not None and change(before) == before:
            return before
        person, _ = await self._change(user.name, change, NODE, lambda _: None, act)
        log.info("person_changed", extra={"person": user.name, "role": role, "by": "OpenID provider"})
        return person

    async def all(self, who: Identity) -> list[KnownPerson]:
        """Return all people whose blogs `who` is for, sorted by name."""
        people = await read_people(self._accounts)
        return [person.shown for person in people if who.is_for_all(person.blogs)]

    async def one(self, name: str, who: Identity) -> tuple[KnownPerson, int]:
        """Return a person and its version. Raises `Forbidden` and `PersonNotFound` as `remove` does."""
        person, version = await self._find(name)
        if person is None:
            raise PersonNotFound(name)
        require_blogs(who, person.blogs, f"see person {name!r}")
        return person.shown, version

    async def put(
        self, name: str, form: PersonForm, who: Identity, check: CheckVersion, act: Act | None = None
    ) -> tuple[KnownPerson, int]:
        """Add or change a person. Return it with its version, which is 1 for a new one.

        In the same commit, `act` becomes part of the audit, also in the other methods.

        Raises:
            BadInput: nobody can have this name.
            Forbidden: the person is, or was, for blogs that `who` is not for.
            PersonInUse: others change it at the same time.
            PreconditionFailed: `check` does not allow it.
            TooManyPeople: there are `MAX_PEOPLE`.
            TooManySignIns: the node is busy with other passwords.
        """
        blogs = list(EVERY_BLOG) if "*" in form.blogs else list(dict.fromkeys(form.blogs))
        require_blogs(who, blogs, f"let people in for {', '.join(blogs[:10])}")
        hashed = await self._passwords.hashed(form.password) if form.password is not None else None

        def change(before: StoredPerson | None) -> StoredPerson:
            person = before or self._new(name, form.role, who)
            ends_sessions = hashed is not None or (form.disabled and not person.disabled)
            return msgspec.structs.replace(
                person,
                display_name=form.display_name or name,
                role=form.role,
                blogs=blogs,
                disabled=form.disabled,
                password=hashed or person.password,
                epoch=new_epoch() if ends_sessions else person.epoch,
            )

        person, version = await self._change(name, change, who, check, act)
        log.info("person_changed", extra={"person": name, "role": form.role, "blogs": blogs, "by": who.id})
        return person.shown, version

    async def set_password(
        self, name: str, password: str | None, who: Identity, check: CheckVersion, act: Act | None = None
    ) -> None:
        """Replace or remove a person's password, and end all its sessions. Raises as `put` and `remove` do."""
        hashed = None if password is None else await self._passwords.hashed(password)

        def change(before: StoredPerson | None) -> StoredPerson:
            if before is None:
                raise PersonNotFound(name)
            return msgspec.structs.replace(before, password=hashed, epoch=new_epoch())

        await self._change(name, change, who, check, act)
        log.info("password_changed", extra={"person": name, "by": who.id})

    async def remove(self, name: str, who: Identity, act: Act | None = None) -> None:
        """Remove a person, which ends all its sessions.

        Raises:
            Forbidden: the person is for blogs that `who` is not for.
            PersonInUse: others change it at the same time.
            PersonNotFound: there is no such person.
        """
        for _ in range(_ATTEMPTS):
            person, version = await self._find(name)
            if not version:
                raise PersonNotFound(name)
            require_blogs(who, person.blogs if person else list(EVERY_BLOG), f"remove person {name!r}")
            try:
                await self._accounts.write([RecordWrite(PERSON, name, None, version)], act)
            except VersionConflict:
                continue
            log.info("person_removed", extra={"person": name, "by": who.id})
            return
        raise PersonInUse(name)

    async def _find(self, name: str) -> tuple[StoredPerson | None, int]:
        """Return a person and the version of its record, or None and 0; None and a version: it cannot be read."""
        record = await self._accounts.get(PERSON, name) if re.fullmatch(NAME_PATTERN, name) else None
        return (StoredPerson.read(record.body), record.version) if record else (None, 0)

    async def _change(
        self, name: str, change: _Change, who: Identity, check: CheckVersion, act: Act | None
    ) -> tuple[StoredPerson, int]:
        """Write what `change` makes of a person, and again if somebody else was first."""
        if not re.fullmatch(NAME_PATTERN, name):
            raise BadInput(f"Names of people have {NAME_WORDS}; got {name[:64]!r}.")
        for _ in range(_ATTEMPTS):
            before, version = await self._find(name)
            if version:
                require_blogs(who, before.blogs if before else list(EVERY_BLOG), f"change person {name!r}")
            check(version)
            person = change(before)
            if not version and len(await read_people(self._accounts)) >= MAX_PEOPLE:
                raise TooManyPeople(MAX_PEOPLE)
            try:
                write = RecordWrite(PERSON, name, msgspec.json.encode(person), version)
                (written,) = await self._accounts.write([write], act)
            except VersionConflict:
                continue
            return person, written
        raise PersonInUse(name)

    async def _end_sessions(self, name: str, act: Act | None) -> None:
        def change(before: StoredPerson | None) -> StoredPerson:
            if before is None:
                raise PersonNotFound(name)
            return msgspec.structs.replace(before, epoch=new_epoch())

        await self._change(name, change, NODE, lambda _: None, act)

    def _new(self, name: str, role: str, maker: Identity) -> StoredPerson:
        return StoredPerson(
            name=name,
            display_name=name,
            role=role,
            blogs=[],
            created_at=timestamp(datetime.fromtimestamp(self._now(), UTC)),
            created_by=maker.id,
            epoch=new_epoch(),
        )


def _require_same(user: OpenIDUser, person: StoredPerson | None, version: int) -> None:
    """Raise `SignInRefused` unless a user of the OpenID provider may be the person of its name."""
    if not re.fullmatch(NAME_PATTERN, user.name):
        raise SignInRefused(f"Names of people have {NAME_WORDS}; the OpenID provider gave {user.name[:64]!r}.")
    if version and (person is None or person.subject != user.subject):
        raise SignInRefused(f"Person {user.name!r} is somebody else here. Ask an admin to remove that person.")
    if person is not None and person.disabled:
        raise SignInRefused(f"Person {user.name!r} is disabled. Ask an admin.")
