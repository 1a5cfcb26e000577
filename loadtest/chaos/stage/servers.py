"""The servers of a run: Redis or a folder for SQLite, a network link for each node, and the nodes."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from loadtest.chaos.log import NodeEnded, NodeStarted, RunLog
from loadtest.chaos.stage.machine import Machine, control_machine
from loadtest.chaos.stage.proxy import NetworkLink
from loadtest.ports import free_port
from loadtest.server import KEY
from loadtest.warm import WarmProcess, command

START_SECONDS = 30.0

SETTINGS = {
    "STOPPRESS_KEYS": f"chaos:editor:{KEY}",
    "STOPPRESS_BEAT": "0.5",
    "STOPPRESS_NEWEST": "200",
    "STOPPRESS_DRAIN": "1",
    "STOPPRESS_LOG_FORMAT": "json",
}

Planted = Callable[[], None]
"""Puts a bug into the server that runs in this process."""


class RedisProcess:
    """A redis-server that keeps an append-only file in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.port = free_port()
        self.machine = Machine(folder / "machine")
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, *arguments: str) -> None:
        """Start it on the files of its folder; return when it answers."""
        program = shutil.which("redis-server")
        if program is None:
            sys.exit("redis-server is missing. Install it: apt-get install redis-server")
        options = {"port": self.port, "bind": "127.0.0.1", "dir": self.folder, "save": "", "appendonly": "yes"}
        options |= {"repl-diskless-sync-delay": 0, "repl-backlog-size": "1mb"}
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        with (self.folder / "log").open("ab") as out:
            self._process = await asyncio.create_subprocess_exec(
                *(program, *words, *arguments),
                stdout=out,
                stderr=out,
                env={**os.environ, "MACHINE_CONTROL": str(self.machine.control)},
            )
        async with asyncio.timeout(START_SECONDS), self.client() as client:
            while True:
                with suppress(RedisError, OSError):
                    await client.ping()
                    return
                await asyncio.sleep(0.01)

    def client(self) -> Redis:
        """Return a client, for faults and to look into the store. It does not go through a link."""
        return Redis(host="127.0.0.1", port=self.port, socket_timeout=5)

    async def promote(self) -> None:
        """Become a primary."""
        async with self.client() as client:
            await client.execute_command("REPLICAOF", "NO", "ONE")  # type: ignore[no-untyped-call]

    async def replicate(self, primary: RedisProcess) -> None:
        """Become a replica of another one; return when all of it is here."""
        async with asyncio.timeout(START_SECONDS), self.client() as client:
            await client.execute_command("REPLICAOF", "127.0.0.1", str(primary.port))  # type: ignore[no-untyped-call]
            while (await client.info("replication")).get("master_link_status") != "up":  # noqa: ASYNC110, a process
                await asyncio.sleep(0.02)

    def signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    async def kill(self) -> None:
        """End it as kill -9 does."""
        self.signal(signal.SIGKILL)
        if self._process is not None:
            await self._process.wait()

    def copy_files(self, folder: Path) -> None:
        """Copy its append-only file to a folder."""
        shutil.copytree(self.folder / "appendonlydir", folder)

    async def restart_from(self, folder: Path) -> None:
        """Kill it, and start it from a copy of its append-only file."""
        await self.kill()
        shutil.rmtree(self.folder / "appendonlydir")
        shutil.copytree(folder, self.folder / "appendonlydir")
        await self.start()


class ChaosNode:
    """A node on a port that it keeps over restarts, with a planted bug if one is given."""

    def __init__(self, number: int, folder: Path, log: RunLog, planted: Planted | None = None) -> None:
        self.number = number
        self.port = free_port()
        self.machine = Machine(folder / f"machine-{number}")
        self.log_file = folder / f"node-{number}.log"
        self.link: NetworkLink | None = None
        """Its link to Redis."""
        self.entrance: NetworkLink = NetworkLink(self.port)
        """The link from readers to it."""
        self.store = f"sqlite:{folder / 'blogs.db'}"
        self._log = log
        self._planted = planted
        self._process: WarmProcess | None = None

    @property
    def url(self) -> str:
        """Its address for writers and probes."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def readers_url(self) -> str:
        """Its address for readers, through its entrance."""
        return f"http://127.0.0.1:{self.entrance.port}"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self._process.code is None else None

    async def start(self) -> None:
        """Start it; return when it serves."""
        if self.link is not None:
            self.store = f"redis://127.0.0.1:{self.link.port}/0"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("STOPPRESS_")}
        environ = {**kept, **SETTINGS, "STOPPRESS_STORE": self.store}
        work = partial(_serve, self.port, str(self.machine.control), self._planted)
        with self.log_file.open("ab") as errors:
            self._process = WarmProcess(work, environ, errors=errors.fileno())
        async with asyncio.timeout(START_SECONDS):
            line = await self._process.line()
        if f" serves {self.url}" not in line:
            raise RuntimeError(f"node {self.number} did not start: {line!r}; see {self.log_file}")
        self._log.add(NodeStarted(node=self.number))

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it, and wait until it is gone."""
        process, self._process = self._process, None
        if process is not None:
            if number == signal.SIGTERM:
                self._log.add(NodeEnded(node=self.number))
            await process.stop(number)
            if number != signal.SIGTERM:
                self._log.add(NodeEnded(node=self.number))

    def signal(self, number: signal.Signals) -> None:
        if self.pid is not None:
            os.kill(self.pid, number)


def _serve(port: int, control: str, planted: Planted | None) -> None:
    control_machine(control)
    if planted is not None:
        planted()
    command("serve", "--port", str(port))


class Stage:
    """All servers of a run, started in the block.

    Args:
        folder: an empty one, for their files.
        log: of the run.
        nodes: how many there are; a SQLite store has one.
        shared: whether the store is Redis.
        planted: a bug for all nodes.
    """

    def __init__(
        self, folder: Path, log: RunLog, nodes: int, *, shared: bool = True, planted: Planted | None = None
    ) -> None:
        self.folder = folder
        self.log = log
        self.nodes = [ChaosNode(number, folder, log, planted) for number in range(nodes)]
        self.shared = shared
        self.redis: RedisProcess
        """The Redis that counts now."""
        self._redis_servers: list[RedisProcess] = []

    @property
    def links(self) -> list[NetworkLink]:
        """The nodes' links to Redis."""
        return [node.link for node in self.nodes if node.link is not None]

    async def add_redis(self) -> RedisProcess:
        """Start an empty Redis. It counts as soon as it is assigned to `redis`."""
        added = RedisProcess(self.folder / f"redis-{len(self._redis_servers)}")
        self._redis_servers.append(added)
        await added.start()
        return added

    async def __aenter__(self) -> Stage:
        try:
            if self.shared:
                self.redis = await self.add_redis()
                for node in self.nodes:
                    node.link = NetworkLink(self.redis.port)
                    await node.link.start()
            for node in self.nodes:
                await node.entrance.start()
            await asyncio.gather(*(node.start() for node in self.nodes))
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        for node in self.nodes:
            await node.stop(signal.SIGKILL)
            await node.entrance.close()
        for link in self.links:
            await link.close()
        for server in self._redis_servers:
            await server.kill()
