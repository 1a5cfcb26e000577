"""The result of one check: a line of the doctor's output."""

from __future__ import annotations

import enum
from functools import partial
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

    @staticmethod
    def of_clock(subject: str, ahead: float, allowed: float) -> Finding:
        """Judge another clock, which is `ahead` seconds ahead of this machine's."""
        if abs(ahead) <= allowed:
            return ok(subject, f"within {allowed:g} s of this machine's clock")
        off = f"{abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'}"
        return warn(subject, f"it is {off} this machine's clock; run NTP (chrony) on both")


ok, warn, fail = (partial(Finding, level) for level in Level)
