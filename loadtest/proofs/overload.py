"""Overload: five times as many readers as a node admits must not disturb the admitted ones."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from loadtest.proofs.verdict import print_times, verdict
from loadtest.server import NodeProcess
from loadtest.swarming import read_seconds, run_swarm, times_of
from stoppress.tools.swarm.histogram import FineHistogram

CROWD_FACTOR = 5
"""Readers that want to connect, as a multiple of the node's limit."""

CALM_SECONDS = 12.0
"""Seconds of calm with all readers connected, and then seconds of the crowd."""


async def fill_node(
    url: str, readers: int, publish: float, are_in: asyncio.Event, crowded: asyncio.Event, left: asyncio.Event
) -> tuple[FineHistogram, FineHistogram, dict[str, Any]]:
    """Fill the node. Returns the times of its readers before and during the crowd, and the last figures."""
    before, during, figures = FineHistogram(), FineHistogram(), {}
    async with run_swarm(url, readers=readers, rate=1_000, publish=publish, duration=20 * CALM_SECONDS) as swarm:
        async for figures in read_seconds(swarm):
            if left.is_set() and "second" in figures:
                swarm.terminate()  # the summary follows
            if "second" in figures and are_in.is_set():
                (during if crowded.is_set() else before).merge(times_of(figures))
            elif figures["live"] == readers:
                are_in.set()
    return before, during, figures


async def press_in(url: str, readers: int) -> int:
    """Let more readers try to connect, and come back when told to. Returns how many were admitted."""
    got_in, begun = 0, 0.0
    plan = {"readers": readers, "rate": readers / 2, "duration": 10 * CALM_SECONDS, "allow-refused": True}
    async with run_swarm(url, **plan) as swarm:
        async for figures in read_seconds(swarm):
            begun = begun or time.monotonic()
            got_in = max(got_in, figures["live"])
            if time.monotonic() - begun > CALM_SECONDS:
                break
    return got_in


async def count_rejections(url: str) -> int:
    async with httpx.AsyncClient(base_url=url, timeout=20, trust_env=False) as http:
        metrics = (await http.get("/metrics")).raise_for_status().text.splitlines()
    return sum(int(float(line.split()[1])) for line in metrics if line.startswith("stoppress_refusals_total{"))


async def overload(readers: int, publish: float) -> bool | None:
    """Play the overload and print the result.

    Args:
        readers: the node's limit, `STOPPRESS_MAX_READERS`.
        publish: writes a second.

    Returns:
        Whether the p99 of the admitted readers at most doubled and none of them missed anything. None if the machine
        was too busy before the crowd to tell.
    """
    are_in, crowded, left = asyncio.Event(), asyncio.Event(), asyncio.Event()
    with tempfile.TemporaryDirectory() as folder:
        async with NodeProcess(Path(folder), STOPPRESS_MAX_READERS=str(readers)) as server:
            filling = asyncio.create_task(fill_node(server.url, readers, publish, are_in, crowded, left))
            async with asyncio.timeout(60):
                await are_in.wait()
            await asyncio.sleep(CALM_SECONDS)
            crowded.set()
            got_in = await press_in(server.url, (CROWD_FACTOR - 1) * readers)
            refused = await count_rejections(server.url)
            left.set()
            before, during, stayed = await filling
    too_many = (CROWD_FACTOR - 1) * readers
    print(f"{too_many:,} readers over the limit were rejected {refused:,} times, {got_in:,} got in")
    print_times(f"{readers:,} admitted readers", "in the crowd", before, during)
    return verdict(before, during, stayed["wrong"], is_kept=refused >= too_many and got_in == 0)
