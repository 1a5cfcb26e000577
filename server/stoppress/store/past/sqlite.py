"""The past in the embedded store: two tables in the file of the blogs."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol, TypeVar

import msgspec

from stoppress.errors import StoreDamaged
from stoppress.model import HEADER, timestamp
from stoppress.store.past.port import MAX_ACTS, MAX_VERSION_BYTES, Act, Actor, Keep, Version
from stoppress.store.port import Write
from stoppress.store.sqlite.schema import row_sum

_T = TypeVar("_T")

_COUNT_EVERY = 1_000
"""Acts between two looks for blogs that have too many: counting takes milliseconds."""

_REMOVE_EVERY = 16
"""Acts between two looks for old ones, which are not shown in any case."""

_MAX_REMOVED = 200
"""Maximum number of old acts that are removed at once."""

_SITE = ""
"""The name of the blog in acts that belong to none."""

_encoder = msgspec.json.Encoder()


class PastTables:
    """The statements. All methods run inside a transaction of the caller, in the store's thread."""

    def __init__(self, db: sqlite3.Connection, keep: Keep) -> None:
        self._db = db
        self._keep = keep
        self._appended = 0
        self._last: int | None = None  # the highest id that was ever given, as far as it is known

    # The audit. The id of an act is its time in microseconds, or after a clock was set back one more than the last one

    def append(self, act: Act) -> int:
        """Write an act, now and then remove old ones, and return its id."""
        now = time.time()
        if self._last is None:
            (self._last,) = self._db.execute("SELECT coalesce(max(id), 0) FROM audit").fetchone()
        self._last = max(_microseconds(now), self._last + 1)
        row = (self._last, act.blog or _SITE, now, _encoder.encode(act))
        self._db.execute("INSERT INTO audit (id, blog, at, act, sum) VALUES (?, ?, ?, ?, ?)", (*row, row_sum(*row)))
        self._remove_old(row[1], now)
        return row[0]

    def _remove_old(self, blog: str, now: float) -> None:
        if self._appended % _REMOVE_EVERY == 0:
            self._db.execute(
                "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE id<? ORDER BY id LIMIT ?)",
                (_microseconds(now - self._keep.audit_seconds), _MAX_REMOVED),
            )
        if self._appended % _COUNT_EVERY == 0:
            self._db.execute(
                "DELETE FROM audit WHERE blog=? AND id<=(SELECT id FROM audit WHERE blog=? ORDER BY id DESC "
                "LIMIT 1 OFFSET ?)",
                (blog, blog, MAX_ACTS),
            )
        self._appended += 1

    def has(self, act_id: int) -> bool:
        return self._db.execute("SELECT 1 FROM audit WHERE id=?", (act_id,)).fetchone() is not None

    def acts(self, blog: str | None, after: str | None, before: str | None, limit: int) -> list[Act]:
        """Return acts, see `Past.acts`. Raises `StoreDamaged`."""
        oldest = _microseconds(time.time() - self._keep.audit_seconds)
        begin, end = max(oldest, _number(after or "0") + 1), _number(before) if before else 2**62
        order = "DESC" if after is None else "ASC"
        rows = self._db.execute(
            f"SELECT id, blog, at, act, sum FROM audit WHERE blog=? AND id>=? AND id<? ORDER BY id {order} LIMIT ?",  # noqa: S608, constants
            (blog or _SITE, begin, end, limit),
        )
        return [_act(*row) for row in rows]

    # Versions. The newest one has no body, because it is the item

    def keep_version(self, blog: str, write: Write, who: Actor | None) -> None:
        """Keep what a write is about to replace, if it does not erase that, and note who writes the new version."""
        if write.id == HEADER:
            return
        if write.body is None or write.erase or not self._keep.versions:
            self.forget_versions(blog, write.id)
        if write.body is None or not self._keep.versions:
            return
        if not write.erase and write.expected:
            self._keep_body(blog, write)
        self._put(blog, write.id, Version(write.next_version, time.time(), who, None))
        if write.expected:
            self._keep_within_limits(blog, write.id)

    def forget_versions(self, blog: str, entry: str) -> None:
        self._db.execute("DELETE FROM versions WHERE blog=? AND id=?", (blog, entry))

    def _keep_body(self, blog: str, write: Write) -> None:
        (body,) = self._db.execute("SELECT body FROM items WHERE blog=? AND id=?", (blog, write.id)).fetchone()
        noted = self._select(blog, write.id, write.expected + 1, 1)
        if not noted or noted[0].version != write.expected:
            noted = [Version(write.expected, 0.0, None, None)]
        self._put(blog, write.id, noted[0]._replace(body=body))

    def _put(self, blog: str, entry: str, version: Version) -> None:
        who = _encoder.encode(version.who).decode() if version.who else ""
        row = (blog, entry, version.version, version.at, who, version.body)
        self._db.execute(
            "INSERT OR REPLACE INTO versions (blog, id, version, at, who, body, sum) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*row, row_sum(*row)),
        )

    def _keep_within_limits(self, blog: str, entry: str) -> None:
        rows = self._db.execute(
            "SELECT version, length(body) FROM versions WHERE blog=? AND id=? ORDER BY version DESC", (blog, entry)
        ).fetchall()
        size = 0
        for number, (version, length) in enumerate(rows[1:], 1):
            size += length or 0
            if number > self._keep.versions or size > MAX_VERSION_BYTES or length is None:
                self._db.execute("DELETE FROM versions WHERE blog=? AND id=? AND version=?", (blog, entry, version))

    def versions(self, blog: str, entry: str, before: int | None, limit: int) -> list[Version]:
        """Return versions of an entry, see `Past.versions`. Raises `StoreDamaged`."""
        return self._select(blog, entry, before or 2**62, limit)

    def _select(self, blog: str, entry: str, before: int, limit: int) -> list[Version]:
        rows = self._db.execute(
            "SELECT version, at, who, body, sum FROM versions WHERE blog=? AND id=? AND version<? "
            "ORDER BY version DESC LIMIT ?",
            (blog, entry, before, limit),
        )
        versions = []
        for version, at, who, body, checksum in rows:
            if checksum != row_sum(blog, entry, version, at, who, body):
                raise StoreDamaged(f"Version {version} of {blog}/{entry} is not as it was written.")
            author = msgspec.json.decode(who, type=Actor) if who else None
            versions.append(Version(version, at, author, body))
        return versions


