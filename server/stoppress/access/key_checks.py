"""The check of an API key in a request. It asks the store about a key in use at most every `CHECK_SECONDS`."""

from __future__ import annotations

import logging
import math
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
from msgspec import Struct

from stoppress.access.identity import Identity
from stoppress.access.secret import digest, is_secret
from stoppress.access.secret_checks import SecretChecks
from stoppress.model import timestamp
from stoppress.store.accounts.port import Record, RecordWrite

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
    """The answer of the store about a key."""

    asked_at: float
    who: Identity
    ends: float


class KeyChecks(SecretChecks[_Known]):
    """Checks keys for one node."""

    kind = KEY

    async def identify(self, secret: str) -> Identity | None:
        """Return whose secret this is; None if it is not, or no longer, that of a key.

        Raises:
            StoreUnavailable: the store did not answer, and what it said before is too old.
        """
        known = await self._find(digest(secret)) if is_secret(secret) else None
        return known.who if known is not None else None

    async def _read(self, record: Record, asked_at: float) -> _Known | None:
        key, now = ApiKey.read(record.body), self._now()
        if await self._is_revoked(record.id) or key is None:
            return None
        if now < key.ends and self._has_to_note(record.id, now - key.used):
            used = msgspec.structs.replace(key, last_used_at=timestamp(datetime.fromtimestamp(now, UTC)))
            self._note_use(RecordWrite(KEY, record.id, msgspec.json.encode(used), record.version, record.expires))
        who = Identity("key", key.name, key.role, tuple(key.blogs), f"key:{key.name}")
        return _Known(asked_at, who, key.ends)
