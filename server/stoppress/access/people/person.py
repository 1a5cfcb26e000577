"""A person as admins send it, as they see it, and as the store has it."""

from __future__ import annotations

import logging
import secrets
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from stoppress.access.identity import EVERY_BLOG, Identity
from stoppress.access.keys import BLOGS_PATTERN
from stoppress.access.people.passwords import MAX_LENGTH, MIN_LENGTH
from stoppress.store.accounts.port import Accounts

PERSON = "person"
"""The kind of the records of people. Their ids are the names."""

_PAGE = 200
"""Records to read at once, so that a list does not hold up the event loop."""

log = logging.getLogger("stoppress.people")

Password = Annotated[str, Meta(min_length=MIN_LENGTH, max_length=MAX_LENGTH)]


class PersonForm(Struct, kw_only=True, forbid_unknown_fields=True):
    """A person, in the body of PUT. Without a password, the person keeps the one of before, if there is any."""

    role: Literal["reader", "contributor", "editor", "admin"]
    display_name: Annotated[str, Meta(max_length=100)] = ""
    blogs: Annotated[list[Annotated[str, Meta(pattern=BLOGS_PATTERN)]], Meta(min_length=1, max_length=100)] = (
        msgspec.field(default_factory=lambda: list(EVERY_BLOG))
    )
    disabled: bool = False
    password: Password | None = None


class PasswordForm(Struct, kw_only=True, forbid_unknown_fields=True):
    """A new password, or null to remove it."""

    password: Password | None


class KnownPerson(Struct, kw_only=True):
    """A person as admins see it."""

    name: str
    display_name: str
    role: str
    blogs: list[str]
    disabled: bool
    has_password: bool
    created_at: str
    created_by: str


class StoredPerson(Struct, kw_only=True):
    """A person as the store has it."""

    name: str
    display_name: str
    role: str
    blogs: list[str]
    created_at: str
    created_by: str
    epoch: str
    """Random text. A session is valid only with the epoch of its person, so a new one ends all sessions at once."""
    disabled: bool = False
    password: str | None = None
    """The argon2id hash."""
    subject: str | None = None
    """The person's id at the OpenID provider; None for a person whom an admin has added."""

    @classmethod
    def read(cls, body: bytes) -> StoredPerson | None:
        """Return the person in a record, or None if it cannot be read."""
        try:
            return msgspec.json.decode(body, type=StoredPerson)
        except msgspec.DecodeError:
            log.warning("unreadable_person")
            return None

    @property
    def identity(self) -> Identity:
        """The person as a sender of requests."""
        return Identity("person", self.name, self.role, tuple(self.blogs), f"person:{self.name}")

    @property
    def shown(self) -> KnownPerson:
        """The person as admins see it."""
        return KnownPerson(
            name=self.name,
            display_name=self.display_name,
            role=self.role,
            blogs=self.blogs,
            disabled=self.disabled,
            has_password=self.password is not None,
            created_at=self.created_at,
            created_by=self.created_by,
        )


def new_epoch() -> str:
    """Return an epoch that no person has had."""
    return secrets.token_hex(8)


async def read_people(accounts: Accounts) -> list[StoredPerson]:
    """Return all people, by name. Records that cannot be read are left out. Raises `StoreUnavailable`."""
    people: list[StoredPerson] = []
    page = await accounts.records(PERSON, limit=_PAGE)
    while page:
        people += (person for record in page if (person := StoredPerson.read(record.body)) is not None)
        page = await accounts.records(PERSON, page[-1].id, _PAGE)
    return people
