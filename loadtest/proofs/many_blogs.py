"""Many blogs on three nodes and one Redis: what they cost when nothing happens, and when Redis loses them all."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec
from redis.asyncio import Redis

from loadtest.ports import free_port
from loadtest.proofs.rolling import program
from loadtest.server import KEY, NodeProcess
from stoppress.model import HEADER, Header, StoredEntry, timestamp
from stoppress.store.port import Write
from stoppress.store.redis.store import RedisStore
from stoppress.tools.swarm.histogram import FineHistogram

NODES = 3
SETTLE_SECONDS = 13.0
"""Seconds after the last request until all blogs count as unused."""

IDLE_SECONDS = 20.0
"""Seconds for which commands and processor time are measured."""

LOG_SECONDS = 3.0
"""Seconds after which the nodes have logged what they did."""

MAX_COMMANDS_PER_SECOND = 50.0
MAX_CORE_SHARE = 0.02
MAX_FIRST_PAGE_SECONDS = 0.5
MAX_BACK_SECONDS = 15.0
MAX_POST_P99_SECONDS = 1.0
MAX_LOG_LINES = 100

_AT_ONCE = 16
"""Number of requests at the same time while blogs are made and loaded."""


class Figures(NamedTuple):
    """The measured figures, in the order in which they are printed."""

    commands: float
    """Redis commands per second of all idle nodes."""
    core_share: float
    """The largest share of a core that an idle node took."""
    first_page: float
    """Seconds of the first `/` of a node that has just started."""
    back: float
    """Seconds from FLUSHALL until Redis has all blogs again."""
    post_p99: float
    """The p99 of editors' requests in that time, in seconds."""
    log_lines: int
    """Log lines of all nodes since FLUSHALL."""

    @property
    def is_kept(self) -> bool:
        """Whether all figures are within their limits."""
        limits = (
            MAX_COMMANDS_PER_SECOND,
            MAX_CORE_SHARE,
            MAX_FIRST_PAGE_SECONDS,
            MAX_BACK_SECONDS,
            MAX_POST_P99_SECONDS,
            MAX_LOG_LINES,
        )
        return all(figure <= limit for figure, limit in zip(self, limits, strict=True))


async def many_blogs(blogs: int, publish: float) -> bool | None:
    """Measure many blogs and print the figures. Return whether all are within their limits."""
    figures = await measure(blogs, publish)
    print(f"{blogs:,} idle blogs, {NODES} nodes: {figures.commands:.1f} Redis commands/s in total")
    print(f"largest share of a core of an idle node: {figures.core_share:.2%}")
    print(f"first page of a new node: {figures.first_page:.2f} s")
    print(f"FLUSHALL: all {blogs:,} blogs are back after {figures.back:.1f} s")
    print(f"editors' p99 meanwhile: {figures.post_p99 * 1000:.0f} ms; {figures.log_lines} log lines")
    return figures.is_kept


async def measure(blogs: int, publish: float) -> Figures:
    """Make blogs, load them on all nodes, and measure."""
    names = [f"blog-{number:05}" for number in range(blogs)]
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        log = stack.enter_context((folder / "log").open("w+"))
        port = free_port()
        arguments = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder))
        await stack.enter_async_context(program("redis-server", *arguments, port=port))
        redis = await stack.enter_async_context(Redis(port=port))
        url = f"redis://127.0.0.1:{port}/0"
        nodes = [NodeProcess(folder, STOPPRESS_STORE=url) for _ in range(NODES)]
        for node in nodes:
            node.log = log
            await stack.enter_async_context(node)
        await fill(url, nodes, names)
        await asyncio.sleep(SETTLE_SECONDS)
        commands, core_share = await idle(redis, nodes)
        newcomer = await stack.enter_async_context(NodeProcess(folder, STOPPRESS_STORE=url))
        first_page = await seconds_of_first_page(newcomer)
        await newcomer.stop()
        lines = log_lines(folder)
        back, times = await flush(redis, nodes, names, publish)
        await asyncio.sleep(LOG_SECONDS)
        return Figures(commands, core_share, first_page, back, times.percentile(99), log_lines(folder) - lines)


