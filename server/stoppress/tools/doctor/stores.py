"""The doctor's checks of the store: everything that `serve` rejects, and problems that would only show later."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from stoppress.errors import StartError, StoreUnavailable
from stoppress.store.redis.server import RedisServer
from stoppress.store.select import store_from
from stoppress.store.sqlite.store import SQLiteStore
from stoppress.tools.doctor.finding import Finding, fail, ok, warn

_MIN_DISK_BYTES = 256 * 2**20
_PINGS = 20
_SLOW_PING_SECONDS = 0.005
"""Each write waits for some round trips to Redis."""

_CLOCK_SECONDS = 1.0
"""Allowed difference between two clocks. Scheduled entries and times between nodes depend on them."""

_NEARLY_FULL = 0.8


class StoreCheck:
    """The checks of the store at an address."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def findings(self) -> AsyncIterator[Finding]:
        """Run all checks for this kind of store."""
        try:
            store = store_from(self._url)
        except StartError as error:
            yield fail("store", str(error))
            return
        if isinstance(store, SQLiteStore):
            for finding in _sqlite(store, SQLiteStore.path_of(self._url)):
                yield finding
        else:
            async for finding in _redis(self._url):
                yield finding

    @staticmethod
    def redis_settings(info: dict[str, Any]) -> Iterator[Finding]:
        """Judge Redis's answer to INFO, in which fields may be missing."""
        if info.get("aof_enabled") == 0:
            text = "a restart of Redis loses the changes since its last snapshot"
            yield warn("durability", f"{text}; set appendonly to yes")
        elif "err" in (info.get("aof_last_write_status"), info.get("aof_last_bgrewrite_status")):
            yield fail("durability", "Redis cannot write its append-only file; check its disk and its log")
        else:
            yield ok("durability", "the append-only file is on")
        if (policy := info.get("maxmemory_policy", "noeviction")) != "noeviction":
            text = f"maxmemory-policy is {policy}, which evicts entries"
            yield warn("eviction", f"{text}; set maxmemory-policy to noeviction")
        yield _room("memory", info.get("used_memory", 0), info.get("maxmemory", 0), "maxmemory")
        yield _room("clients", info.get("connected_clients", 0), info.get("maxclients", 0), "maxclients")

    @staticmethod
    def latency(median: float, longest: float) -> Finding:
        """Judge the times of writes, in seconds."""
        seen = f"a write takes {median * 1000:.1f} ms (median), {longest * 1000:.1f} ms at most"
        if median > _SLOW_PING_SECONDS:
            advice = "move Redis closer to the nodes, or check its SLOWLOG, its disk and its CPU"
            return warn("latency", f"{seen}; {advice}")
        return ok("latency", seen)


def _sqlite(store: SQLiteStore, path: Path) -> Iterator[Finding]:
    folder = path.resolve().parent
    if not folder.is_dir():
        yield fail("sqlite", f"the folder {folder} does not exist; create it, writable for the node's user")
        return
    files = (folder, path, path.with_name(f"{path.name}.lock"))
    unwritable = [str(file) for file in files if file.exists() and not os.access(file, os.R_OK | os.W_OK)]
    if unwritable:
        yield fail("sqlite", f"this user cannot write {', '.join(unwritable)}; chown to the node's user")
    else:
        yield _content(store, path)
    blogs = (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm"))
    if public := [str(file) for file in blogs if file.exists() and file.stat().st_mode & 0o004]:
        yield warn("drafts", f"every user of this machine can read {', '.join(public)}; run chmod o= on them")
    free = shutil.disk_usage(folder).free
    if free < _MIN_DISK_BYTES:
        text = f"only {free / 2**20:,.0f} MiB are free at {folder}"
        yield fail("disk", f"{text}; free some space, a full disk stops all writes")
    else:
        yield ok("disk", f"{free / 2**30:,.1f} GiB are free")


def _content(store: SQLiteStore, path: Path) -> Finding:
    try:
        store.check()
    except StartError as error:
        return fail("sqlite", str(error))
    except TimeoutError:
        text = f"{path} is too large for a check of its whole content"
        return warn("sqlite", f"{text}; `stoppress backup FILE` checks everything that it copies")
    return ok("sqlite", f"{path} is writable and undamaged")


async def _redis(url: str) -> AsyncIterator[Finding]:
    server = RedisServer(url)
    try:
        with _quiet():
            await server.check()
        info: dict[str, Any] = await server.answer(server.client.info())
        yield ok("redis", f"{server.address} accepts writes; version {info.get('redis_version', 'unknown')}")
        for finding in StoreCheck.redis_settings(info):
            yield finding
        yield await _latency(server)
        yield await _clock(server)
    except (StartError, StoreUnavailable) as error:
        yield fail("redis", str(error))
    finally:
        await server.close()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Suppress the warnings of the store's log. The doctor reports the same problems."""
    log = logging.getLogger("stoppress.store")
    log.disabled = True
    try:
        yield
    finally:
        log.disabled = False


def _room(subject: str, used: int, limit: int, setting: str) -> Finding:
    if not limit:
        return ok(subject, f"{used:,} in use, {setting} is not set")
    if used > _NEARLY_FULL * limit:
        return warn(subject, f"{used:,} of {limit:,} are in use; raise {setting} of Redis")
    return ok(subject, f"{used:,} of {limit:,} are in use")


async def _latency(server: RedisServer) -> Finding:
    times = []
    for _ in range(_PINGS):
        start = time.monotonic()
        await server.ping()
        times.append(time.monotonic() - start)
    return StoreCheck.latency(statistics.median(times), max(times))


async def _clock(server: RedisServer) -> Finding:
    start = time.time()
    seconds, microseconds = await server.answer(server.client.time())
    return Finding.of_clock("redis clock", seconds + microseconds / 1e6 - (start + time.time()) / 2, _CLOCK_SECONDS)
