"""One run: start real servers, let editors write and readers read, play a fault, and check the log."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import msgspec
from msgspec import Struct

from loadtest.chaos.checker.shown import Violation
from loadtest.chaos.checker.verdict import Verdict
from loadtest.chaos.faults import FAULTS
from loadtest.chaos.faults.kind import FaultKind, Trial
from loadtest.chaos.log import FaultBegun, FaultEnded, RunLog
from loadtest.chaos.planted import plant
from loadtest.chaos.probes import Probes, count_scheduled, is_settled
from loadtest.chaos.readers import ChaosReader
from loadtest.chaos.stage.servers import Stage
from loadtest.chaos.writers import Order, Writers
from loadtest.server import KEY

READERS, WRITERS, PAUSE_SECONDS = 8, 3, 0.1
"""Readers of a run, its editors, and the mean pause of an editor between two writes."""

WARM_SECONDS, AFTER_SECONDS = (0.6, 0.6, 0.6, 3.0), 0.4
"""Seconds for which editors write before the fault and after it. Some are long enough for promises of calm times."""

RETRY_SECONDS, SETTLE_SECONDS = 4.0, 16.0
"""Seconds for which editors repeat failed writes after a fault, and for which a run then waits for one common state."""

RUN_SECONDS = 240.0
"""Maximum duration of a run."""

LONG_EVERY = 5
"""One of so many seeds makes a fault last longer than ten seconds, if it can."""


class RunPlan(Struct):
    """The plan of a run. The same plan leads to the same choices."""

    fault: str
    seed: int
    bug: str = ""
    """The name of a planted bug."""
    keep: str = ""
    """A folder for the log, also if nothing is wrong."""
    seconds: float = 0.0
    """Seconds for which the fault lasts; 0: the run chooses."""


class RunResult(Struct):
    """The result of a run, for the table."""

    fault: str
    seed: int
    bug: str = ""
    violations: list[Violation] = []
    lost: int = 0
    unknown: int = 0
    writes: int = 0
    convergence: list[float] = []
    red_seconds: list[float] = []
    error: str = ""
    """Why the run could not be played; then it says nothing."""


async def play(plan: RunPlan) -> RunResult:
    """Play a run and check it. A log with violations is kept in `plan.keep`, if that is given."""
    log = RunLog()
    result = RunResult(plan.fault, plan.seed, plan.bug)
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        try:
            async with asyncio.timeout(RUN_SECONDS):
                await _play(plan, log, Path(folder))
            verdict = Verdict(log)
            result.violations, result.lost, result.unknown = verdict.violations, verdict.lost, verdict.unknown
            result.convergence, result.red_seconds = verdict.convergence, verdict.red_seconds
            result.writes = len(verdict.facts.done_writes)
            result.error = verdict.says_nothing
        except Exception as error:  # a run that cannot be played must not end the others
            result.error = f"{type(error).__name__}: {error}"
        if plan.keep:
            _keep(plan, log, Path(folder), result)
    return result


def _keep(plan: RunPlan, log: RunLog, folder: Path, result: RunResult) -> None:
    name = f"{plan.fault}-{plan.seed}" + (f"-{plan.bug}" if plan.bug else "")
    Path(plan.keep).mkdir(parents=True, exist_ok=True)
    log.save(Path(plan.keep) / f"{name}.jsonl")
    for node_log in folder.glob("node-*.log"):
        (Path(plan.keep) / f"{name}-{node_log.name}").write_bytes(node_log.read_bytes())
    (Path(plan.keep) / f"{name}.json").write_bytes(msgspec.json.format(msgspec.json.encode(result)))


async def _play(plan: RunPlan, log: RunLog, folder: Path) -> None:
    fault = FAULTS[plan.fault]
    planted = partial(plant, plan.bug) if plan.bug else None
    async with Stage(folder, log, fault.nodes, shared=fault.nodes > 1, planted=planted) as stage:
        headers = {"authorization": f"Bearer {KEY}"}
        async with httpx.AsyncClient(headers=headers, trust_env=False, verify=False) as http:  # noqa: S501, loopback
            trial = Trial(
                stage,
                Writers(stage.nodes, log, choices(plan, "writers")),
                [ChaosReader(n, stage.nodes, log, choices(plan, f"reader {n}"), http) for n in range(READERS)],
                Probes(stage.nodes, log, http),
                choices(plan, "fault"),
                fault.may_be_long and plan.seed % LONG_EVERY == 0,
                plan.seconds,
            )
            await _play_trial(fault, trial)
            await trial.writers.http.aclose()


def choices(plan: RunPlan, of: str) -> random.Random:
    """Return the source of choices of one part of a run. Parts do not share one, so timing does not change choices."""
    return random.Random(f"{plan.fault} {plan.seed} {of}")  # noqa: S311, to be repeated


async def _play_trial(fault: FaultKind, trial: Trial) -> None:
    writers, probes, log = trial.writers, trial.probes, trial.log
    await writers.write(Order("create_blog"))
    for _ in range(4):
        await writers.write(Order("create"))
    async with Tasks() as following:
        following.start(probes.watch_health(), probes.watch_lag(), *(reader.run() for reader in trial.readers))
        retracting = following.start(_watch_retractions(fault, trial))
        async with Tasks() as writing:
            writing.start(*(writers.run(PAUSE_SECONDS) for _ in range(WRITERS)))
            await asyncio.sleep(trial.rng.choice(WARM_SECONDS))
            probes.see_resources()
            log.add(FaultBegun(fault=fault.name))
            await fault.play(trial)
            log.add(FaultEnded(fault=fault.name))
            writers.until = time.monotonic() + RETRY_SECONDS
            await asyncio.sleep(AFTER_SECONDS)
            writers.stop()
            await writing.ended()
        await settle(trial)
        await writers.retracted.join()
        for entry in writers.known("published", "retracted")[-1:]:
            await probes.read_surfaces(entry.id)
        retracting[0].cancel()
        probes.see_resources()


class Tasks:
    """Tasks that end with the block; an error of one of them is raised at its end."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, *works: Coroutine[Any, Any, None]) -> list[asyncio.Task[None]]:
        started = [asyncio.create_task(work) for work in works]
        self._tasks += started
        return started

    async def ended(self) -> None:
        """Wait until all have ended by themselves."""
        await asyncio.gather(*self._tasks)

    async def __aenter__(self) -> Tasks:
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        for outcome in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome


