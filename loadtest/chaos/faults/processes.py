"""Faults of processes and machines: kills, stops, sleep, wrong clocks; and bursts of what editors do."""

from __future__ import annotations

import asyncio
import time
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM, Signals

from loadtest.chaos.faults.kind import FaultKind, Trial
from loadtest.chaos.writers import Order

CLOCK_ERRORS = (-3_600.0, -90.0, 90.0, 3_600.0)
"""Seconds by which a clock jumps."""

DUE_ENTRIES, DUE_SECONDS = 200, 5.0
"""Entries that are due at one moment, and how long before it the first of them is scheduled."""


async def _restart(trial: Trial, number: Signals) -> None:
    nodes = trial.some_nodes()
    await asyncio.gather(*(node.stop(number) for node in nodes))
    await asyncio.sleep(trial.rng.uniform(0, 0.5))
    await asyncio.gather(*(node.start() for node in nodes))
    await trial.go_on()


async def node_kill(trial: Trial) -> None:
    """Kill nodes with SIGKILL, and start them again."""
    await _restart(trial, SIGKILL)


async def node_stop(trial: Trial) -> None:
    """Stop nodes with SIGTERM, and start them again."""
    await _restart(trial, SIGTERM)


async def node_freeze(trial: Trial) -> None:
    """Stop the clocks of nodes with SIGSTOP, then let them go on."""
    nodes = trial.some_nodes()
    for node in nodes:
        node.signal(SIGSTOP)
    await trial.hold()
    for node in nodes:
        node.signal(SIGCONT)


async def redis_kill(trial: Trial) -> None:
    """Kill Redis with SIGKILL, and start it on its append-only file."""
    with trial.cut_off():
        await trial.stage.redis.kill()
        if trial.is_long:
            await trial.hold()
        await trial.stage.redis.start()
    await trial.go_on()


async def redis_freeze(trial: Trial) -> None:
    """Freeze Redis with SIGSTOP, then let it go on."""
    with trial.cut_off():
        trial.stage.redis.signal(SIGSTOP)
        await trial.hold()
        trial.stage.redis.signal(SIGCONT)


async def node_clock(trial: Trial) -> None:
    """Let the wall clocks of nodes jump, with entries scheduled for the next seconds."""
    await _schedule_some(trial)
    nodes = trial.some_nodes()
    for node in nodes:
        node.machine.move_clock(trial.rng.choice(CLOCK_ERRORS))
    await trial.hold()
    for node in nodes:
        node.machine.repair()


async def redis_clock(trial: Trial) -> None:
    """Let the wall clock of Redis jump."""
    await _schedule_some(trial)
    trial.stage.redis.machine.move_clock(trial.rng.choice(CLOCK_ERRORS))
    await trial.hold()
    trial.stage.redis.machine.repair()


async def _schedule_some(trial: Trial) -> None:
    for _ in range(4):
        await trial.writers.write(Order("schedule", due_in=trial.rng.uniform(2.0, 3.5)))


async def many_due(trial: Trial) -> None:
    """Let 200 entries be due at one moment."""
    due_at = time.monotonic() + DUE_SECONDS

    async def schedule(count: int) -> None:
        for _ in range(count):
            await trial.writers.write(Order("schedule", due_in=max(0.05, due_at - time.monotonic())))

    await asyncio.gather(*(schedule(DUE_ENTRIES // 8) for _ in range(8)))
    await asyncio.sleep(max(0.0, due_at - time.monotonic()))


async def one_key(trial: Trial) -> None:
    """Send writes to two nodes at once, each with one Idempotency-Key."""
    for _ in range(12):
        found = trial.writers.known("published")
        entry = trial.rng.choice(found).id if found else ""
        order = Order("edit", entry) if entry and trial.rng.random() < 0.4 else Order("create")
        await trial.writers.write_twice(order)


async def one_version(trial: Trial) -> None:
    """Send pairs of edits at once, through two nodes and with the same version in If-Match."""
    for _ in range(12):
        for entry in trial.writers.known("published")[-1:]:
            order = Order("edit", entry.id, entry.version)
            await asyncio.gather(*(trial.writers.write(order, node) for node in trial.stage.nodes))


async def client_leaves(trial: Trial) -> None:
    """Let editors drop their connection in the middle of a write."""
    for _ in range(25):
        await trial.writers.write_and_leave(Order("create"), trial.rng.uniform(0.0005, 0.02))


KINDS = (
    FaultKind("node-kill", node_kill),
    FaultKind("node-stop", node_stop),
    FaultKind("node-freeze", node_freeze, may_be_long=True),
    FaultKind("node-clock", node_clock),
    FaultKind("redis-kill", redis_kill, may_be_long=True),
    FaultKind("redis-freeze", redis_freeze, may_be_long=True),
    FaultKind("redis-clock", redis_clock),
    FaultKind("many-due", many_due),
    FaultKind("one-key-twice", one_key),
    FaultKind("one-version-twice", one_version),
    FaultKind("client-leaves", client_leaves),
    FaultKind("sqlite-kill", node_kill, nodes=1),
    FaultKind("sqlite-stop", node_stop, nodes=1),
    FaultKind("sqlite-freeze", node_freeze, nodes=1),
    FaultKind("sqlite-client-leaves", client_leaves, nodes=1),
)
