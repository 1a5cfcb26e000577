"""The result of one check: a line of the doctor's output."""

from __future__ import annotations

import enum
from typing import NamedTuple


class Level(enum.Enum):
    """The severity of a finding. `FAIL` makes the exit status 1."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(NamedTuple):
    """One line: the subject of the check and what was found. Unless it is `OK`, the text also says what to change."""

    level: Level
    subject: str
    text: str

    @classmethod
    def ok(cls, subject: str, text: str) -> Finding:
        """Return a finding of level `OK`."""
        return cls(Level.OK, subject, text)

    @classmethod
    def warn(cls, subject: str, text: str) -> Finding:
        """Return a finding of level `WARN`."""
        return cls(Level.WARN, subject, text)

    @classmethod
    def fail(cls, subject: str, text: str) -> Finding:
        """Return a finding of level `FAIL`."""
        return cls(Level.FAIL, subject, text)

    @classmethod
    def of_clock(cls, subject: str, ahead: float, allowed: float) -> Finding:
        """Judge another clock, which is `ahead` seconds ahead of this machine's."""
        if abs(ahead) > allowed:
            direction = "ahead of" if ahead > 0 else "behind"
            return cls.warn(
                subject, f"it is {abs(ahead):.1f} s {direction} this machine's clock; run NTP (chrony) on both"
            )
        return cls.ok(subject, f"within {allowed:g} s of this machine's clock")
