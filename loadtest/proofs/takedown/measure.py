"""Measure retractions with one store: start its servers, the load and the readers, and make the tries."""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from loadtest.proofs.many_blogs import keep_writing
from loadtest.proofs.takedown.fetching import Fetcher
from loadtest.proofs.takedown.live import ENCODINGS, LONG_POLL, VIEWS, FollowingReader, Live
from loadtest.proofs.takedown.looks import BLOG, NodeClient
from loadtest.proofs.takedown.stores import STORES, SQLite
from loadtest.proofs.takedown.tries import LIMIT_SECONDS, Takedown, Tries
from loadtest.server import KEY, NodeProcess
from loadtest.swarming import read_seconds, run_swarm, times_of
from stoppress.tasks import end
from stoppress.tools.export.command import export
from stoppress.tools.swarm.histogram import FineHistogram

CONNECT_SECONDS = 60.0
"""Seconds in which all readers must be connected."""

TOLD_SECONDS = 5.0
"""Seconds in which the figures of the last retraction must come; a swarm prints them once a second."""

MAX_RUN_SECONDS = 3_600.0
"""Seconds after which readers leave on their own."""

LAG_SECONDS = 0.05
"""Pause between two checks of whether this process is late."""

TOKEN = re.compile(r"token\d+x")


class TakedownFigures(NamedTuple):
    """What came of the tries with one store."""

    takedowns: list[Takedown]
    refused: int
    delayed: int
    told: FineHistogram
    """Seconds from the start of a retraction until a reader was told, of all readers."""
    wrong: dict[str, int]
    """Faults that the readers saw, by kind."""
    may_refuse: bool
    late: float
    """Seconds by which this process was late at most: all times may be too long by that."""

    @property
    def slowest(self) -> Takedown:
        return max(self.takedowns)

    def percentile(self, percent: float) -> float:
        """Return a percentile of the times in seconds, never a lower one."""
        times = sorted(one.seconds for one in self.takedowns)
        return times[min(len(times) - 1, int(len(times) * percent / 100))]

    @property
    def is_kept(self) -> bool:
        """Whether the promise was kept by all tries, to all readers."""
        is_answered = len(self.takedowns) > self.delayed and (self.may_refuse or not self.refused)
        is_told = len(self.told) > 0 and self.told.percentile(100) <= LIMIT_SECONDS
        return is_answered and is_told and not self.wrong and self.slowest.seconds <= LIMIT_SECONDS


class NodeSwarm:
    """The readers of one node, in a swarm."""

    def __init__(self, process: asyncio.subprocess.Process, readers: int) -> None:
        self.told = FineHistogram()
        self.wrong: dict[str, int] = {}
        self.is_there = asyncio.Event()
        self._process = process
        self._readers = readers
        self._following = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        async for figures in read_seconds(self._process):
            self.told.merge(times_of(figures))
            if figures["live"] == self._readers:
                self.is_there.set()
            self.wrong = figures.get("wrong", {"no summary": 1})

    async def leave(self, tries: int) -> None:
        """Disconnect all readers, after the last checks: each must have been told of so many retractions."""
        deadline, expected = time.monotonic() + TOLD_SECONDS, tries * self._readers
        while len(self.told) < expected and time.monotonic() < deadline:  # noqa: ASYNC110, another process
            await asyncio.sleep(0.1)
        self._process.terminate()
        async with asyncio.timeout(CONNECT_SECONDS):
            await self._following
        if missing := max(0, expected - len(self.told)):
            self.wrong = {**self.wrong, "readers not told": missing}


class Lag:
    """Measures by how much this process is late."""

    most = 0.0

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            due = time.monotonic() + LAG_SECONDS
            await asyncio.sleep(LAG_SECONDS)
            self.most = max(self.most, time.monotonic() - due)


class Load(NamedTuple):
    """The size of a measurement."""

    readers: int
    publish: float
    """Writes a second of the editor."""
    tries: int


async def measure(name: str, load: Load) -> TakedownFigures:
    """Make tries with a store while readers follow the blog and an editor writes."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        store = STORES[name](folder)
        stack.enter_context(store.servers())
        nodes = [NodeProcess(folder, **store.environ) for _ in range(store.nodes)]
        log = stack.enter_context((folder / "log").open("w"))
        for node in nodes:
            node.log = log
            await stack.enter_async_context(node)
        clients = [await stack.enter_async_context(_client(node, number)) for number, node in enumerate(nodes)]
        return await _play(store, nodes, clients, load)


async def _play(store: SQLite, nodes: list[NodeProcess], clients: list[NodeClient], load: Load) -> TakedownFigures:
    surfaces = (*ENCODINGS, *VIEWS, LONG_POLL)
    readers = [FollowingReader(client.name, surface, client.live) for client in clients for surface in surfaces]
    tries, lag = Tries(clients, readers, store), Lag()
    await tries.make_blog()
    work = [reader.run() for reader in readers]
    work += [keep_writing(nodes, [BLOG], load.publish, FineHistogram()), lag.run()]
    async with _swarms(nodes, load.readers) as swarms, store.company(), _running(work):
        await tries.run(load.tries)
        for swarm in swarms:
            await swarm.leave(len(tries.done))
    told, wrong = FineHistogram(), Counter[str]()
    for swarm in swarms:
        told.merge(swarm.told)
        wrong.update(swarm.wrong)
    for node in nodes:
        if found := await asyncio.to_thread(_retracted_files, node.url, store.folder / f"export-{node.port}"):
            wrong["exported files with retracted texts"] += found
    return TakedownFigures(tries.done, tries.refused, tries.delayed, told, dict(wrong), store.may_refuse, lag.most)


@asynccontextmanager
async def _client(node: NodeProcess, number: int) -> AsyncIterator[NodeClient]:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=200)
    headers = {"authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(
        base_url=node.url, headers=headers, timeout=10, trust_env=False, limits=limits
    ) as http:
        fetcher = Fetcher(node.port, headers)
        yield NodeClient(f"node {number}", http, fetcher, Live(node.url, BLOG, fetcher))
        fetcher.close()


@asynccontextmanager
async def _swarms(nodes: Sequence[NodeProcess], readers: int) -> AsyncIterator[list[NodeSwarm]]:
    """Connect readers to all nodes; return when all are connected."""
    share = max(1, readers // len(nodes))
    plan: dict[str, Any] = {"blog": BLOG, "readers": share, "rate": 500, "duration": MAX_RUN_SECONDS}
    async with AsyncExitStack() as stack:
        swarms = [NodeSwarm(await stack.enter_async_context(run_swarm(node.url, **plan)), share) for node in nodes]
        async with asyncio.timeout(CONNECT_SECONDS):
            for swarm in swarms:
                await swarm.is_there.wait()
        yield swarms


@asynccontextmanager
async def _running(work: Iterable[Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Run work in the block. Raises its error, if it ends with one."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        yield
        for task in tasks:
            if task.done():
                task.result()
    finally:
        await end(tasks)


def _retracted_files(url: str, target: Path) -> int:
    """Export the blog from a node. Return how many files have the text of a try: all tries are retracted."""
    export(url, BLOG, target, force=False)
    files = (file for file in target.rglob("*") if file.is_file())
    return sum(TOKEN.search(file.read_text(errors="ignore")) is not None for file in files)
