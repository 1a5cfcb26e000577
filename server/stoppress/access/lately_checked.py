"""What a node remembers of the secrets that it has checked: keys and sessions."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from stoppress.errors import StoreUnavailable, VersionConflict
from stoppress.store.accounts.port import Accounts, RecordWrite
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


_C = TypeVar("_C", bound=_Checked)


class LatelyChecked(Generic[_C]):
    """Remembers for one node what the store said about records of one kind, and which of them were revoked.

    Args:
        accounts: has the records.
        kind: that of the records.
        clock: returns seconds from any starting point.
    """

    def __init__(self, accounts: Accounts, kind: str, clock: Callable[[], float]) -> None:
        self._accounts = accounts
        self._kind = kind
        self._clock = clock
        self.known: OrderedDict[str, _C] = OrderedDict()
        self._revoked: OrderedDict[str, None] = OrderedDict()
        self.notes: dict[str, asyncio.Task[None]] = {}

    def find(self, key: str) -> _C | None:
        """Return what the store said at most `CHECK_SECONDS` ago, or None. Forget what it said before that."""
        known = self.known.get(key)
        if known is not None and self._clock() - known.asked_at > CHECK_SECONDS:
            del self.known[key]
            return None
        return known

    def keep(self, key: str, checked: _C) -> None:
        """Remember what the store said."""
        self.known[key] = checked
        self.known.move_to_end(key)
        if len(self.known) > _MAX_CACHED:
            self.known.popitem(last=False)

    def revoke(self, key: str) -> None:
        """Refuse an id from now on, also if the store loses its removal, for example in a failover."""
        self.known.pop(key, None)
        self._revoked[key] = None
        if len(self._revoked) > _MAX_REVOKED:
            self._revoked.popitem(last=False)

    async def is_revoked(self, key: str) -> bool:
        """Return whether an id that the store has was revoked here. Remove it from the store again."""
        if key not in self._revoked:
            return False
        log.warning("revoked_record_was_back", extra={"kind": self._kind})
        await self._accounts.write([RecordWrite(self._kind, key, None)])
        return True

    def has_to_note(self, key: str, idle_seconds: float) -> bool:
        """Return whether to write a use, after a time since the last one that any node has written."""
        return idle_seconds >= USE_SECONDS and key not in self.notes and len(self.notes) < _MAX_NOTES

    def note_use(self, write: RecordWrite) -> None:
        """Start to write a use."""
        self.notes[write.id] = task = asyncio.create_task(self._write_use(write))
        task.add_done_callback(lambda _: self.notes.pop(write.id, None))

    async def close(self) -> None:
        """Cancel what is still to be written."""
        await end(list(self.notes.values()))

    async def _write_use(self, write: RecordWrite) -> None:
        try:
            await self._accounts.write([write])
        except VersionConflict:
            pass  # another node was first, or it was just revoked
        except StoreUnavailable as error:
            log.info("use_not_written", extra={"kind": self._kind, "error": str(error)})
