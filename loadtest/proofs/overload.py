"""Five times as many readers as a node may have: what do those notice who are in?"""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from loadtest.proofs.verdict import verdict
from loadtest.server import NodeProcess
from loadtest.swarming import seconds, swarming
from stoppress.tools.swarm.histogram import FineHistogram

TIMES = 5
"""How many times its capacity wants to come in."""

CALM = 12.0
"""Seconds before the crowd that all are there, and of the crowd."""


async def admitted(
    url: str, readers: int, publish: float, are_in: asyncio.Event, crowded: asyncio.Event
) -> tuple[FineHistogram, FineHistogram, dict[str, Any]]:
    """Fill the node. Returns the times before the crowd and in it, and the figures."""
    before, during, figures = FineHistogram(), FineHistogram(), {}
    duration = 2 * CALM + 4
    async with swarming(url, readers=readers, rate=1_000, publish=publish, duration=duration) as swarm:
        async for figures in seconds(swarm):
            times = FineHistogram({int(bucket): count for bucket, count in figures.get("buckets", {}).items()})
            if "second" in figures and are_in.is_set():
                (during if crowded.is_set() else before).merge(times)
            elif figures["live"] == readers:
                are_in.set()
    return before, during, figures


async def crowd(url: str, readers: int) -> int:
    """Be sent away, and come again as one is told, for a while. Returns how many got in nevertheless."""
    got_in = 0
    plan = {"readers": readers, "rate": readers / 2, "duration": 10 * CALM, "allow-refused": True}
    with suppress(TimeoutError):
        async with swarming(url, **plan) as swarm, asyncio.timeout(CALM):
            async for figures in seconds(swarm):
                got_in = max(got_in, figures["live"])
    return got_in


async def refusals(url: str) -> int:
    async with httpx.AsyncClient(base_url=url, timeout=20, trust_env=False) as http:
        metrics = (await http.get("/metrics")).raise_for_status().text.splitlines()
    return sum(int(float(line.split()[1])) for line in metrics if line.startswith("stoppress_refusals_total{"))


async def overload(readers: int, publish: float) -> bool | None:
    """Print what happened. Returns whether the p99 of those who are in at most doubled, and nobody missed anything.

    None: the machine was too busy before the crowd came, so that nothing can be told.

    Args:
        readers: the node's capacity, as `STOPPRESS_MAX_READERS` says it.
        publish: writes in a second.
    """
    are_in, crowded = asyncio.Event(), asyncio.Event()
    with tempfile.TemporaryDirectory() as folder:
        async with NodeProcess(Path(folder), STOPPRESS_MAX_READERS=str(readers)) as server:
            filling = asyncio.create_task(admitted(server.url, readers, publish, are_in, crowded))
            async with asyncio.timeout(60):
                await are_in.wait()
            await asyncio.sleep(CALM)
            crowded.set()
            got_in = await crowd(server.url, (TIMES - 1) * readers)
            before, during, stayed = await filling
            refused = await refusals(server.url)
    normal, then = before.percentile(99), during.percentile(99)
    too_many = (TIMES - 1) * readers
    print(f"{too_many:,} readers too many were refused {refused:,} times, {got_in:,} got in")
    print(
        f"{readers:,} who were in: p99 {normal * 1000:.1f} ms before, {then * 1000:.1f} ms in the crowd, "
        f"ratio {then / normal if normal else 0:.2f}"
    )
    print(f"wrong: {stayed['wrong'] or 'nothing'}")
    return verdict(before, during, stayed["wrong"], is_kept=refused >= too_many and got_in == 0)
