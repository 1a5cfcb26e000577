"""All readers but some lose their line at once: how soon are they back, and what do the others notice?"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from loadtest.proofs.verdict import verdict
from loadtest.server import NodeProcess
from loadtest.swarming import seconds, swarming
from stoppress.tools.swarm.histogram import FineHistogram

STAYING = 500
"""Readers whose line holds; it is their time that is compared."""

CALM = 16.0
"""Seconds before the storm that all are there, and after it."""

STORM_SECONDS = 10
"""Within which they have to be back, and in which the others are looked at."""


class Clock:
    """When the storm was, as seconds of the loop's clock."""

    calm_from = storm_at = float("inf")


async def storming(url: str, readers: int, clock: Clock) -> dict[str, Any]:
    loop, figures = asyncio.get_running_loop(), {}
    plan = {"readers": readers, "rate": 1_000, "duration": 2 * CALM, "storm": readers}
    async with swarming(url, **plan) as swarm:
        async for figures in seconds(swarm):
            if figures.get("live") == readers:
                clock.calm_from = min(clock.calm_from, loop.time())
            if figures.get("dropped"):
                clock.storm_at = min(clock.storm_at, loop.time() - 1)
    return figures


async def staying(
    url: str, publish: float, duration: float, clock: Clock
) -> tuple[FineHistogram, FineHistogram, dict[str, Any]]:
    """Returns the times of those who stay, before the storm and in it, and their figures."""
    loop, before, during, figures = asyncio.get_running_loop(), FineHistogram(), FineHistogram(), {}
    async with swarming(url, readers=STAYING, rate=1_000, publish=publish, duration=duration) as swarm:
        async for figures in seconds(swarm):
            now = loop.time()
            times = FineHistogram({int(bucket): count for bucket, count in figures.get("buckets", {}).items()})
            if clock.storm_at <= now <= clock.storm_at + STORM_SECONDS:
                during.merge(times)
            elif clock.calm_from + 1 <= now < clock.storm_at:
                before.merge(times)
    return before, during, figures


async def storm(readers: int, publish: float) -> bool | None:
    """Print what happened. Returns whether 95 % were back in time, and the others' p99 at most doubled.

    None: the machine was too busy before the storm, so that nothing can be told.
    """
    clock, duration = Clock(), readers / 1_000 + 2 * CALM
    with tempfile.TemporaryDirectory() as folder:
        async with NodeProcess(Path(folder)) as server:
            watching = asyncio.create_task(staying(server.url, publish, duration, clock))
            await asyncio.sleep(2)
            stormed = await storming(server.url, readers, clock)
            before, during, stayed = await watching
    back, slowest = stormed["back_ms"]["p95"] / 1000, stormed["back_ms"]["p99"] / 1000
    normal, then = before.percentile(99), during.percentile(99)
    wrong = {**stormed["wrong"], **stayed["wrong"]}
    print(f"{stormed['returned']:,} of {readers:,} returned, 95 % within {back:.1f} s, p99 {slowest:.1f} s")
    print(
        f"{STAYING:,} who stayed: p99 {normal * 1000:.1f} ms before, {then * 1000:.1f} ms in the storm, "
        f"ratio {then / normal if normal else 0:.2f}"
    )
    print(f"wrong: {wrong or 'nothing'}")
    return verdict(before, during, wrong, is_kept=stormed["returned"] >= readers and back <= STORM_SECONDS)
