"""A `stoppress swarm` in a process of its own, and its figures of each second."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from loadtest.server import KEY
from stoppress.tools.swarm.histogram import FineHistogram

MAX_LINE_BYTES = 2**26
"""Maximum length of a line of the swarm: the last one may name a thousand faults."""


def swarm_command(url: str, plan: Mapping[str, float | str]) -> list[str]:
    """Return the command line of a swarm, with options as in `plan` (True for flags)."""
    options = [f"--{name}" if value is True else f"--{name}={value}" for name, value in plan.items()]
    return [sys.executable, "-m", "stoppress", "swarm", url, *options, "--ticks"]


@asynccontextmanager
async def run_swarm(url: str, **plan: float | str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a swarm until the end of the block; kill it if it still runs."""
    process = await asyncio.create_subprocess_exec(
        *swarm_command(url, plan),
        env={**os.environ, "STOPPRESS_API_KEY": KEY},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=MAX_LINE_BYTES,
    )
    try:
        yield process
    finally:
        if process.stdout is not None and not process.stdout.at_eof() and process.returncode is None:
            process.kill()
        await process.wait()


async def read_seconds(swarm: asyncio.subprocess.Process) -> AsyncIterator[dict[str, Any]]:
    """Iterate over the figures of each second; the last ones are the summary, which has `wrong`."""
    assert swarm.stdout is not None
    async for line in swarm.stdout:
        yield msgspec.json.decode(line)


def times_of(figures: Mapping[str, Any]) -> FineHistogram:
    """Return the times from publication to reception in the figures of a second."""
    return FineHistogram({int(bucket): count for bucket, count in figures.get("buckets", {}).items()})
