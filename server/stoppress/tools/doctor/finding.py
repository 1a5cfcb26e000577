"""What the doctor says: one line for each thing that was looked at."""

from __future__ import annotations

import enum
from typing import NamedTuple


class Level(enum.Enum):
    """How bad it is; `FAIL` decides the exit status."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(NamedTuple):
    """One line: what was looked at, what was seen, and for all but `OK` what to change."""

    level: Level
    what: str
    text: str


def ok(what: str, text: str) -> Finding:
    return Finding(Level.OK, what, text)


def warn(what: str, text: str) -> Finding:
    return Finding(Level.WARN, what, text)


def fail(what: str, text: str) -> Finding:
    return Finding(Level.FAIL, what, text)
