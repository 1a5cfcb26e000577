"""What tests of several floors share: real servers, each test with what it needs."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import AsyncExitStack, ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.support.node import RunningNode, sqlite_url
from tests.support.redis_servers import Cluster, RedisServer, WatchedServers, started
from tests.support.turns import turn

pytest_plugins = ["tests.support.fixtures"]

FIGURE = "figure"

StartNode = Callable[..., Awaitable[RunningNode]]
Eventually = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as of a job in the background: commands would ignore it, too
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort files with slow tests and browsers first, so that in the end no worker waits long for another."""
    alone = {item.path for item in items if item.get_closest_marker("alone")}
    long = {item.path for item in items if item.get_closest_marker("slow") or item.get_closest_marker("browser")}
    items.sort(key=lambda item: 2 if item.path in alone else item.path not in long)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Run tests with the marker `alone` while no other test runs. The time limit of a test begins with its turn."""
    with turn(alone=item.get_closest_marker("alone") is not None):
        return (yield)


@pytest.fixture
def eventually() -> Eventually:
    """Ask again until the answer is true, for a minute at the most: a machine may be busy."""

    async def ask(question: Callable[[], Awaitable[Any]]) -> Any:
        async with asyncio.timeout(60):
            while not (answer := await question()):
                await asyncio.sleep(0.01)
            return answer

    return ask


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One server for all tests. A test that stops or freezes it starts or thaws it again."""
    with started(server := RedisServer(tmp_path_factory.mktemp("redis"))):
        yield server


@pytest.fixture(scope="session")
def watched_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WatchedServers]:
    """A master, a replica and sentinels for all tests. A test that kills a server starts it again."""
    with started(servers := WatchedServers(tmp_path_factory.mktemp("sentinels"))):
        yield servers


@pytest.fixture(scope="session")
def redis_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One cluster for all tests. A test that kills a server starts it again."""
    with started(cluster := Cluster(tmp_path_factory.mktemp("cluster"))):
        yield cluster


@pytest.fixture
def start_redis(tmp_path: Path) -> Iterator[Callable[..., RedisServer]]:
    """Start further servers, with lines of their configuration; stop them at the end."""
    with ExitStack() as stack:
        numbers = count()

        def start(*options: str) -> RedisServer:
            server = RedisServer(tmp_path / f"redis-{next(numbers)}", *options)
            stack.enter_context(started(server))
            return server

        yield start


@pytest.fixture
async def start_node(tmp_path: Path) -> AsyncIterator[StartNode]:
    """Starts `stoppress serve`, on an empty embedded store unless another is given; stops it at the end."""
    async with AsyncExitStack() as stack:

        async def start(store: str | None = None, descriptors: int | None = None, **environ: str) -> RunningNode:
            node = RunningNode(store or sqlite_url(tmp_path), descriptors, **environ)
            return await stack.enter_async_context(node)

        yield start


@pytest.fixture(scope="module")
async def empty_node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StartNode]:
    """Give a node without blogs, by its settings.

    One process serves all tests of a module that ask for the same settings: a start takes longer than most tests. If a
    test has stopped it, it is started again for the next one.
    """
    nodes: dict[tuple[str, ...], RunningNode] = {}

    async def give(**environ: str) -> RunningNode:
        settings = tuple(f"{name}={value}" for name, value in sorted(environ.items()))
        if settings not in nodes:
            nodes[settings] = RunningNode(sqlite_url(tmp_path_factory.mktemp("store")), None, **environ)
        node = nodes[settings]
        if not node.is_running:
            await node.start()
        await node.delete_blogs()
        return node

    yield give
    for node in nodes.values():
        await node.stop()


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Takes a line that says what was measured; all are printed at the end, whether tests pass or not."""
    return lambda line: request.node.user_properties.append((FIGURE, line))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [one for kind in ("passed", "failed") for one in terminalreporter.stats.get(kind, [])]
    lines = [line for one in reports if one.when == "call" for name, line in one.user_properties if name == FIGURE]
    if lines:
        terminalreporter.section("figures")
    for line in lines:
        terminalreporter.write_line(line)
