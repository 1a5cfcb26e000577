"""The stores, and what makes a retraction harder with some of them."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from loadtest.chaos.stage.machine import Machine, preloaded_library
from stoppress.tasks import end
from tests.support.redis_servers import Cluster, RedisServer, WatchedServers, started

FULL_SHARES = (0.05, 0.02, 0.3, 1.0)
"""Shares of writes that find no room, in turn. A commit makes dozens of writes, so with 0.3 nearly all commits fail."""

BACKUP_PAUSE_SECONDS = 2.0
"""Pause between two backups."""

FILLER_ITEMS, FILLER_BYTES = 64, 2**20
"""Other data in Redis, so that a BGSAVE has something to do."""

SAVE_DELAY_MICROSECONDS = 50_000
"""Pause of a BGSAVE after each key, as on a slow disk."""


class SQLite:
    """One node with SQLite."""

    nodes = 1
    may_refuse = False
    """Whether the store may refuse retractions while it is strained."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def environ(self) -> dict[str, str]:
        """The settings of the nodes."""
        return {}

    @contextmanager
    def servers(self) -> Iterator[None]:
        """Start what the nodes need, before them."""
        yield

    @asynccontextmanager
    async def company(self) -> AsyncIterator[None]:
        """Run another program beside the nodes."""
        yield

    @asynccontextmanager
    async def strain(self) -> AsyncIterator[None]:
        """Make retractions hard. In the block, nothing else has to be written."""
        yield


class SQLiteFull(SQLite):
    """The disk is full during retractions."""

    may_refuse = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._shares = cycle(FULL_SHARES)

    @property
    def environ(self) -> dict[str, str]:
        return {"MACHINE_CONTROL": str(self._machine.control)}

    @contextmanager
    def servers(self) -> Iterator[None]:
        with preloaded_library():
            self._machine = Machine(self.folder / "machine")
            yield

    @asynccontextmanager
    async def strain(self) -> AsyncIterator[None]:
        self._machine.fill_disk(next(self._shares))
        try:
            yield
        finally:
            self._machine.repair()


class SQLiteBackup(SQLite):
    """A read transaction is open, and `stoppress backup` runs again and again."""

    @asynccontextmanager
    async def company(self) -> AsyncIterator[None]:
        with closing(sqlite3.connect(self.folder / "blogs.db", isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM items").fetchall()
            backups = asyncio.create_task(self._back_up())
            try:
                yield
                if backups.done():
                    backups.result()
            finally:
                await end([backups])

    async def _back_up(self) -> None:
        store, target = f"sqlite:{self.folder / 'blogs.db'}", self.folder / "backup.db"
        while True:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "stoppress", "backup", "--store", store, str(target)),
                stdout=asyncio.subprocess.DEVNULL,
            )
            try:
                if status := await process.wait():
                    raise RuntimeError(f"`stoppress backup` failed with the exit status {status}")
            finally:
                if process.returncode is None:
                    process.kill()
            await asyncio.sleep(BACKUP_PAUSE_SECONDS)


class SingleRedis(SQLite):
    """Three nodes with one Redis."""

    nodes = 3
    options: tuple[str, ...] = ()

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        if shutil.which("redis-server") is None:
            raise RuntimeError("redis-server is missing. Install it: apt-get install redis-server")
        self._servers: Any = self._new()

    def _new(self) -> Any:
        return RedisServer(self.folder / "redis", *self.options)

    @property
    def environ(self) -> dict[str, str]:
        return {"STOPPRESS_STORE": self._servers.node_url}

    @contextmanager
    def servers(self) -> Iterator[None]:
        with started(self._servers):
            yield

    def client(self) -> Redis:
        """Return an administrator's client."""
        return Redis(port=self._servers.port, socket_timeout=5)


class SavingRedis(SingleRedis):
    """Redis saves its data all the time."""

    options = (f"rdb-key-save-delay {SAVE_DELAY_MICROSECONDS}",)

    @asynccontextmanager
    async def company(self) -> AsyncIterator[None]:
        async with self.client() as client:
            for number in range(FILLER_ITEMS):
                await client.set(f"filler-{number}", b"x" * FILLER_BYTES)
            saving = asyncio.create_task(self._save(client))
            try:
                yield
                if saving.done():
                    saving.result()
            finally:
                await end([saving])

    async def _save(self, client: Redis) -> None:
        while True:
            if not (await client.info("persistence"))["rdb_bgsave_in_progress"]:
                await client.bgsave()
            await asyncio.sleep(0.05)

    @asynccontextmanager
    async def strain(self) -> AsyncIterator[None]:
        async with self.client() as client:
            while not (await client.info("persistence"))["rdb_bgsave_in_progress"]:  # noqa: ASYNC110, a process
                await asyncio.sleep(0.01)
        yield


class FullRedis(SingleRedis):
    """Redis has reached its `maxmemory` during retractions."""

    @asynccontextmanager
    async def strain(self) -> AsyncIterator[None]:
        async with self.client() as client:
            await client.config_set("maxmemory", "1")
            try:
                yield
            finally:
                await client.config_set("maxmemory", "0")


class Sentinel(SingleRedis):
    """Three nodes with a master, a replica and three sentinels."""

    def _new(self) -> Any:
        return WatchedServers(self.folder)


class RedisCluster(SingleRedis):
    """Three nodes with a cluster of three masters and a replica."""

    def _new(self) -> Any:
        return Cluster(self.folder)


STORES: dict[str, type[SQLite]] = {
    "sqlite": SQLite,
    "sqlite-full": SQLiteFull,
    "sqlite-backup": SQLiteBackup,
    "redis": SingleRedis,
    "redis-bgsave": SavingRedis,
    "redis-full": FullRedis,
    "sentinel": Sentinel,
    "cluster": RedisCluster,
}
"""By the name that the command line has for them."""
