"""Play runs in several processes, and print a table; the exit status is 0 if no promise was broken."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import msgspec

import loadtest.chaos
from loadtest.chaos.checker.verdict import Verdict
from loadtest.chaos.faults import FAULTS
from loadtest.chaos.log import RunLog
from loadtest.chaos.planted import BUGS
from loadtest.chaos.run import LONG_EVERY, RunPlan, RunResult, play
from loadtest.chaos.soak import SoakPlan, soak
from loadtest.chaos.stage.machine import preloaded_library
from loadtest.chaos.table import is_caught, print_failures, print_planted, print_table
from stoppress.process.sockets import allow_many

RUNS, PLANTED_RUNS = 15, 8
"""Runs of each fault, and at most of each planted bug."""


async def work() -> None:
    """Play the runs whose plans come on standard input, one after the other."""
    for line in sys.stdin:
        result = await play(msgspec.json.decode(line, type=RunPlan))
        print(msgspec.json.encode(result).decode(), flush=True)


async def play_all(plans: Iterable[RunPlan], jobs: int) -> AsyncIterator[RunResult]:
    """Play runs in `jobs` processes, and iterate over their results as they come."""
    queue: asyncio.Queue[RunResult | None] = asyncio.Queue()
    waiting = iter(plans)

    async def drive() -> None:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "loadtest.chaos", "--worker"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**26,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        for plan in waiting:
            process.stdin.write(msgspec.json.encode(plan) + b"\n")
            line = await process.stdout.readline()
            if not line:
                queue.put_nowait(RunResult(plan.fault, plan.seed, error="the process that played it ended"))
                break
            queue.put_nowait(msgspec.json.decode(line, type=RunResult))
        process.stdin.close()
        await process.wait()
        queue.put_nowait(None)

    drivers = [asyncio.create_task(drive()) for _ in range(jobs)]
    while not all(driver.done() for driver in drivers) or not queue.empty():
        result = await queue.get()
        if result is not None:
            yield result
    await asyncio.gather(*drivers)


async def play_faults(asked: argparse.Namespace) -> bool:
    """Play the faults that are asked for, and print the table."""
    names = asked.faults or list(FAULTS)
    seeds = range(asked.seed, asked.seed + asked.runs)
    plans = [RunPlan(name, seed, keep=asked.keep, seconds=asked.seconds) for seed in seeds for name in names]
    results = []
    async for result in play_all(plans, asked.jobs):
        results.append(result)
        if result.error or result.violations:
            print_failures(result)
        if len(results) % 20 == 0:
            print(f"{len(results)} of {len(plans)} runs", flush=True)
    print()
    return print_table(results)


async def play_planted(asked: argparse.Namespace) -> bool:
    """Play runs with each planted bug until one shows it, and print what showed it."""
    names = asked.bugs or list(BUGS)
    caught: dict[str, RunResult] = {}
    runs: Counter[str] = Counter(dict.fromkeys(names, 0))

    def plans() -> Iterable[RunPlan]:
        for number in range(PLANTED_RUNS):
            for name in names:
                if name not in caught:
                    runs[name] += 1
                    step = LONG_EVERY if BUGS[name].is_long else 1
                    first = asked.seed - asked.seed % step
                    yield RunPlan(BUGS[name].fault, first + number * step, name, asked.keep)

    async for result in play_all(plans(), asked.jobs):
        if result.error:
            print_failures(result)
        if is_caught(result.bug, result):
            caught.setdefault(result.bug, result)
    shown = {(result.fault, result.seed) for result in caught.values()}
    same = {(one.fault, one.seed): one async for one in play_all((RunPlan(*one) for one in sorted(shown)), asked.jobs)}
    return print_planted(runs, caught, {name: same[one.fault, one.seed] for name, one in caught.items()})


def check_log(path: Path) -> bool:
    """Check a log that was kept."""
    verdict = Verdict(RunLog.load(path))
    for violation in verdict.violations:
        print(f"{violation.promise}: {violation.text}")
    return not verdict.violations


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(loadtest.chaos.__doc__ or "").partition("\n")[0])
    parser.add_argument("--faults", nargs="+", choices=FAULTS, metavar="FAULT", help="only these; default all")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"runs of each fault; default {RUNS}")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first run of each fault; default 1")
    parser.add_argument("--seconds", type=float, default=0.0, help="how long a fault lasts; default as the seed says")
    parser.add_argument("--jobs", type=int, default=2 * (os.cpu_count() or 1), help="runs at once; default 2 a core")
    parser.add_argument("--keep", default="", help="folder for the logs of all runs")
    parser.add_argument("--list", action="store_true", help="list the faults and the planted bugs")
    parser.add_argument("--planted", action="store_true", help="check that the checker catches the planted bugs")
    parser.add_argument("--bugs", nargs="+", choices=BUGS, metavar="BUG", help="only these planted bugs")
    parser.add_argument("--check", type=Path, metavar="LOG", help="check a log that was kept")
    parser.add_argument("--soak", action="store_true", help="random faults under load, instead of single runs")
    parser.add_argument("--minutes", type=float, default=10.0, help="duration of the soak; default 10")
    parser.add_argument("--readers", type=int, default=3_000, help="readers of the soak; default 3000")
    parser.add_argument("--writes", type=float, default=20.0, help="writes a second of the soak; default 20")
    parser.add_argument("--nodes", type=int, default=3, help="nodes of the soak; default 3")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def print_names() -> None:
    """Print all faults and planted bugs with what they do."""
    for name, kind in FAULTS.items():
        print(f"{name:22} {(getattr(kind.play, 'func', kind.play).__doc__ or '').strip()}")
    for name, bug in BUGS.items():
        print(f"{name:22} a planted bug, shown by {bug.fault}")


def main() -> int:
    asked = arguments()
    if asked.worker:
        asyncio.run(work())
        return 0
    if asked.list:
        print_names()
        return 0
    if asked.check:
        return 0 if check_log(asked.check) else 1
    with preloaded_library():
        if asked.soak:
            allow_many()
            plan = SoakPlan(asked.minutes, asked.readers, asked.writes, asked.nodes, asked.seed, asked.keep)
            is_kept = asyncio.run(soak(plan))
        else:
            is_kept = asyncio.run(play_planted(asked) if asked.planted or asked.bugs else play_faults(asked))
    return 0 if is_kept else 1


if __name__ == "__main__":
    sys.exit(main())
