"""The latency of an entry from the editor to the readers, on one machine.

    make latency

Starts a server on an empty embedded store, connects readers over WebSocket, publishes entries one after the other, and
prints percentiles of two times in milliseconds: from the answer to the POST until a reader has the entry, and from the
start of the POST until a reader has it. An entry that arrives before the answer counts as 0 in the first.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

import httpx

from loadtest.server import KEY, NodeProcess
from stoppress.tools.tail import follow

BLOG = "latency"

READ_SECONDS = 20.0
"""How long readers may take for what is left, after the last entry."""


async def read(url: str, entries: int, received: dict[str, list[float]], ready: asyncio.Event) -> None:
    """Read until the last entry is there, and note in `received`, by its id, when each one comes."""
    count = 0
    async for update in follow(url, BLOG, compress=False):
        now = time.perf_counter()
        ready.set()
        for entry in update["entries"]:
            received.setdefault(entry["id"], []).append(now)
        count += len(update["entries"])
        if count == entries:
            return


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] * 1000


async def measure(url: str, readers: int, entries: int, pause: float) -> tuple[list[float], list[float]]:
    received: dict[str, list[float]] = {}
    sent: dict[str, tuple[float, float]] = {}
    headers = {"authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30, trust_env=False) as editor:
        await editor.put(f"/api/blogs/{BLOG}", json={"headline": "Latency"})
        connected = [asyncio.Event() for _ in range(readers)]
        tasks = [asyncio.create_task(read(url, entries, received, ready)) for ready in connected]
        for ready in connected:
            await ready.wait()
        for _ in range(entries):
            await asyncio.sleep(pause)
            begun = time.perf_counter()
            answer = await editor.post(f"/api/blogs/{BLOG}/entries", json={"markdown": "Some **words**. " * 40})
            sent[answer.json()["id"]] = begun, time.perf_counter()
        _, late = await asyncio.wait(tasks, timeout=READ_SECONDS)
    if late:
        sys.exit(f"{entries * readers - sum(map(len, received.values()))} entries did not arrive")
    after_answer = [max(0.0, at - sent[entry][1]) for entry, times in received.items() for at in times]
    after_begin = [at - sent[entry][0] for entry, times in received.items() for at in times]
    return after_answer, after_begin


async def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--readers", type=int, default=100)
    parser.add_argument("--entries", type=int, default=300)
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between entries")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        async with NodeProcess(Path(folder)) as server:
            times = await measure(server.url, options.readers, options.entries, options.pause)
    print(f"{options.entries} entries to {options.readers} readers, milliseconds:   p50    p99    max")
    for name, values in zip(("POST answered to entry received", "POST begun to entry received"), times, strict=True):
        figures = (percentile(values, 0.5), percentile(values, 0.99), max(values) * 1000)
        print(f"  {name.ljust(44)}" + "".join(f"{figure:7.2f}" for figure in figures))


if __name__ == "__main__":
    asyncio.run(main())
