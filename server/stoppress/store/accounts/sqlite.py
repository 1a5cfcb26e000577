"""Accounts in the embedded store: a table in the file of the blogs.

Counters are in memory, because no other process uses the store, and people without a key must not cause writes to disk.
"""

from __future__ import annotations

import sqlite3
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from stoppress.errors import StoreDamaged, VersionConflict
from stoppress.store.accounts.port import MAX_LIST, Counted, Record, RecordWrite, check_id, check_writes
from stoppress.store.past.port import Act
from stoppress.store.past.sqlite import PastTables
from stoppress.store.sqlite.schema import row_sum

_T = TypeVar("_T")

_MAX_FORGOTTEN = 100
"""Ended records that one write removes."""

_MAX_COUNTERS = 10_000


class Transactions(Protocol):
    """The transactions of the embedded store."""

    async def change(self, work: Callable[[], _T], is_written: Callable[[_T], bool], *, erases: bool = False) -> _T:
        """Run work that writes; see `SQLiteStore.change`."""

    async def look(self, work: Callable[[], _T]) -> _T:
        """Run work that reads; see `SQLiteStore.look`."""

    @property
    def db(self) -> sqlite3.Connection:
        """The connection, for the work."""


class SQLiteAccounts:
    """`port.Accounts` in the file of an embedded store.

    Args:
        store: runs work in transactions.
        past: returns the tables of the open file that keep the audit.
    """

    def __init__(self, store: Transactions, past: Callable[[], PastTables]) -> None:
        self._store = store
        self._past = past
        self._counters: OrderedDict[str, tuple[int, float]] = OrderedDict()

    async def get(self, kind: str, record_id: str) -> Record | None:
        check_id(kind, record_id)
        return await self._store.look(lambda: self._get(kind, record_id))

    async def records(self, kind: str, after: str = "", limit: int = MAX_LIST) -> list[Record]:
        check_id(kind, after or "-")
        return await self._store.look(
            lambda: self._select(kind, "id>? ORDER BY id LIMIT ?", after, min(limit, MAX_LIST))
        )

    async def write(self, writes: Sequence[RecordWrite], act: Act | None = None) -> list[int]:
        check_writes(writes)

        def work() -> tuple[list[int], int | None]:
            self._forget_old()
            versions = [self._write(write) for write in writes]
            return versions, self._past().append(act) if act else None

        def is_written(result: tuple[list[int], int | None]) -> bool:
            versions, act_id = result
            if act_id is not None:
                return self._past().has(act_id)
            return all(self._is_written(*pair) for pair in zip(writes, versions, strict=True))

        versions, _ = await self._store.change(work, is_written)
        return versions

    async def count(self, name: str, window_seconds: int, events: int = 1) -> Counted:
        check_id("count", name)
        now = time.monotonic()
        counted, ends = self._counters.get(name, (0, 0.0))
        if ends <= now:
            counted, ends = 0, now + window_seconds
        if events:
            self._counters[name] = (counted + events, ends)
            self._counters.move_to_end(name)
            if len(self._counters) > _MAX_COUNTERS:
                self._counters.popitem(last=False)
        return Counted(counted + events, ends - now if counted + events else 0.0)

    def _get(self, kind: str, record_id: str) -> Record | None:
        return next(iter(self._select(kind, "id=?", record_id)), None)

    def _select(self, kind: str, condition: str, *values: str | int) -> list[Record]:
        """Return the records that a condition selects and that have not ended. Raises `StoreDamaged`."""
        rows = self._store.db.execute(
            "SELECT id, version, body, expires, sum FROM records "  # noqa: S608, constants
            f"WHERE kind=? AND (expires IS NULL OR expires>?) AND {condition}",
            (kind, time.time(), *values),
        ).fetchall()
        for record_id, version, body, expires, checksum in rows:
            if checksum != row_sum(kind, record_id, version, expires, body):
                raise StoreDamaged(f"Record {kind}/{record_id} is not as it was written.")
        return [Record(*row[:4]) for row in rows]

    def _write(self, write: RecordWrite) -> int:
        stored = self._get(write.kind, write.id)
        version = stored.version if stored else 0
        if write.expected is not None and write.expected != version:
            raise VersionConflict(write.id, write.expected)
        if write.body is None:
            self._store.db.execute("DELETE FROM records WHERE kind=? AND id=?", (write.kind, write.id))
            return 0
        expires = None if write.expires is None else float(write.expires)
        row = (write.kind, write.id, version + 1, expires, write.body)
        self._store.db.execute(
            "INSERT OR REPLACE INTO records (kind, id, version, expires, body, sum) VALUES (?, ?, ?, ?, ?, ?)",
            (*row, row_sum(*row)),
        )
        return version + 1

    def _is_written(self, write: RecordWrite, version: int) -> bool:
        found = self._get(write.kind, write.id)
        return (found is None) if write.body is None else (found is not None and found[1:3] == (version, write.body))

    def _forget_old(self) -> None:
        self._store.db.execute(
            "DELETE FROM records WHERE (kind, id) IN (SELECT kind, id FROM records WHERE expires<=? LIMIT ?)",
            (time.time(), _MAX_FORGOTTEN),
        )
