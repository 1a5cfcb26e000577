"""The check of an API key in a request. It asks the store about a key in use at most every `CHECK_SECONDS`."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
from msgspec import Struct

from stoppress.access.identity import Identity
from stoppress.access.lately_checked import LatelyChecked
from stoppress.access.secret import digest, is_secret
from stoppress.model import timestamp
from stoppress.store.accounts.port import Accounts, RecordWrite

KEY = "key"
"""The kind of the records of keys."""

log = logging.getLogger("stoppress.keys")


class ApiKey(Struct):
    """An API key, without its secret."""

    name: str
    role: str
    blogs: list[str]
    created_at: str
    created_by: str
    expires_at: str | None = None
    last_used_at: str | None = None

    @property
    def ends(self) -> float:
        """The time at which it ends, as Unix time in seconds; infinity for never."""
        return _unix(self.expires_at, math.inf)

    @property
    def used(self) -> float:
        """The time at which it was used last, as Unix time in seconds; 0 for never."""
        return _unix(self.last_used_at, 0.0)

    @classmethod
    def read(cls, body: bytes) -> ApiKey | None:
        """Return the key in a record, or None if it cannot be read."""
        try:
            key = msgspec.json.decode(body, type=ApiKey)
            _ = key.ends, key.used  # raise `ValueError` if they are not times
            return key
        except (msgspec.DecodeError, ValueError):
            log.warning("unreadable_key")
            return None


def _unix(moment: str | None, absent: float) -> float:
    return absent if moment is None else datetime.fromisoformat(moment).timestamp()


class _Known(NamedTuple):
    """What the store said about a key."""

    asked_at: float
    who: Identity
    ends: float


class KeyChecks:
    """Checks keys for one node.

    Args:
        accounts: has the keys.
        now: returns the store's time, as Unix time in seconds.
        clock: returns seconds from any starting point.
    """

    def __init__(
        self, accounts: Accounts, now: Callable[[], float], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._accounts = accounts
        self._now = now
        self._clock = clock
        self.lately: LatelyChecked[_Known] = LatelyChecked(accounts, KEY, clock)

    async def identify(self, secret: str) -> Identity | None:
        """Return whose secret this is; None if it is not, or no longer, that of a key.

        Raises:
            StoreUnavailable: the store did not answer, and what it said before is too old.
        """
        if not is_secret(secret):
            return None
        key_id = digest(secret)
        known = self.lately.find(key_id) or await self._ask(key_id)
        return known.who if known is not None and self._now() < known.ends else None

    async def _ask(self, key_id: str) -> _Known | None:
        asked_at = self._clock()
        record = await self._accounts.get(KEY, key_id)
        key = ApiKey.read(record.body) if record else None
        if record is None or await self.lately.is_revoked(key_id) or key is None:
            return None
        who = Identity("key", key.name, key.role, tuple(key.blogs), f"key:{key.name}")
        known = _Known(asked_at, who, key.ends)
        self.lately.keep(key_id, known)
        idle = self._now() - key.used
        if self._now() < key.ends and self.lately.has_to_note(key_id, idle):
            used = msgspec.structs.replace(key, last_used_at=timestamp(datetime.fromtimestamp(self._now(), UTC)))
            self.lately.note_use(RecordWrite(KEY, key_id, msgspec.json.encode(used), record.version, record.expires))
        return known
