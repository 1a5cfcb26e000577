"""The tables of the embedded store, and the checksums of their rows.

SQLite cannot notice a changed byte inside a body. So each row has a checksum, and each blog has one of all its items
and tags together, which also shows that a row is missing.
"""

from __future__ import annotations

import sqlite3
import zlib
from functools import cache
from operator import xor

import msgspec

from stoppress.errors import StartError

SUM_OF_BLOG = """(SELECT xor_sum(sum) FROM (
    SELECT sum FROM items WHERE blog=name UNION ALL SELECT row_sum(blog, seq, tag) FROM tags WHERE blog=name))"""
"""The checksum of everything that a blog has, for a row of `blogs`."""

SUM_OF_ITEM = "row_sum(blog, id, seq, version, due, body)"
SUM_OF_RECORD = "row_sum(kind, id, version, expires, body)"
SUM_OF_ANSWER = "row_sum(blog, key, fingerprint, segment, expires)"
SUM_OF_ACT = "row_sum(id, blog, at, act)"
SUM_OF_VERSION = "row_sum(blog, id, version, at, who, body)"

MIGRATIONS = (
    """
    CREATE TABLE blogs (name TEXT PRIMARY KEY, seq INTEGER NOT NULL, tag TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE items (
        blog TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, version INTEGER NOT NULL,
        due REAL, body BLOB NOT NULL, PRIMARY KEY (blog, id));
    CREATE INDEX items_by_seq ON items (blog, seq);
    CREATE INDEX items_by_due ON items (due) WHERE due IS NOT NULL;
    CREATE TABLE tags (blog TEXT NOT NULL, seq INTEGER NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (blog, seq))
        WITHOUT ROWID;
    CREATE TABLE answers (
        blog TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, segment BLOB NOT NULL,
        expires REAL NOT NULL, PRIMARY KEY (blog, key));
    CREATE INDEX answers_by_expiry ON answers (expires);
    """,
    f"""
    ALTER TABLE items ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE answers ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE blogs ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
    UPDATE items SET sum={SUM_OF_ITEM};
    UPDATE answers SET sum={SUM_OF_ANSWER};
    UPDATE blogs SET sum={SUM_OF_BLOG};
    """,  # noqa: S608, constants
    """
    CREATE TABLE audit (
        id INTEGER PRIMARY KEY, blog TEXT NOT NULL, at REAL NOT NULL, act BLOB NOT NULL, sum INTEGER NOT NULL);
    CREATE INDEX audit_by_blog ON audit (blog);
    CREATE TABLE versions (
        blog TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, at REAL NOT NULL, who TEXT NOT NULL,
        body BLOB, sum INTEGER NOT NULL, PRIMARY KEY (blog, id, version));
    """,
    """
    CREATE TABLE records (
        kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, expires REAL, body BLOB NOT NULL,
        sum INTEGER NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
    CREATE INDEX records_by_expiry ON records (expires) WHERE expires IS NOT NULL;
    """,
)
"""Each migrates the schema from `PRAGMA user_version` = its index to the next version. Never edit a released one."""

VERSION_WITH_SUMS, VERSION_WITH_PAST, VERSION_WITH_RECORDS = 2, 3, 4


def row_sum(*values: str | float | bytes | None) -> int:
    """Return the checksum of a row. A value for a REAL column must be a float, as SQLite returns it."""
    return zlib.crc32(msgspec.msgpack.encode(values))


class _XorSum:
    """An aggregate function for SQL: all checksums of a set, in any order."""

    def __init__(self) -> None:
        self._sum = 0

    def step(self, value: int) -> None:
        self._sum = xor(self._sum, value)

    def finalize(self) -> int:
        return self._sum


def connect(address: str, *, uri: bool = False) -> sqlite3.Connection:
    """Open a database with the functions for checksums. Threads may share it if they take turns.

    Raises:
        sqlite3.Error: the file cannot be opened.
    """
    db = sqlite3.connect(address, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, uri=uri)
    db.create_function("row_sum", -1, row_sum, deterministic=True)
    db.create_aggregate("xor_sum", 1, _XorSum)
    return db


BUSY_SECONDS = 1.0
"""Maximum time that a write waits for another program that is writing to the file."""


def version_of(db: sqlite3.Connection) -> int:
    """Return the version of the schema; 0 stands for an empty file.

    Raises:
        StartError: a newer Stoppress has made the schema.
        sqlite3.Error: this is not a database.
    """
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        file = db.execute("PRAGMA database_list").fetchone()[2]
        raise StartError(f"a newer stoppress wrote the store {file} (schema {version}); install that version")
    return version


def migrate(db: sqlite3.Connection) -> None:
    """Bring a database to the newest schema. Raises `sqlite3.Error` if the file is not writable."""
    version = version_of(db)
    for number, script in enumerate(MIGRATIONS[version:], version + 1):
        db.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version={number}; COMMIT;")
    db.execute("BEGIN IMMEDIATE")  # fails at once if the file is not writable
    db.execute("COMMIT")


def definitions(db: sqlite3.Connection) -> set[tuple[str, str]]:
    """Return the name and the definition of every table and index that has one."""
    return set(db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))


@cache
def expected_definitions(version: int) -> set[tuple[str, str]]:
    """Return the `definitions` of a database with this version of the schema."""
    db = connect(":memory:")
    for script in MIGRATIONS[:version]:
        db.executescript(script)
    found = definitions(db)
    db.close()
    return found