async def fill(url: str, nodes: list[NodeProcess], names: list[str]) -> None:
    """Make all blogs with an entry each, past the nodes, and have every node load them."""
    store = RedisStore(url)
    await store.open()
    entry = StoredEntry(
        id=str(uuid.uuid4()), version=1, status="published", html="<p>It begins.</p>", text="It begins."
    )
    entry.published_at = entry.updated_at = timestamp()

    async def make(name: str) -> None:
        header = Header(blog=name, headline=name, status="live")
        items = ((HEADER, header), (entry.id, entry))
        await store.commit(name, [Write(item_id, 0, msgspec.json.encode(item)) for item_id, item in items])

    await in_portions(make, names)
    await store.close()
    await asyncio.gather(*(load_all(node, names) for node in nodes))


async def load_all(node: NodeProcess, names: Iterable[str]) -> None:
    """Ask a node for all blogs, with as little work as possible on this side."""
    waiting = iter(names)

    async def some() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
        for name in waiting:
            writer.write(f"GET /blogs/{name}/changes HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            if b" 200 " not in head:
                raise RuntimeError(f"the node did not load {name}: {head!r}")
            await reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0]))
        writer.close()

    await asyncio.gather(*(some() for _ in range(_AT_ONCE)))


async def in_portions(work: Callable[[str], Awaitable[None]], names: Iterable[str]) -> None:
    """Call `work` for each name, `_AT_ONCE` at a time."""
    waiting = iter(names)

    async def some() -> None:
        for name in waiting:
            await work(name)

    await asyncio.gather(*(some() for _ in range(_AT_ONCE)))


@asynccontextmanager
async def editor(node: NodeProcess) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=node.url, headers=headers, timeout=30, trust_env=False) as client:
        yield client


async def idle(redis: Redis, nodes: list[NodeProcess]) -> tuple[float, float]:
    """Return the commands per second of all nodes together, and the largest share of a core of one."""
    commands, seconds = await command_count(redis), [processor_seconds(node.pid) for node in nodes]
    began = time.monotonic()
    await asyncio.sleep(IDLE_SECONDS)
    passed = time.monotonic() - began
    shares = [processor_seconds(node.pid) - before for node, before in zip(nodes, seconds, strict=True)]
    return (await command_count(redis) - commands) / passed, max(shares) / passed


async def command_count(redis: Redis) -> int:
    """Return how many commands Redis has run, without those that ask for this."""
    stats: dict[str, Any] = await redis.info("commandstats")
    return sum(figures["calls"] for name, figures in stats.items() if name != "cmdstat_info")


def processor_seconds(pid: int) -> float:
    """Return the processor time that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def seconds_of_first_page(node: NodeProcess) -> float:
    async with editor(node) as client:
        began = time.monotonic()
        (await client.get("/")).raise_for_status()
        return time.monotonic() - began


async def flush(
    redis: Redis, nodes: list[NodeProcess], names: list[str], publish: float
) -> tuple[float, FineHistogram]:
    """Empty Redis. Return after how many seconds it has all blogs again, and the times of editors meanwhile."""
    times = FineHistogram()
    writing = asyncio.create_task(keep_writing(nodes, names, publish, times))
    try:
        await asyncio.sleep(1)
        await redis.flushall()
        began = time.monotonic()
        async with asyncio.timeout(180):
            gone = names
            while gone := await missing(redis, gone):  # noqa: ASYNC110, Redis tells nobody
                await asyncio.sleep(0.25)
        return time.monotonic() - began, times
    finally:
        writing.cancel()
        await asyncio.wait([writing])


async def missing(redis: Redis, names: list[str]) -> list[str]:
    """Return the names without those of the first 200 that Redis has."""
    pipeline = redis.pipeline(transaction=False)
    for name in names[:200]:
        pipeline.exists(f"stoppress:{{{name}}}:line")
    there = await pipeline.execute()
    return [name for name, exists in zip(names, there, strict=False) if not exists] + names[200:]


async def keep_writing(nodes: list[NodeProcess], names: list[str], publish: float, times: FineHistogram) -> None:
    """Send entries to some blogs on all nodes, and note how long the answers take. A lost blog is answered with 404."""
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(editor(node)) for node in nodes]
        number = 0
        async with asyncio.TaskGroup() as group:
            while True:
                number += 1
                client, name = clients[number % len(clients)], names[number * 37 % len(names)]
                group.create_task(write(client, name, times))
                await asyncio.sleep(1 / publish)


async def write(client: httpx.AsyncClient, name: str, times: FineHistogram) -> None:
    began = time.monotonic()
    await client.post(f"/api/blogs/{name}/entries", json={"markdown": "More."})
    times.add(time.monotonic() - began)


def log_lines(folder: Path) -> int:
    return len((folder / "log").read_text().splitlines())
