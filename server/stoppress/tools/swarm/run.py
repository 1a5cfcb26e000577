"""`stoppress swarm`: one run, from the first connection to the result."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from stoppress.errors import StartError, StoppressError
from stoppress.process import signals
from stoppress.process.sockets import allow_many
from stoppress.tasks import end
from stoppress.tools.swarm.plan import Plan, Target
from stoppress.tools.swarm.publisher import Publisher
from stoppress.tools.swarm.show import Output
from stoppress.tools.swarm.swarm import Swarm

_SPARE_FILES = 128
"""Open files in addition to those of the readers."""

_AUDIT_AT = 2_000
"""The number of uncertain updates that starts an audit."""


async def run(target: Target, plan: Plan, *, json: bool = False, ticks: bool = False) -> None:
    """Run a swarm and print the results. SIGINT and SIGTERM end it early, with the same checks.

    Raises:
        StartError: this process may not open so many connections, or the plan has writes without a key.
        StoppressError: a check failed, or the server is unusable.
    """
    if plan.publish and not plan.api_key:
        raise StartError("--publish needs an editor's key; set STOPPRESS_API_KEY or --api-key")
    _allow_connections(plan.readers)
    swarm = Swarm(target, plan)
    publisher = Publisher(target, plan.api_key, plan.publish, swarm.ledger.learn) if plan.api_key else None
    output = Output(json=json, ticks=ticks)
    try:
        if publisher is not None:
            await publisher.make_blog()
        await _work(swarm, plan, publisher, output)
        output.end_progress()
        await swarm.settle()
        swarm.tick()
    finally:
        swarm.stop()
        if publisher is not None:
            await publisher.close()
    output.figures(swarm, publisher, _usage())
    failed = len(publisher.failures) if publisher is not None else 0
    if swarm.kinds or failed or not swarm.most_live:
        raise StoppressError(_verdict(swarm, failed))


def _verdict(swarm: Swarm, failed: int) -> str:
    parts = [f"{count:,} x {kind}" for kind, count in swarm.kinds.items()]
    parts += [f"{failed:,} failed writes"] if failed else []
    return f"the swarm saw {', '.join(parts) or 'no reader that connected'}"


async def _work(swarm: Swarm, plan: Plan, publisher: Publisher | None, output: Output) -> None:
    """Work until the plan is carried out, a signal comes, or something fails."""
    stop = asyncio.Event()
    works: list[Coroutine[Any, Any, Any]] = [stop.wait(), _clock(swarm, output), _carry_out(swarm, plan)]
    if publisher is not None and plan.publish:
        works.append(publisher.run())
    tasks = [asyncio.create_task(work) for work in works]
    try:
        with signals.caught(stop.set):
            done, _ = await asyncio.wait([swarm.ended, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            one.result()
    finally:
        swarm.ended.cancel()
        await end(tasks)


async def _carry_out(swarm: Swarm, plan: Plan) -> None:
    await swarm.connect()
    tasks = [asyncio.create_task(swarm.churn())] if plan.churn else []
    try:
        await asyncio.sleep(plan.duration / 2)
        if plan.storm:
            swarm.storm()
        await asyncio.sleep(plan.duration / 2)
    finally:
        await end(tasks)


async def _clock(swarm: Swarm, output: Output) -> None:
    due = time.monotonic()
    while True:
        due += 1.0
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        output.second(swarm, swarm.tick())
        if swarm.ledger.unsure > _AUDIT_AT:
            await swarm.audit()


def _allow_connections(readers: int) -> None:
    with contextlib.suppress(OSError):
        allow_many()
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if readers + _SPARE_FILES > files:
        raise StartError(
            f"{readers} readers need {readers + _SPARE_FILES} open files, but this process may open {files}; "
            "use fewer readers, or raise `ulimit -Hn`"
        )


def _usage() -> dict[str, float]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "resident_mb": round(pages * resource.getpagesize() / 1e6, 1),
    }
