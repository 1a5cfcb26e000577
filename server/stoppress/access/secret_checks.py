"""The part that checks of keys and checks of sessions share."""

from __future__ import annotations

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable
from typing import ClassVar, Generic, Protocol, TypeVar

from stoppress.errors import StoreUnavailable, VersionConflict
from stoppress.store.accounts.port import Accounts, Record, RecordWrite
from stoppress.tasks import end

CHECK_SECONDS = 2.0
"""Seconds for which a node trusts what the store said. What is revoked elsewhere is refused after this time."""

USE_SECONDS = 60.0
"""Shortest time between two records of a use."""

_MAX_CACHED = 2_000

_MAX_REVOKED = 10_000
"""Maximum revoked ids that a node remembers, in case the store brings them back."""

_MAX_NOTES = 50
"""Maximum records of uses that wait for the store at a time."""

log = logging.getLogger("stoppress.access")


class _Checked(Protocol):
    @property
    def asked_at(self) -> float:
        """The time before the store was asked: its answer may be late, and true only for that moment."""

    @property
    def ends(self) -> float:
        """Unix time in seconds."""


_C = TypeVar("_C", bound=_Checked)


class SecretChecks(ABC, Generic[_C]):
    """Checks secrets of one kind for one node. Remembers what the store said, and what was revoked.

    Args:
        accounts: has the records.
        now: returns the store's time, as Unix time in seconds.
        clock: returns seconds from any starting point.
    """

    kind: ClassVar[str]
    """That of the records."""

    def __init__(
        self, accounts: Accounts, now: Callable[[], float], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._accounts = accounts
        self._now = now
        self._clock = clock
        self._known: OrderedDict[str, _C] = OrderedDict()
        self._revoked: OrderedDict[str, None] = OrderedDict()
        self._notes: dict[str, asyncio.Task[None]] = {}

    async def _find(self, key: str) -> _C | None:
        """Return what is valid. Ask the store unless it has said so at most `CHECK_SECONDS` ago."""
        known = self._known.get(key)
        if known is None or self._clock() - known.asked_at > CHECK_SECONDS:
            self._known.pop(key, None)
            asked_at = self._clock()
            record = await self._accounts.get(self.kind, key)
            known = await self._read(record, asked_at) if record else None
            if known is not None:
                self._known[key] = known
                if len(self._known) > _MAX_CACHED:
                    self._known.popitem(last=False)
        return known if known is not None and self._now() < known.ends else None

    @abstractmethod
    async def _read(self, record: Record, asked_at: float) -> _C | None:
        """Return what a record says, or None if it is not valid. Note its use."""

    def ended(self, key: str) -> None:
        """Refuse an id from now on, also if the store loses its removal, for example in a failover."""
        self._known.pop(key, None)
        self._revoked[key] = None
        if len(self._revoked) > _MAX_REVOKED:
            self._revoked.popitem(last=False)

    async def _is_revoked(self, key: str) -> bool:
        """Return whether an id that the store has was revoked here. Remove it from the store again."""
        if key not in self._revoked:
            return False
        log.warning("revoked_record_was_back", extra={"kind": self.kind})
        await self._accounts.write([RecordWrite(self.kind, key, None)])
        return True

    def _has_to_note(self, key: str, idle_seconds: float) -> bool:
        """Return whether to write a use, after a time since the last one that any node has written."""
        return idle_seconds >= USE_SECONDS and key not in self._notes and len(self._notes) < _MAX_NOTES

    def _note_use(self, write: RecordWrite) -> None:
        """Start to write a use."""
        self._notes[write.id] = task = asyncio.create_task(self._write_use(write))
        task.add_done_callback(lambda _: self._notes.pop(write.id, None))

    async def close(self) -> None:
        """Cancel what is still to be written."""
        await end(list(self._notes.values()))

    async def _write_use(self, write: RecordWrite) -> None:
        try:
            await self._accounts.write([write])
        except VersionConflict:
            pass  # another node was first, or it was just revoked
        except StoreUnavailable as error:
            log.info("use_not_written", extra={"kind": self.kind, "error": str(error)})