async def _watch_retractions(fault: FaultKind, trial: Trial) -> None:
    """Read all surfaces a second after a retraction was answered, for one retraction after the other."""
    queue = trial.writers.retracted
    while True:
        retracted = await queue.get()
        while queue.qsize():  # the surfaces show all entries: one look is for all retractions until then
            retracted = queue.get_nowait()
            queue.task_done()
        await asyncio.sleep(max(0.0, retracted.answered_at + 1.05 - time.monotonic()))
        await trial.probes.read_surfaces(retracted.entry)
        if not fault.loses_answers:
            await trial.writers.repeat(retracted.entry)
        queue.task_done()


async def settle(trial: Trial) -> None:
    """Wait until all have one state, and log the states. Give up after `SETTLE_SECONDS` in which nothing came out."""
    deadline, waiting = time.monotonic() + SETTLE_SECONDS, 0
    while True:
        states = await trial.probes.states()
        is_over = is_settled(states, {reader.cursor for reader in trial.readers})
        if is_over or time.monotonic() > deadline:
            break
        if (left := count_scheduled(states)) < waiting:  # of many that are due, some have come out
            deadline = time.monotonic() + SETTLE_SECONDS
        waiting = left
        await asyncio.sleep(0.1)
    for state in states:
        trial.log.add(state)
