"""The check of a session in a request. It asks the store at most every `CHECK_SECONDS` for a session that is in use."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import logging
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

import msgspec
from msgspec import Struct

from stoppress.access.identity import Identity
from stoppress.access.people.person import PERSON, StoredPerson
from stoppress.errors import StoreUnavailable, VersionConflict
from stoppress.store.accounts.port import Accounts, Record, RecordWrite
from stoppress.tasks import end

SESSION = "session"
"""The kind of the records of sessions. Their ids are the hashes of the secrets in the cookies."""

CHECK_SECONDS = 2.0
"""Seconds for which a node trusts what the store said about a session and its person."""

USE_SECONDS = 60.0
"""Shortest time between two records of a session's use. A session may be idle for so much longer than the limit."""

_MAX_CACHED = 2_000

_MAX_ENDED = 10_000
"""Maximum ended sessions that a node remembers, in case the store brings them back."""

_MAX_NOTES = 50
"""Maximum records of uses that wait for the store at a time."""

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
        return min(self.ends, self.used + idle_seconds + USE_SECONDS)


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


class SessionChecks:
    """Checks sessions for one node.

    Args:
        accounts: has the sessions and the people.
        now: returns the store's time, as Unix time in seconds.
        idle_seconds: the time after which an unused session ends.
        clock: returns seconds from any starting point.
    """

    def __init__(
        self,
        accounts: Accounts,
        now: Callable[[], float],
        idle_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._accounts = accounts
        self._now = now
        self._idle_seconds = idle_seconds
        self._clock = clock
        self._known: OrderedDict[str, SignedIn] = OrderedDict()
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._notes: dict[str, asyncio.Task[None]] = {}

    async def identify(self, secret: str) -> SignedIn | None:
        """Return the session that has a secret; None if there is none, or it has ended.

        Raises:
            StoreUnavailable: the store did not answer, and what it said before is too old.
        """
        if not _SECRET.fullmatch(secret):
            return None
        key = session_id(secret)
        known = self._known.get(key)
        if known is None or self._clock() - known.asked_at > CHECK_SECONDS:
            known = await self._ask(key)
        return known if known is not None and self._now() < known.ends else None

    def ended(self, session: str) -> None:
        """Refuse a session from now on, also if the store loses its removal, for example in a failover."""
        self._known.pop(session, None)
        self._ended[session] = None
        if len(self._ended) > _MAX_ENDED:
            self._ended.popitem(last=False)

    def forget_person(self, name: str) -> None:
        """Ask the store about all sessions of a person at their next use."""
        for session in [key for key, known in self._known.items() if known.who.name == name]:
            del self._known[session]

    async def close(self) -> None:
        """Cancel what is still to be written."""
        await end(list(self._notes.values()))

    async def _ask(self, key: str) -> SignedIn | None:
        asked_at = self._clock()  # before the questions: the answers may be late, and true only for this moment
        self._known.pop(key, None)
        record = await self._accounts.get(SESSION, key)
        session = StoredSession.read(record.body) if record else None
        if record is None or session is None or self._now() >= session.expires(self._idle_seconds):
            return None
        person_record = await self._accounts.get(PERSON, session.person)
        person = StoredPerson.read(person_record.body) if person_record else None
        if key in self._ended:
            log.warning("ended_session_was_back")
            await self._accounts.write([RecordWrite(SESSION, key, None)])
            return None
        if person is None or not session.belongs_to(person):
            return None
        known = SignedIn(key, person.identity, person.display_name, session.ends, asked_at)
        self._known[key] = known
        if len(self._known) > _MAX_CACHED:
            self._known.popitem(last=False)
        self._note_use(record, session)
        return known

    def _note_use(self, record: Record, session: StoredSession) -> None:
        """Start to write when a session was used, unless that is in the store already, by any node."""
        now = self._now()
        if now - session.used < USE_SECONDS or record.id in self._notes or len(self._notes) >= _MAX_NOTES:
            return
        used = msgspec.structs.replace(session, used=now)
        body, expires = msgspec.json.encode(used), used.expires(self._idle_seconds)
        write = RecordWrite(SESSION, record.id, body, record.version, expires)
        self._notes[record.id] = task = asyncio.create_task(self._write_use(write))
        task.add_done_callback(lambda _: self._notes.pop(record.id, None))

    async def _write_use(self, write: RecordWrite) -> None:
        try:
            await self._accounts.write([write])
        except VersionConflict:
            pass  # another node was first, or the session has just ended
        except StoreUnavailable as error:
            log.info("use_of_session_not_written", extra={"error": str(error)})
