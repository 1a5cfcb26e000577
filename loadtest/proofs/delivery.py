"""The figures that a desk shows of deliveries, against what the readers of two nodes have measured themselves."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from loadtest.ports import free_port
from loadtest.proofs.rolling import program
from loadtest.server import KEY, NodeProcess
from stoppress.tools.swarm.ledger import UpdateRead
from stoppress.tools.swarm.plan import Plan, Target
from stoppress.tools.swarm.swarm import Swarm

BLOG = "measured"

ENTRIES = 20

MAX_ERROR = 0.2
"""Maximum difference between the 95th percentile that a desk shows and the true one."""

_SETTLE_SECONDS = 3.0
"""Time until a desk has the figures of all nodes, and all samples are drawn."""

_CONNECT_SECONDS = 180.0


class MeasuringSwarm(Swarm):
    """A swarm that notes how long each update took to each reader, by the time in the entry."""

    def __init__(self, target: Target, plan: Plan) -> None:
        super().__init__(target, plan)
        self.times: defaultdict[float, list[float]] = defaultdict(list)
        """By the time at which an entry was sent: the seconds until each reader had it."""

    def received(self, update: UpdateRead) -> None:
        now = time.time()
        for stamp in update.stamps:
            self.times[stamp].append(now - stamp)


class Compared(NamedTuple):
    """One entry: what the desk shows, and the truth."""

    shown: dict[str, Any]
    times: list[float]
    """Seconds until each reader had it, ascending."""

    @property
    def truth(self) -> float:
        """The true 95th percentile in milliseconds."""
        return self.times[int(len(self.times) * 0.95)] * 1000

    @property
    def error(self) -> float:
        """The difference of the shown percentile from the true one, as a share of the true one."""
        return float((self.shown["p95_ms"] or 0) / self.truth - 1)


@asynccontextmanager
async def two_nodes() -> AsyncIterator[list[NodeProcess]]:
    """Run two nodes with one Redis."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = free_port()
        arguments = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder))
        await stack.enter_async_context(program("redis-server", *arguments, port=port))
        nodes = [NodeProcess(folder, STOPPRESS_STORE=f"redis://127.0.0.1:{port}/0") for _ in range(2)]
        for node in nodes:
            await stack.enter_async_context(node)
        yield nodes


async def measure(readers: int, publish: float, entries: int = ENTRIES) -> list[Compared]:
    """Publish entries to readers on two nodes. Return each entry with what a desk shows of it."""
    async with two_nodes() as nodes, _editor(nodes[0]) as editor, _editor(nodes[1]) as other:
        (await editor.put(f"/api/blogs/{BLOG}", json={"headline": "Measured"})).raise_for_status()
        swarms = [
            MeasuringSwarm(Target.parse(node.url, BLOG), Plan(readers=readers // 2, rate=500.0)) for node in nodes
        ]
        shown: dict[str, dict[str, Any]] = {}
        following = asyncio.create_task(_follow(other, shown))
        try:
            await asyncio.gather(*(swarm.connect() for swarm in swarms))
            async with asyncio.timeout(_CONNECT_SECONDS):
                while sum(swarm.live_count for swarm in swarms) < readers // 2 * 2:  # noqa: ASYNC110, readers do not tell
                    await asyncio.sleep(0.1)
            await asyncio.sleep(_SETTLE_SECONDS)
            stamps = {}
            for _ in range(entries):
                entry, stamp = await _publish(editor)
                stamps[entry] = stamp
                await asyncio.sleep(1 / publish)
            await asyncio.sleep(_SETTLE_SECONDS)
        finally:
            following.cancel()
            for swarm in swarms:
                swarm.stop()
        return [
            Compared(shown[entry], sorted(time for swarm in swarms for time in swarm.times[stamp]))
            for entry, stamp in stamps.items()
        ]


def _editor(node: NodeProcess) -> httpx.AsyncClient:
    headers = {"authorization": f"Bearer {KEY}"}
    return httpx.AsyncClient(base_url=node.url, headers=headers, timeout=60, trust_env=False)


async def _publish(editor: httpx.AsyncClient) -> tuple[str, float]:
    text = f"swarm-{time.time_ns()}"
    answer = await editor.post(f"/api/blogs/{BLOG}/entries", json={"markdown": "An update.", "tags": [text]})
    return str(answer.raise_for_status().json()["id"]), int(text.partition("-")[2]) / 1e9


async def _follow(editor: httpx.AsyncClient, shown: dict[str, dict[str, Any]]) -> None:
    """Keep the newest figures of each entry, as a desk does."""
    headers, kind = {"accept": "text/event-stream"}, ""
    async with editor.stream("GET", f"/api/blogs/{BLOG}/desk", headers=headers) as answer:
        async for line in answer.aiter_lines():
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            elif line.startswith("data: ") and kind == "delivery":
                figures = json.loads(line.removeprefix("data: "))
                shown[figures["id"]] = figures


async def delivery(readers: int, publish: float) -> bool:
    """Play the proof and print the result. Return whether counts are exact and the percentiles are right."""
    found = await measure(readers, publish)
    exact = sum((one.shown["readers"], one.shown["received"], len(one.times)) == (readers,) * 3 for one in found)
    errors = sorted(abs(one.error) for one in found)
    typical = errors[len(errors) // 2]
    shown, truth = (
        sum(figures) / len(found) for figures in zip(*((one.shown["p95_ms"], one.truth) for one in found), strict=True)
    )
    print(f"{exact} of {len(found)} entries: {readers:,} of {readers:,} readers, as the readers themselves say")
    print(f"95 % within {shown:.0f} ms at the desk, {truth:.0f} ms in truth, on average")
    print(f"difference for one entry: median {typical:.0%}, largest {errors[-1]:.0%}")
    return exact == len(found) and typical <= MAX_ERROR and abs(shown / truth - 1) <= MAX_ERROR
