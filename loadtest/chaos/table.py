"""The table of a series of runs: what each fault cost, and what was broken."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from loadtest.chaos.planted import BUGS
from loadtest.chaos.run import RunResult

MAX_SHOWN = 6
"""Violations that are printed for each run."""


def print_table(results: Iterable[RunResult]) -> bool:
    """Print a row for each fault and the violations. Return whether all runs were played and none broke a promise."""
    by_fault: dict[str, list[RunResult]] = defaultdict(list)
    for result in results:
        by_fault[result.fault].append(result)
    print(
        f"{'fault':22} {'runs':>5} {'writes':>7} {'lost':>5} {'unknown':>7} {'violations':>10}"
        f" {'p50':>6} {'p99':>6} {'red':>6}  (convergence and longest time to red in s)"
    )
    rows = [*by_fault.items(), ("all", [result for runs in by_fault.values() for result in runs])]
    for fault, runs in rows:
        print(_row(fault, runs))
    return not any(result.error or result.violations for result in rows[-1][1])


def _row(fault: str, runs: Sequence[RunResult]) -> str:
    times = sorted(seconds for result in runs for seconds in result.convergence)
    red = max((seconds for result in runs for seconds in result.red_seconds), default=math.nan)
    broken = sum(len(result.violations) for result in runs)
    writes, lost = sum(result.writes for result in runs), sum(result.lost for result in runs)
    unknown = sum(result.unknown for result in runs)
    return (
        f"{fault:22} {len(runs):5} {writes:7} {lost:5} {unknown:7} {broken:10}"
        f" {percentile(times, 50):6.2f} {percentile(times, 99):6.2f} {red:6.1f}"
    )


def percentile(times: Sequence[float], percent: float) -> float:
    """Return a percentile of sorted times; not a number if there are none."""
    return times[min(len(times) - 1, int(len(times) * percent / 100))] if times else math.nan


def print_failures(result: RunResult) -> None:
    """Print why a run failed, and how to play it again; nothing if it did not."""
    if not result.error and not result.violations:
        return
    again = f'make chaos ARGS="--faults {result.fault} --seed {result.seed} --runs 1"'
    print(f"\n{result.fault} with seed {result.seed} ({again})")
    if result.error:
        print(f"  was not played: {result.error}")
    counts = Counter(violation.promise for violation in result.violations)
    for violation in result.violations[:MAX_SHOWN]:
        print(f"  {violation.promise}: {violation.text}")
    if len(result.violations) > MAX_SHOWN:
        print(f"  in all: {', '.join(f'{count} of {promise}' for promise, count in sorted(counts.items()))}")


def is_caught(name: str, result: RunResult) -> bool:
    """Return whether a run with a planted bug broke one of the promises that the bug breaks."""
    return any(violation.promise in BUGS[name].promises for violation in result.violations)


def print_planted(runs: Counter[str], caught: dict[str, RunResult], controls: dict[str, RunResult]) -> bool:
    """Print for each planted bug what showed it. Return whether all were caught, and only the bugs.

    Args:
        runs: by bug, how many runs were played.
        caught: by bug, the run that showed it.
        controls: by bug, the same run without the bug.
    """
    found = 0
    for name, count in runs.items():
        seen = "NOT CAUGHT"
        if name in caught:
            first = next(one for one in caught[name].violations if one.promise in BUGS[name].promises)
            broken = controls[name].error or [one for one in controls[name].violations if one.promise == first.promise]
            seen = f"BROKEN WITHOUT IT: {broken}" if broken else f"caught by {first.promise}: {first.text}"
            found += not broken
        print(f"{name:22} {BUGS[name].fault:22} {count:3} runs  {seen[:180]}")
    print(f"{found} of {len(runs)} planted bugs were caught, and the same runs without them are clean")
    return found == len(runs)
