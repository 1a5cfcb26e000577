"""The result of one check: a line of the doctor's output."""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

from stoppress.errors import StartError


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


def run_each(checks: Mapping[str, Callable[[], Iterator[Finding]]]) -> Iterator[Finding]:
    """Run checks by subject. An exception in one of them becomes its finding and does not stop the others."""
    for subject, check in checks.items():
        try:
            yield from check()
        except Exception as error:
            yield _failed(subject, error)


async def collect(subject: str, findings: AsyncIterator[Finding]) -> list[Finding]:
    """Return the findings of a check. An exception in it becomes the last one."""
    found = []
    try:
        async for finding in findings:
            found.append(finding)  # noqa: PERF401, keep those before an exception
    except Exception as error:
        found.append(_failed(subject, error))
    return found


def _failed(subject: str, error: Exception) -> Finding:
    if isinstance(error, StartError):
        return fail(subject, str(error))
    return fail(subject, f"the check failed: {' '.join(str(error).split()) or type(error).__name__}")
