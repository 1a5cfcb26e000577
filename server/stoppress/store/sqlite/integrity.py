"""Checks whether a store still has exactly what was written to it."""

from __future__ import annotations

import sqlite3
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from stoppress.errors import StoreDamaged
from stoppress.store.sqlite import schema

CHECK_SECONDS = 20.0
"""How long the check of a file may take. A gigabyte needs about ten seconds."""

_MAX_LOG_FRAMES = 50_000
"""How much of a log is checked; a log of 1,000 frames is usual."""

_DIFFERENCES = {
    "item": ("blog || '/' || id", "items", f"sum IS NOT {schema.SUM_OF_ITEM}"),
    "remembered answer": ("blog || '/' || key", "answers", f"sum IS NOT {schema.SUM_OF_ANSWER}"),
    "set of items and tags of blog": ("name", "blogs", f"sum IS NOT {schema.SUM_OF_BLOG}"),
    "head of blog": (
        "name",
        "blogs",
        "(seq, tag) IS NOT (SELECT seq, tag FROM tags WHERE blog=name ORDER BY seq DESC LIMIT 1)",
    ),
    "blog of the items": ("blog", "items", "blog NOT IN (SELECT name FROM blogs)"),
    "blog of the tags": ("blog", "tags", "blog NOT IN (SELECT name FROM blogs)"),
}
"""Rows that differ from their checksums, or from the rows that depend on them: a name, a table and a condition."""

_OUTSIDE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
}
"""Errors of the machine or of another program. They say nothing about the content of a file."""


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether an error of SQLite shows that the file is damaged."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or "Could not decode" in str(error)


def check(db: sqlite3.Connection, seconds: float = CHECK_SECONDS) -> None:
    """Read everything in a database, and compare it with its checksums.

    Raises:
        StoreDamaged: something differs; the message names the first difference.
        TimeoutError: the check took longer than `seconds`.
        StartError: a newer Stoppress has written the file.
        sqlite3.Error: the file cannot be read.
    """
    deadline = time.monotonic() + seconds
    timer = threading.Timer(seconds, db.interrupt)
    timer.daemon = True
    timer.start()
    try:
        for problem in _problems(db):
            if problem:
                raise StoreDamaged(problem)
            if time.monotonic() > deadline:
                raise TimeoutError
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_INTERRUPT:
            raise TimeoutError from None
        if code in _OUTSIDE:
            raise
        raise StoreDamaged(str(error)) from error
    finally:
        timer.cancel()


def _problems(db: sqlite3.Connection) -> Iterator[str]:
    """Yield a text for each check: empty, or what is wrong."""
    version = schema.version_of(db)
    db.execute("BEGIN")  # so that all checks see one moment
    (text,) = db.execute("PRAGMA integrity_check(1)").fetchone()
    yield "" if text == "ok" else " ".join(text.split())
    missing = schema.expected_definitions(version) - schema.definitions(db)
    yield "".join(f"the definition of {name} has changed" for name, _ in sorted(missing)[:1])
    for subject, (name, table, condition) in _DIFFERENCES.items() if version >= schema.VERSION_WITH_SUMS else ():
        rows = db.execute(f"SELECT {name} FROM {table} WHERE {condition} LIMIT 1")  # noqa: S608, constants
        yield "".join(f"the {subject} {found} is not as it was written" for (found,) in rows)
    db.execute("COMMIT")


def check_log(log: Path) -> None:
    """Raise `StoreDamaged` if a write-ahead log is damaged before its end.

    SQLite drops everything after the first damaged frame without a word. An incomplete last write is not damage: nobody
    has got an answer to it.
    """
    problem = _log_problem(log)
    # A node may have been writing during the first look; what it had not finished then is complete now
    if problem and problem == _log_problem(log):
        raise StoreDamaged(f"{log.name}: {problem}")


def _log_problem(log: Path) -> str:
    try:
        file = log.open("rb")
    except FileNotFoundError:
        return ""
    with closing(file):
        header = file.read(32)
        if len(header) < 32:
            return ""
        magic, _format, page, _number, *salts_and_sums = struct.unpack(">8I", header)
        salts, sums = tuple(salts_and_sums[:2]), tuple(salts_and_sums[2:])
        order = ">" if magic & 1 else "<"
        if magic | 1 != 0x377F0683 or _sums(header[:24], order) != sums:
            return "its header is damaged" if any(header) or file.read(1) else ""
        damaged = committed = 0
        for number in range(1, _MAX_LOG_FRAMES):
            frame = file.read(24 + page)
            if len(frame) < 24 + page:
                break
            _page_number, commit, *frame_salts, sum_0, sum_1 = struct.unpack(">6I", frame[:24])
            is_current = tuple(frame_salts) == salts
            if not damaged:
                sums = _sums(frame[:8] + frame[24:], order, sums)
                damaged = 0 if is_current and sums == (sum_0, sum_1) else number
            if damaged and is_current:
                if committed:  # a later write follows, so this one had been synced to disk
                    return f"frame {damaged} is damaged"
                committed = commit
    return ""


def _sums(data: bytes, order: str, sums: tuple[int, ...] = (0, 0)) -> tuple[int, int]:
    """Return the checksums of a log after some more bytes, as https://sqlite.org/fileformat2.html defines them."""
    first, second = sums
    words = iter(struct.unpack(f"{order}{len(data) // 4}I", data))
    for even, odd in zip(words, words, strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second
