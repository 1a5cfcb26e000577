"""Checks whether a store still has exactly what was written to it."""

from __future__ import annotations

import sqlite3
import struct
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import islice, takewhile
from pathlib import Path
from typing import NamedTuple

from stoppress.errors import StoreDamaged
from stoppress.store.sqlite import schema

CHECK_SECONDS = 20.0
"""Maximum time for the check of a file."""

_MAX_LOG_FRAMES = 50_000
"""Maximum part of a log that is checked; a log of 1,000 frames is usual."""

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

_PAST_DIFFERENCES = {
    "act of the audit": ("id", "audit", f"sum IS NOT {schema.SUM_OF_ACT}"),
    "earlier version": ("blog || '/' || id || '/' || version", "versions", f"sum IS NOT {schema.SUM_OF_VERSION}"),
}
"""The same for the tables of the past."""
_RECORDS = {"record": ("kind || '/' || id", "records", f"sum IS NOT {schema.SUM_OF_RECORD}")}
"""The same for records."""

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
    differences = _DIFFERENCES if version >= schema.VERSION_WITH_SUMS else {}
    differences = differences | (_PAST_DIFFERENCES if version >= schema.VERSION_WITH_PAST else {})
    differences = differences | (_RECORDS if version >= schema.VERSION_WITH_RECORDS else {})
    for subject, (name, table, condition) in differences.items():
        rows = db.execute(f"SELECT {name} FROM {table} WHERE {condition} LIMIT 1")  # noqa: S608, constants
        yield "".join(f"the {subject} {found} is not as it was written" for (found,) in rows)
    db.execute("COMMIT")


class LogFrames(NamedTuple):
    """The frames of a write-ahead log. A frame is a page that a write has changed."""

    log: str
    """The salts of the log, see `Mark`."""
    complete: int
    """The number of frames up to the end of the last complete write."""
    problem: str = ""


def check_log(log: Path) -> LogFrames | None:
    """Return the frames of a write-ahead log; None if there is no log.

    SQLite drops everything after the first damaged frame without a word. An incomplete last write is not damage: nobody
    has got an answer to it.

    Raises:
        StoreDamaged: the log is damaged before its end.
    """
    frames = _read_log(log)
    # A node may have been writing during the first look; what it had not finished then is complete now
    if frames and frames.problem and frames == _read_log(log):
        raise StoreDamaged(f"{log.name}: {frames.problem}")
    return frames


def _read_log(log: Path) -> LogFrames | None:
    try:
        file = log.open("rb")
    except FileNotFoundError:
        return None
    with closing(file):
        header = file.read(32)
        if len(header) < 32:
            return None
        magic, _format, page, *_number, sum_0, sum_1 = struct.unpack(">8I", header)
        salts, order = header[16:24], ">" if magic & 1 else "<"
        if magic | 1 != 0x377F0683 or _sums(header[:24], order) != (sum_0, sum_1):
            return LogFrames("-", 0, "its header is damaged") if any(header) or file.read(1) else None
        frames = takewhile(lambda frame: len(frame) == 24 + page, iter(lambda: file.read(24 + page), b""))
        return _read_frames(salts, order, (sum_0, sum_1), islice(frames, _MAX_LOG_FRAMES))


def _read_frames(salts: bytes, order: str, sums: tuple[int, int], frames: Iterable[bytes]) -> LogFrames:
    """Read frames until one is damaged; then look for later writes, which show that it had been synced to disk."""
    complete = damaged = later = 0
    for number, frame in enumerate(frames, 1):
        _page_number, commit, *_salts, sum_0, sum_1 = struct.unpack(">6I", frame[:24])
        is_current = frame[8:16] == salts
        if not damaged:
            sums = _sums(frame[:8] + frame[24:], order, sums) if is_current else sums
            damaged = 0 if is_current and sums == (sum_0, sum_1) else number
            complete = number if commit and not damaged else complete
        if damaged and is_current:
            if later:
                return LogFrames(salts.hex(), complete, f"frame {damaged} is damaged")
            later = commit
    return LogFrames(salts.hex(), complete)


def _sums(data: bytes, order: str, sums: tuple[int, int] = (0, 0)) -> tuple[int, int]:
    """Return the checksums of a log after some more bytes, as https://sqlite.org/fileformat2.html defines them."""
    first, second = sums
    words = iter(struct.unpack(f"{order}{len(data) // 4}I", data))
    for even, odd in zip(words, words, strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second
