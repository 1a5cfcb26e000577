"""The latency of an entry from the editor to the readers, on one machine.

    make latency

Starts a server on an empty embedded store, connects readers over WebSocket, publishes entries one after the other, and
prints percentiles of two times in milliseconds: from the answer to the POST until a reader has the entry, and from the
start of the POST until a reader has it. An entry that arrives before the answer counts as 0 in the first.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
import tempfile
import time
from pathlib import Path

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect

KEY = "key-of-the-latency-test"


async def start_server(folder: str) -> tuple[asyncio.subprocess.Process, str]:
    environ = {
        **os.environ,
        "STOPPRESS_STORE": f"sqlite:{Path(folder) / 'blogs.db'}",
        "STOPPRESS_KEYS": f"latency:editor:{KEY}",
        "PYTHONUNBUFFERED": "1",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "stoppress", "serve", "--port", "0"), env=environ, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    found = re.search(r"http://\S+", line)
    if found is None:
        sys.exit(f"the server did not start: {line}")
    return process, found[0]


async def read(connection: ClientConnection, received: dict[str, list[float]]) -> None:
    async for data in connection:
        now = time.perf_counter()
        message = msgspec.json.decode(data)
        for entry in message.get("entries", ()):
            received.setdefault(entry["id"], []).append(now)


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] * 1000


async def measure(url: str, readers: int, entries: int, pause: float) -> tuple[list[float], list[float]]:
    received: dict[str, list[float]] = {}
    sent: dict[str, tuple[float, float]] = {}
    headers = {"authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30, trust_env=False) as editor:
        await editor.put("/api/blogs/latency", json={"headline": "Latency"})
        address = f"{url.replace('http', 'ws', 1)}/blogs/latency/live"
        connections = [await connect(address, compression=None) for _ in range(readers)]
        tasks = [asyncio.create_task(read(connection, received)) for connection in connections]
        for _ in range(entries):
            await asyncio.sleep(pause)
            begun = time.perf_counter()
            answer = await editor.post("/api/blogs/latency/entries", json={"markdown": "Some **words**. " * 40})
            sent[answer.json()["id"]] = begun, time.perf_counter()
        await asyncio.sleep(1)
        for connection in connections:
            await connection.close()
        await asyncio.gather(*tasks)
    missing = entries * readers - sum(map(len, received.values()))
    if missing:
        sys.exit(f"{missing} entries did not arrive")
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
        process, url = await start_server(folder)
        try:
            times = await measure(url, options.readers, options.entries, options.pause)
        finally:
            process.terminate()
            await process.wait()
    print(f"{options.entries} entries to {options.readers} readers, milliseconds:   p50    p99    max")
    for name, values in zip(("POST answered to entry received", "POST begun to entry received"), times, strict=True):
        figures = (percentile(values, 0.5), percentile(values, 0.99), max(values) * 1000)
        print(f"  {name.ljust(44)}" + "".join(f"{figure:7.2f}" for figure in figures))


if __name__ == "__main__":
    asyncio.run(main())