class ReadTransaction(Protocol):
    """Runs work that reads, in a transaction; see `SQLiteStore`."""

    async def __call__(self, work: Callable[[], _T]) -> _T: ...


class SQLitePast:
    """`port.Past` in the file of an embedded store.

    Args:
        read: runs work in a transaction.
        tables: returns the tables of the open file.
    """

    def __init__(self, read: ReadTransaction, tables: Callable[[], PastTables]) -> None:
        self._read = read
        self._tables = tables

    async def acts(
        self, blog: str | None, *, after: str | None = None, before: str | None = None, limit: int
    ) -> list[Act]:
        return await self._read(lambda: self._tables().acts(blog, after, before, limit))

    async def versions(self, blog: str, entry: str, *, before: int | None = None, limit: int) -> list[Version]:
        return await self._read(lambda: self._tables().versions(blog, entry, before, limit))


def _number(act_id: str) -> int:
    """Return the number in an id. An id of another kind of store means the same time."""
    milliseconds, dash, _ = act_id.partition("-")
    return int(milliseconds) * 1000 if dash else int(milliseconds)


def _microseconds(at: float) -> int:
    return int(at * 1e6)


def _act(act_id: int, blog: str, at: float, stored: bytes, checksum: int) -> Act:
    if checksum != row_sum(act_id, blog, at, stored):
        raise StoreDamaged(f"Act {act_id} of the audit is not as it was written.")
    act = msgspec.json.decode(stored, type=Act)
    return msgspec.structs.replace(act, id=str(act_id), at=timestamp(datetime.fromtimestamp(at, UTC)))
