"""The check of a session in a request. It asks the store about one in use at most every `CHECK_SECONDS`."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import re
import secrets
import time
from collections.abc import Callable
from typing import NamedTuple

import msgspec
from msgspec import Struct

from stoppress.access.identity import Identity
from stoppress.access.people.person import PERSON, StoredPerson
from stoppress.access.secret_checks import USE_SECONDS, SecretChecks
from stoppress.store.accounts.port import Accounts, Record, RecordWrite

SESSION = "session"
"""The kind of the records of sessions. Their ids are the hashes of the secrets in the cookies."""

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")

log = logging.getLogger("stoppress.sessions")


class StoredSession(Struct, kw_only=True):
    """A session as the store has it. Times are Unix times in seconds."""

    person: str
    epoch: str
    """That of the person when the session began."""
    created: float
    used: float
    ends: float
    """The time at which it ends even if it is in use."""
    address: str
    user_agent: str

    @classmethod
    def read(cls, body: bytes) -> StoredSession | None:
        """Return the session in a record, or None if it cannot be read."""
        try:
            return msgspec.json.decode(body, type=StoredSession)
        except msgspec.DecodeError:
            log.warning("unreadable_session")
            return None

    def belongs_to(self, person: StoredPerson | None) -> bool:
        """Return whether a person may use it now."""
        return person is not None and not person.disabled and hmac.compare_digest(person.epoch, self.epoch)

    def expires(self, idle_seconds: float) -> float:
        """Return the time at which it ends if nobody uses it any more."""
        return min(self.ends, self.used + idle_seconds + USE_SECONDS)  # a use is written so late


class SignedIn(NamedTuple):
    """A valid session, and whose it is."""

    id: str
    who: Identity
    display_name: str
    ends: float
    """The time at which it ends even if it is in use, as Unix time in seconds."""
    asked_at: float


def new_session_secret() -> str:
    """Return a secret that nobody can guess: 256 random bits."""
    return secrets.token_urlsafe(32)


def session_id(secret: str) -> str:
    """Return the id of the session that has a secret. Nobody can find out the secret from it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def csrf_token(secret: str) -> str:
    """Return what writes by cookie must carry in a header: pages of other sites cannot know it."""
    digest = hmac.digest(secret.encode(), b"stoppress csrf", hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class SessionChecks(SecretChecks[SignedIn]):
    """Checks sessions for one node.

    Args:
        accounts: has the sessions and the people.
        now: returns the store's time, as Unix time in seconds.
        idle_seconds: the time after which an unused session ends.
        clock: returns seconds from any starting point.
    """

    kind = SESSION

    def __init__(
        self,
        accounts: Accounts,
        now: Callable[[], float],
        idle_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(accounts, now, clock)
        self._idle_seconds = idle_seconds

    async def identify(self, secret: str) -> SignedIn | None:
        """Return the session that has a secret; None if there is none, or it has ended.

        Raises:
            StoreUnavailable: the store did not answer, and what it said before is too old.
        """
        return await self._find(session_id(secret)) if _SECRET.fullmatch(secret) else None

    def forget_person(self, name: str) -> None:
        """Ask the store about all sessions of a person at their next use."""
        for session in [key for key, known in self._known.items() if known.who.name == name]:
            del self._known[session]

    async def _read(self, record: Record, asked_at: float) -> SignedIn | None:
        session = StoredSession.read(record.body)
        if session is None or self._now() >= session.expires(self._idle_seconds):
            return None
        person_record = await self._accounts.get(PERSON, session.person)
        person = StoredPerson.read(person_record.body) if person_record else None
        if await self._is_revoked(record.id) or person is None or not session.belongs_to(person):
            return None
        if self._has_to_note(record.id, self._now() - session.used):
            used = msgspec.structs.replace(session, used=self._now())
            body, expires = msgspec.json.encode(used), used.expires(self._idle_seconds)
            self._note_use(RecordWrite(SESSION, record.id, body, record.version, expires))
        return SignedIn(record.id, person.identity, person.display_name, session.ends, asked_at)
