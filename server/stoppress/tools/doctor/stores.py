"""What the doctor sees of the store: everything that `serve` refuses, and what it would only regret later."""

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
from stoppress.store.select import sqlite_path, store_from
from stoppress.tools.doctor.finding import Finding, fail, ok, warn

_LEAST_DISK = 256 * 2**20
_PINGS = 20
_SLOW_PING = 0.005
"""Seconds. Each write waits for some of them."""

_CLOCKS_APART = 1.0
"""Seconds by which two clocks may differ: scheduled entries and times between nodes depend on them."""

_NEARLY_FULL = 0.8


async def look_at_store(url: str) -> AsyncIterator[Finding]:
    try:
        store_from(url)
    except StartError as error:
        yield fail("store", str(error))
        return
    if url.startswith("sqlite:"):
        for finding in _sqlite(sqlite_path(url)):
            yield finding
    else:
        async for finding in _redis(url):
            yield finding


def _sqlite(path: Path) -> Iterator[Finding]:
    folder = path.resolve().parent
    if not folder.is_dir():
        yield fail("sqlite", f"there is no folder {folder}: make it, writable for the node's user")
        return
    wrong = [str(one) for one in (folder, path, path.with_name(f"{path.name}.lock")) if one.exists() and not _may(one)]
    if wrong:
        yield fail("sqlite", f"this user may not write {', '.join(wrong)}: give it to the node's user with chown")
    else:
        yield ok("sqlite", f"{path} can be written")
    free = shutil.disk_usage(folder).free
    if free < _LEAST_DISK:
        yield fail("disk", f"{free / 2**20:,.0f} MiB are free at {folder}: no write is taken on a full disk, make room")
    else:
        yield ok("disk", f"{free / 2**30:,.1f} GiB are free")


def _may(path: Path) -> bool:
    return os.access(path, os.R_OK | os.W_OK)


async def _redis(url: str) -> AsyncIterator[Finding]:
    server = RedisServer(url)
    try:
        with _quiet():
            await server.check()
        info: dict[str, Any] = await server.answer(server.client.info())
        yield ok("redis", f"{server.address} is {info.get('redis_version', 'there')} and takes writes")
        for finding in judge_redis(info):
            yield finding
        yield await _latency(server)
        yield await _clock(server)
    except (StartError, StoreUnavailable) as error:
        yield fail("redis", str(error))
    finally:
        await server.close()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """What the store's log would warn of, the doctor says itself."""
    log = logging.getLogger("stoppress.store")
    log.disabled = True
    try:
        yield
    finally:
        log.disabled = False


def judge_redis(info: dict[str, Any]) -> Iterator[Finding]:
    """`info` is what INFO says; fields may be missing."""
    if info.get("aof_enabled") == 0:
        yield warn("durability", "a restart of Redis loses what its last snapshot has not: set appendonly to yes")
    elif "err" in (info.get("aof_last_write_status"), info.get("aof_last_bgrewrite_status")):
        yield fail("durability", "Redis cannot write its append-only file: look at its disk and its log")
    else:
        yield ok("durability", "the append-only file is on")
    if (policy := info.get("maxmemory_policy", "noeviction")) != "noeviction":
        yield warn("eviction", f"maxmemory-policy is {policy}: set it to noeviction before anybody sets maxmemory")
    yield _room("memory", info.get("used_memory", 0), info.get("maxmemory", 0), "maxmemory")
    yield _room("clients", info.get("connected_clients", 0), info.get("maxclients", 0), "maxclients")


def _room(what: str, used: int, most: int, setting: str) -> Finding:
    if not most:
        return ok(what, f"{used:,} in use, {setting} is not set")
    if used > _NEARLY_FULL * most:
        return warn(what, f"{used:,} of {most:,} are in use: raise {setting} of Redis")
    return ok(what, f"{used:,} of {most:,} in use")


async def _latency(server: RedisServer) -> Finding:
    times = []
    for _ in range(_PINGS):
        began = time.monotonic()
        await server.ping()
        times.append(time.monotonic() - began)
    return judge_latency(statistics.median(times), max(times))


def judge_latency(median: float, most: float) -> Finding:
    """Of writes, in seconds."""
    seen = f"a write takes {median * 1000:.1f} ms, at most {most * 1000:.1f}"
    if median > _SLOW_PING:
        return warn("latency", f"{seen}: put Redis near the nodes, look at its SLOWLOG, its disk and its processor")
    return ok("latency", seen)


async def _clock(server: RedisServer) -> Finding:
    began = time.time()
    seconds, microseconds = await server.answer(server.client.time())
    return judge_clock("redis clock", seconds + microseconds / 1e6 - (began + time.time()) / 2, _CLOCKS_APART)


def judge_clock(what: str, apart: float, allowed: float) -> Finding:
    """`apart`: seconds by which the other clock is ahead of this machine's."""
    if abs(apart) > allowed:
        direction = "ahead of" if apart > 0 else "behind"
        return warn(what, f"it is {abs(apart):.1f} s {direction} this machine's: run NTP (chrony) on both")
    return ok(what, f"within {allowed:g} s of this machine's")
