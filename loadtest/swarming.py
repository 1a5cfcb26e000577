"""A `stoppress swarm` beside us, second by second."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from loadtest.server import KEY

LONGEST_LINE = 2**26
"""Bytes: the last line may name a thousand faults."""


@asynccontextmanager
async def swarming(url: str, **plan: float | str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a swarm with options as in `plan`, True for those without a value; it is killed if it runs on."""
    options = [f"--{name}" if value is True else f"--{name}={value}" for name, value in plan.items()]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "stoppress", "swarm", url, *options, "--ticks"),
        env={**os.environ, "STOPPRESS_API_KEY": KEY},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=LONGEST_LINE,
    )
    try:
        yield process
    finally:
        if process.stdout is not None and not process.stdout.at_eof() and process.returncode is None:
            process.kill()
        await process.wait()


async def seconds(swarm: asyncio.subprocess.Process) -> AsyncIterator[dict[str, Any]]:
    """Each second as it comes; the last one is the summary, which has `wrong`."""
    assert swarm.stdout is not None
    async for line in swarm.stdout:
        yield msgspec.json.decode(line)
