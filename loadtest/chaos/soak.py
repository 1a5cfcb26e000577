"""Random faults for minutes: three nodes, thousands of readers, and no promise broken, nothing grown.

Only faults after which no reader needs a reset are played: the readers of `stoppress swarm` keep one history.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from loadtest.chaos.checker.verdict import Verdict
from loadtest.chaos.faults import FAULTS
from loadtest.chaos.faults.kind import Trial
from loadtest.chaos.log import FaultBegun, FaultEnded, RunLog
from loadtest.chaos.probes import Probes
from loadtest.chaos.readers import ChaosReader
from loadtest.chaos.run import RETRY_SECONDS, RunPlan, Tasks, choices, settle
from loadtest.chaos.stage.servers import Stage
from loadtest.chaos.writers import BLOG, Order, Writers
from loadtest.server import KEY
from loadtest.soak import MIN_MINUTES, Sample, measure_growth, sample
from loadtest.swarming import read_seconds, run_swarm

FAULT_NAMES = (
    *("link-delay", "link-throttle", "link-stall-up", "link-stall-down", "link-cut", "link-half-open", "link-refused"),
    *("reader-cut", "reader-delay", "reader-half-open", "node-freeze", "redis-kill", "redis-freeze", "promotion"),
    *("one-key-twice", "client-leaves", "acl-channels", "garbage-hints", "redis-full"),
)
"""Faults that keep the processes of nodes, whose growth is measured, and the history of the blog."""

CHECKED_READERS = 12
"""Readers whose every message is in the log; all others are those of the swarm, which checks them."""

CALM_SECONDS = (3.0, 8.0)
"""Pause between two faults; all have to be at the head again at its end."""

WRITERS = 8

MAX_ENTRIES = 150
"""The blog does not grow beyond it, so that memory does not have to grow."""


class SoakPlan(NamedTuple):
    """The size of a soak."""

    minutes: float
    readers: int
    writes_per_second: float
    nodes: int
    seed: int
    keep: str


async def soak(plan: SoakPlan) -> bool:
    """Play random faults for some minutes, and print what came of it. Return whether nothing was broken and grew."""
    log = RunLog()
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        async with AsyncExitStack() as stack:
            stage = await stack.enter_async_context(Stage(Path(folder), log, plan.nodes))
            trial = await stack.enter_async_context(_trial(stage, log, plan.seed))
            await trial.writers.write(Order("create_blog"))
            swarms = [stack.enter_async_context(_crowd(node.url, plan)) for node in stage.nodes]
            figures, samples = await _play(plan, trial, [await swarm for swarm in swarms])
    _keep(plan, log)
    return report(plan, Verdict(log), figures, samples)


def _keep(plan: SoakPlan, log: RunLog) -> None:
    if plan.keep:
        Path(plan.keep).mkdir(parents=True, exist_ok=True)
        log.save(Path(plan.keep) / f"soak-{plan.seed}.jsonl")


@asynccontextmanager
async def _trial(stage: Stage, log: RunLog, seed: int) -> AsyncIterator[Trial]:
    run = RunPlan("soak", seed)
    headers = {"authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(headers=headers, trust_env=False, verify=False) as http:  # noqa: S501, loopback
        readers = [ChaosReader(n, stage.nodes, log, choices(run, f"reader {n}"), http) for n in range(CHECKED_READERS)]
        writers = Writers(stage.nodes, log, choices(run, "writers"))
        writers.max_entries = MAX_ENTRIES
        yield Trial(stage, writers, readers, Probes(stage.nodes, log, http), choices(run, "fault"), is_long=False)
        await writers.http.aclose()


def _crowd(url: str, plan: SoakPlan) -> Any:
    return run_swarm(
        url,
        blog=BLOG,
        readers=plan.readers // plan.nodes,
        rate=500,
        duration=plan.minutes * 60 + 120,
        **{"allow-refused": True},
    )


async def _play(
    plan: SoakPlan, trial: Trial, swarms: list[asyncio.subprocess.Process]
) -> tuple[list[dict[str, Any]], dict[int, list[Sample]]]:
    figures: list[dict[str, Any]] = [{} for _ in swarms]
    samples: dict[int, list[Sample]] = {node.number: [] for node in trial.stage.nodes}
    writers, probes = trial.writers, trial.probes
    async with Tasks() as following:
        crowds = following.start(*(_follow(swarm, figures, number) for number, swarm in enumerate(swarms)))
        following.start(probes.watch_health(), probes.watch_lag(), *(reader.run() for reader in trial.readers))
        following.start(_sample(trial, samples, plan))
        async with Tasks() as writing:
            writing.start(*(writers.run(WRITERS / plan.writes_per_second) for _ in range(WRITERS)))
            await _play_faults(plan, trial)
            writers.until = time.monotonic() + RETRY_SECONDS
            writers.stop()
            await writing.ended()
        await settle(trial)
        for swarm in swarms:
            swarm.terminate()  # the summary follows
        await asyncio.wait(crowds, timeout=60)
    return figures, samples


async def _play_faults(plan: SoakPlan, trial: Trial) -> None:
    end = time.monotonic() + plan.minutes * 60
    while time.monotonic() < end:
        await asyncio.sleep(trial.rng.uniform(*CALM_SECONDS))
        name = trial.rng.choice(FAULT_NAMES)
        trial.log.add(FaultBegun(fault=name))
        await FAULTS[name].play(trial)
        trial.log.add(FaultEnded(fault=name))
        print(f"{end - time.monotonic():6.0f} s left, {name} is over", flush=True)


async def _follow(swarm: asyncio.subprocess.Process, figures: list[dict[str, Any]], number: int) -> None:
    async for figures[number] in read_seconds(swarm):
        pass


async def _sample(trial: Trial, samples: dict[int, list[Sample]], plan: SoakPlan) -> None:
    """Sample the nodes until cancelled, in calm moments or not."""
    begun = time.monotonic()
    while True:
        await asyncio.sleep(max(1.0, plan.minutes * 60 / 100))
        for node in trial.stage.nodes:
            try:
                metrics = (await trial.writers.http.get(f"{node.url}/metrics")).text
                live = sum(
                    float(line.split()[1]) for line in metrics.splitlines() if line.startswith("stoppress_readers{")
                )
                assert node.pid is not None
                samples[node.number].append(sample(node.pid, metrics, int(live), begun))
            except (httpx.HTTPError, StopIteration):
                continue


def report(plan: SoakPlan, verdict: Verdict, figures: list[dict[str, Any]], samples: dict[int, list[Sample]]) -> bool:
    """Print what came of a soak. Return whether nothing was broken, and nothing grew.

    Args:
        plan: its size.
        verdict: on the readers whose messages were logged.
        figures: the last ones of each swarm.
        samples: of the resources of each node.
    """
    for violation in verdict.violations[:20]:
        print(f"{violation.promise}: {violation.text}")
    wrong = [one.get("wrong") or {} for one in figures]
    faults, writes = len(verdict.facts.faults), len(verdict.facts.done_writes)
    delivered = sum(one.get("delivered", 0) for one in figures)
    print(
        f"{faults} faults, {writes:,} writes, {delivered:,} deliveries to {plan.readers:,} readers,"
        f" {len(verdict.violations)} violations, wrong in the swarm: {[one for one in wrong if one] or 'nothing'}"
    )
    is_empty = verdict.says_nothing or not all(one.get("delivered") for one in figures)
    if is_empty:
        print(f"no result: {verdict.says_nothing or 'readers of the swarm got nothing'}")
    return report_growth(plan, samples) and not (is_empty or verdict.violations or any(wrong))


def report_growth(plan: SoakPlan, samples: dict[int, list[Sample]]) -> bool:
    """Print how the nodes grew. Return whether they are flat, or the soak was too short to tell."""
    is_flat = True
    for number, found in samples.items():
        for growth in measure_growth(found) if found else ():
            grown = growth.per_hour * plan.minutes / 60
            verdict = "flat" if grown <= growth.allowed else f"GROWS: more than {growth.allowed:.1f}"
            verdict = verdict if plan.minutes >= MIN_MINUTES else f"too short; use --minutes {MIN_MINUTES:g} or more"
            is_flat = is_flat and not verdict.startswith("GROWS")
            print(f"node {number} {growth.name:12} {growth.mean:10.2f}  growth {grown:+9.2f} in a soak  {verdict}")
    return is_flat
