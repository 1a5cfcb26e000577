"""A soak test: does a server's memory, open files or tasks grow over time?

    make soak ARGS="--minutes 30"

Readers lose their connection and come back, and a fixed set of entries is edited, so the blog itself does not grow. The
slope is that of a straight line through the second half of the samples. The exit status is 0 if every reader got every
change, and half an hour of the slope adds at most 5 % and 2 MB of memory, 5 % and 20 open files (without those of
readers), and 5 % and 20 tasks.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from loadtest.server import KEY, NodeProcess
from loadtest.swarming import read_seconds, run_swarm

BLOG, ENTRIES = "soak", 40
MAX_GROWTH_SHARE = 0.05
MIN_MINUTES = 5.0
"""Minimum duration for a verdict. In a shorter run a single open file makes the line too steep."""

QUANTITIES = (("bytes", "MB resident", 1e6, 2.0), ("files", "other files", 1.0, 20.0), ("tasks", "tasks", 1.0, 20.0))
"""A field of the samples, its name in the report, its unit, and its allowed growth besides `MAX_GROWTH_SHARE`."""


class Sample(NamedTuple):
    """The resources of a process at one moment; `at` is in seconds since the start."""

    at: float
    bytes: int
    files: int
    """Open files without those of the readers."""
    tasks: int


def sample(pid: int, metrics: str, live: int, begun: float) -> Sample:
    tasks = next(line for line in metrics.splitlines() if line.startswith("stoppress_tasks "))
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    resident = pages * os.sysconf("SC_PAGE_SIZE")
    return Sample(time.monotonic() - begun, resident, files - live, int(float(tasks.split()[1])))


def slope_of(points: list[tuple[float, float]]) -> float:
    """Return the slope of the straight line through points, by least squares."""
    count = len(points)
    middle_x, middle_y = sum(x for x, _ in points) / count, sum(y for _, y in points) / count
    spread = sum((x - middle_x) ** 2 for x, _ in points)
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / spread if spread else 0.0


class Growth(NamedTuple):
    """The growth of one quantity, extrapolated from the second half of the samples."""

    name: str
    mean: float
    per_hour: float
    allowed: float
    """Allowed growth in half an hour."""

    @property
    def is_flat(self) -> bool:
        return self.per_hour / 2 <= self.allowed


def measure_growth(samples: list[Sample]) -> list[Growth]:
    """Return the growth of each quantity in the second half of the samples."""
    half = samples[len(samples) // 2 :]
    found = []
    for field, name, unit, least in QUANTITIES:
        points = [(one.at, getattr(one, field) / unit) for one in half]
        mean = sum(y for _, y in points) / len(points)
        found.append(Growth(name, mean, slope_of(points) * 3_600, mean * MAX_GROWTH_SHARE + least))
    return found


async def edit(url: str, rate: float, made: asyncio.Event) -> None:
    """Create the blog, and edit the same entries one after the other until cancelled."""
    path, headers = f"/api/blogs/{BLOG}", {"authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=20, trust_env=False) as http:
        (await http.put(path, json={"headline": "The soak"})).raise_for_status()
        answers = [await http.post(f"{path}/entries", json=body()) for _ in range(ENTRIES)]
        made.set()
        for answer in itertools.cycle(answers):
            await asyncio.sleep(1 / rate)
            entry = answer.raise_for_status().json()["id"]
            (await http.patch(f"{path}/entries/{entry}", json=body())).raise_for_status()


def body() -> dict[str, object]:
    return {"markdown": "The talks go **on**. " * 20, "tags": [f"swarm-{time.time_ns()}"]}


async def watch(
    server: NodeProcess, swarm: asyncio.subprocess.Process, every: float
) -> tuple[list[Sample], dict[str, Any]]:
    """Sample the server until the swarm ends. Returns the samples and the swarm's last figures."""
    samples: list[Sample] = []
    figures: dict[str, Any] = {}
    begun, due = time.monotonic(), 0.0
    async with httpx.AsyncClient(base_url=server.url, timeout=20, trust_env=False) as http:
        async for figures in read_seconds(swarm):
            now = time.monotonic() - begun
            if "second" not in figures or now < due:
                continue
            metrics = (await http.get("/metrics")).raise_for_status().text
            one = sample(server.pid, metrics, figures["live"], begun)
            samples.append(one)
            due = now + every - 0.5  # the swarm's seconds come a little early or late
            has = f"{one.bytes / 1e6:.2f} MB  {one.files:,} other files  {one.tasks:,} tasks"
            print(f"{one.at:6.0f} s  {figures['live']:,} live  {has}", flush=True)
    return samples, figures


async def soak(asked: argparse.Namespace) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        async with NodeProcess(Path(folder)) as server:
            made = asyncio.Event()
            editing = asyncio.create_task(edit(server.url, asked.edits, made))
            async with asyncio.timeout(20):
                await made.wait()
            plan: dict[str, float | str] = {
                "blog": BLOG,
                "readers": asked.readers,
                "rate": 500,
                "churn": asked.churn,
                "duration": asked.minutes * 60,
            }
            async with run_swarm(server.url, **plan) as swarm:
                samples, figures = await watch(server, swarm, max(1.0, asked.minutes * 60 / 60))
                status = await swarm.wait()
            if editing.done():
                editing.result()
            editing.cancel()
            await asyncio.gather(editing, return_exceptions=True)
    return report(samples, figures, is_right=status == 0)


def report(samples: list[Sample], figures: dict[str, Any], *, is_right: bool) -> bool:
    print(f"{figures.get('delivered', 0):,} deliveries, {figures.get('returned', 0):,} returns")
    if not is_right:
        print(f"WRONG: {figures.get('wrong')}: {str(figures.get('faults'))[:2_000]}")
    flat, minutes = True, samples[-1].at / 60 if samples else 0.0
    is_short = minutes < MIN_MINUTES * 0.9  # the first and the last seconds have no sample
    if is_short:
        print(f"{minutes:.1f} minutes are too short for a verdict on growth; use --minutes {MIN_MINUTES:g} or more")
    for one in measure_growth(samples) if samples else ():
        flat = flat and (is_short or one.is_flat)
        verdict = "flat" if one.is_flat else f"GROWS: more than {one.allowed:.1f} in half an hour"
        verdict = "too short" if is_short else verdict
        print(f"{one.name:12} {one.mean:10.2f}  slope {one.per_hour:+9.2f} an hour  {verdict}")
    return flat and is_right


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--minutes",
        type=float,
        default=MIN_MINUTES,
        help="duration; default and minimum for a verdict 5; use 30 to be sure",
    )
    parser.add_argument("--readers", type=int, default=2_000, help="default 2000")
    parser.add_argument(
        "--churn", type=float, default=20.0, help="readers a second that lose their connection; default 20"
    )
    parser.add_argument("--edits", type=float, default=2.0, help="edits a second; default 2")
    return 0 if asyncio.run(soak(parser.parse_args())) else 1


if __name__ == "__main__":
    sys.exit(main())
