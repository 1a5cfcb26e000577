"""The check of an API key in a request. It asks the store at most every `CHECK_SECONDS` for a key that is in use."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
from msgspec import Struct

from stoppress.access.identity import Identity
from stoppress.access.secret import digest, is_secret
from stoppress.errors import StoreUnavailable, VersionConflict
from stoppress.model import timestamp
from stoppress.store.accounts.port import Accounts, Record, RecordWrite
from stoppress.tasks import end

KEY = "key"
"""The kind of the records of keys."""

CHECK_SECONDS = 2.0
"""Seconds for which a node trusts what the store said about a key. A revoked key is refused after this time."""

_USE_SECONDS = 60.0
"""Shortest time between two records of a key's use."""

_MAX_CACHED = 2_000

_MAX_REVOKED = 1_000
"""Maximum revoked keys that a node remembers."""

_MAX_NOTES = 50
"""Maximum records of uses that wait for the store at a time."""

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
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._revoked: OrderedDict[str, None] = OrderedDict()
        self._notes: dict[str, asyncio.Task[None]] = {}

    async def identify(self, secret: str) -> Identity | None:
        """Return whose secret this is; None if it is not, or no longer, that of a key.

        Raises:
            StoreUnavailable: the store did not answer, and what it said before is too old.
        """
        if not is_secret(secret):
            return None
        key_id = digest(secret)
        known = self._known.get(key_id)
        if known is None or self._clock() - known.asked_at > CHECK_SECONDS:
            known = await self._ask(key_id)
        return known.who if known is not None and self._now() < known.ends else None

    def revoked(self, key_id: str) -> None:
        """Refuse a key from now on, also if the store loses its removal, for example in a failover."""
        self._known.pop(key_id, None)
        self._revoked[key_id] = None
        if len(self._revoked) > _MAX_REVOKED:
            self._revoked.popitem(last=False)

    async def close(self) -> None:
        """Cancel what is still to be written."""
        await end(list(self._notes.values()))

    async def _ask(self, key_id: str) -> _Known | None:
        asked_at = self._clock()  # before the question: the answer may be late, and true only for this moment
        record = await self._accounts.get(KEY, key_id)
        if record is not None and key_id in self._revoked:
            log.warning("revoked_key_was_back")
            await self._accounts.write([RecordWrite(KEY, key_id, None)])
            return None
        key = ApiKey.read(record.body) if record else None
        if record is None or key is None:
            self._known.pop(key_id, None)
            return None
        who = Identity("key", key.name, key.role, tuple(key.blogs), f"key:{key.name}")
        self._known[key_id] = known = _Known(asked_at, who, key.ends)
        self._known.move_to_end(key_id)
        if len(self._known) > _MAX_CACHED:
            self._known.popitem(last=False)
        if self._now() < key.ends:
            self._note_use(record, key)
        return known

    def _note_use(self, record: Record, key: ApiKey) -> None:
        """Start to write when a key was used, unless that is in the store already, by any node."""
        now = self._now()
        if now - key.used < _USE_SECONDS or record.id in self._notes or len(self._notes) >= _MAX_NOTES:
            return
        used = msgspec.structs.replace(key, last_used_at=timestamp(datetime.fromtimestamp(now, UTC)))
        write = RecordWrite(KEY, record.id, msgspec.json.encode(used), record.version, record.expires)
        self._notes[record.id] = task = asyncio.create_task(self._write_use(write))
        task.add_done_callback(lambda _: self._notes.pop(record.id, None))

    async def _write_use(self, write: RecordWrite) -> None:
        try:
            await self._accounts.write([write])
        except VersionConflict:
            pass  # another node was first, or the key was just revoked
        except StoreUnavailable as error:
            log.info("use_of_key_not_written", extra={"error": str(error)})
