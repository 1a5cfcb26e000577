"""A storm: nearly all readers lose their connections at once; they must be back soon and not disturb the others."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from loadtest.proofs.verdict import print_times, verdict
from loadtest.server import NodeProcess
from loadtest.swarming import read_seconds, run_swarm, times_of
from stoppress.tools.swarm.histogram import FineHistogram

STAYING_READERS = 500
"""Readers that keep their connections; their times are compared."""

CALM_SECONDS = 16.0
"""Seconds of calm with all readers connected before the storm, and seconds after it."""

STORM_SECONDS = 10
"""Seconds in which readers must be back, and for which the times of the others count as in the storm."""


class Clock:
    """The times of calm and storm, in seconds of the event loop's clock."""

    calm_from = storm_at = float("inf")


async def run_storm(url: str, readers: int, clock: Clock) -> dict[str, Any]:
    loop, figures = asyncio.get_running_loop(), {}
    plan = {"readers": readers, "rate": 1_000, "duration": 2 * CALM_SECONDS, "storm": readers}
    async with run_swarm(url, **plan) as swarm:
        async for figures in read_seconds(swarm):
            if figures.get("live") == readers:
                clock.calm_from = min(clock.calm_from, loop.time())
            if figures.get("dropped"):
                clock.storm_at = min(clock.storm_at, loop.time() - 1)
    return figures


async def run_staying_readers(
    url: str, publish: float, duration: float, clock: Clock
) -> tuple[FineHistogram, FineHistogram, dict[str, Any]]:
    """Run the readers that stay. Returns their times before and during the storm, and their last figures."""
    loop, before, during, figures = asyncio.get_running_loop(), FineHistogram(), FineHistogram(), {}
    async with run_swarm(url, readers=STAYING_READERS, rate=1_000, publish=publish, duration=duration) as swarm:
        async for figures in read_seconds(swarm):
            now = loop.time()
            if clock.storm_at <= now <= clock.storm_at + STORM_SECONDS:
                during.merge(times_of(figures))
            elif clock.calm_from + 1 <= now < clock.storm_at:
                before.merge(times_of(figures))
    return before, during, figures


async def storm(readers: int, publish: float) -> bool | None:
    """Play the storm and print the result.

    Returns:
        Whether 95 % were back in time and the p99 of the others at most doubled. None if the machine was too busy
        before the storm to tell.
    """
    clock, duration = Clock(), readers / 1_000 + 2 * CALM_SECONDS
    with tempfile.TemporaryDirectory() as folder:
        async with NodeProcess(Path(folder)) as server:
            watching = asyncio.create_task(run_staying_readers(server.url, publish, duration, clock))
            await asyncio.sleep(2)
            stormed = await run_storm(server.url, readers, clock)
            before, during, stayed = await watching
    back, slowest = stormed["back_ms"]["p95"] / 1000, stormed["back_ms"]["p99"] / 1000
    wrong = {**stormed["wrong"], **stayed["wrong"]}
    print(f"{stormed['returned']:,} of {readers:,} returned, 95 % within {back:.1f} s, p99 {slowest:.1f} s")
    print_times(f"{STAYING_READERS:,} others", "in the storm", before, during)
    return verdict(before, during, wrong, is_kept=stormed["returned"] >= readers and back <= STORM_SECONDS)
