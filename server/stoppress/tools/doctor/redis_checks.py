"""The doctor's checks of Redis, each on its own: one mistake in its configuration does not hide another."""

from __future__ import annotations

import contextlib
import re
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlsplit

from redis.exceptions import NoPermissionError

from stoppress.errors import StoreUnavailable
from stoppress.store.redis.server import RedisServer
from stoppress.tools.doctor.finding import Finding, collect, fail, ok, warn

_PINGS = 20
_SLOW_PING_SECONDS = 0.005
"""Each write waits for some round trips to Redis."""

_CLOCK_SECONDS = 1.0
"""Allowed difference between two clocks. Scheduled entries and times between nodes depend on them."""

_NEARLY_FULL = 0.8
_NAMED_RIGHTS = 6

_WORKER_CONNECTIONS = 40
"""Connections to Redis that one worker may open."""

_LOST = {
    True: "the changes since its last snapshot",
    False: "everything",
    None: "the changes since its last snapshot, and everything if it takes none",
}
"""The loss at a restart without an append-only file: with snapshots, and without."""

_CHANNEL_COMMANDS = ("PUBLISH", "SUBSCRIBE")

_START = "Start a writable Redis there, or use another one with --store"

_ADVICE = (
    ("", r"username-password|WRONGPASS", "Correct the user and the password in the store's address"),
    ("", r"Authentication required|NOAUTH", "Add the password to the store's address: redis://:PASSWORD@HOST"),
    ("", r"without any password", "That Redis has no password; remove it from the store's address"),
    ("", r"DB index|invalid DB", "Name a database that exists, as in redis://HOST:PORT/0"),
    ("", r"not known|No address|resolution", "Correct the host in the store's address"),
    ("", r"refused|No such file", f"Is the address right? {_START}"),
    ("rediss", r"CERTIFICATE_VERIFY_FAILED", "Name its certificate authority: rediss://HOST?ssl_ca_certs=FILE"),
    ("rediss", r"", f"Does it speak TLS? If not, try redis:// instead of rediss://. {_START}"),
    ("redis", r"closed|reset|protocol", f"If it takes only TLS, try rediss:// instead of redis://. {_START}"),
)
"""Advice if Redis does not answer, by the scheme of its address and its error; the first row counts."""


class RedisCheck:
    """The checks of the Redis at an address, which a number of workers will use."""

    def __init__(self, url: str, workers: int) -> None:
        self._url = url
        self._workers = workers
        self._server = RedisServer(url)
        self._may_all = False
        self._infos: dict[str, dict[str, Any]] = {}

    async def findings(self) -> AsyncIterator[Finding]:
        """Run all checks, or only the first one if Redis does not answer."""
        try:
            if problem := await self._problem():
                yield fail("redis", problem)
                return
            with contextlib.suppress(StoreUnavailable):  # it may not be allowed
                self._infos = await self._server.infos()
            checks = {
                "rights": self._rights(),
                "redis": self._writes(),
                "durability": self._settings(),
                "latency": self._latency(),
                "redis clock": self._clock(),
            }
            for subject, check in checks.items():
                for finding in await collect(subject, check):
                    yield finding
        finally:
            await self._server.close()

    async def _problem(self) -> str:
        """Return why Redis does not answer and what to do; empty if it does."""
        try:
            await self._server.answer(self._server.client.ping())
        except StoreUnavailable as error:
            if not isinstance(error.__cause__, NoPermissionError):
                return f"{error} {advice_for(self._url, str(error))}"
        return ""

    async def _rights(self) -> AsyncIterator[Finding]:
        try:
            missing = await self._server.missing_rights()
        except StoreUnavailable as error:
            if isinstance(error.__cause__, NoPermissionError):
                yield fail("rights", f"{error} Allow the user of the node this command, and +@scripting")
            return  # the check of writes reports other errors
        self._may_all = not missing
        if missing:
            user = urlsplit(self._url).username or "default"
            named = ", ".join(f"{command} with {subject}" for command, subject in missing[:_NAMED_RIGHTS])
            more = f" and {len(missing) - _NAMED_RIGHTS} more" if len(missing) > _NAMED_RIGHTS else ""
            text = f"the Redis user {user} may not use {named}{more}"
            yield fail("rights", f"{text}; run ACL SETUSER {user} {rights_for(missing, self._server.names.prefix)}")

    async def _writes(self) -> AsyncIterator[Finding]:
        try:
            await self._server.ping()
        except StoreUnavailable as error:
            if self._may_all or not re.search("NOPERM|may not use|no permissions", str(error)):
                yield fail("redis", f"{error} {_START}")
        else:
            versions = {info.get("redis_version", "unknown") for info in self._infos.values()} or {"unknown"}
            yield ok("redis", f"{self._server.address} accepts writes; version {', '.join(sorted(versions))}")

    async def _settings(self) -> AsyncIterator[Finding]:
        if not self._infos:
            text = "Redis does not answer INFO, so version, durability, eviction and memory are not checked"
            yield warn("durability", f"{text}; allow its user +info")
            return
        saves = await self._saves()
        for address, info in self._infos.items():
            for subject, problem in self._server.problems(address, info):
                yield fail(subject, problem)
            for finding in self.judge(info, saves, self._workers):
                yield finding

    async def _saves(self) -> bool | None:
        """Return whether Redis takes snapshots; None if it does not tell."""
        try:
            answer: Any = await self._server.answer(self._server.client.config_get("save"))
        except StoreUnavailable:
            return None
        return any(answer.values()) if answer else None

    async def _latency(self) -> AsyncIterator[Finding]:
        if not self._may_all:
            return
        times = []
        try:
            for _ in range(_PINGS):
                start = time.monotonic()
                await self._server.ping()
                times.append(time.monotonic() - start)
        except StoreUnavailable:  # the check of writes reports it
            return
        yield self.latency(statistics.median(times), max(times))

    async def _clock(self) -> AsyncIterator[Finding]:
        start = time.time()
        try:
            seconds, microseconds = await self._server.answer(self._server.client.time())
        except StoreUnavailable as error:
            yield warn("redis clock", f"{error} So the clock is not checked; allow +time")
            return
        there = seconds + microseconds / 1e6
        yield Finding.of_clock("redis clock", there - (start + time.time()) / 2, _CLOCK_SECONDS)

    @staticmethod
    def judge(info: dict[str, Any], saves: bool | None = None, workers: int = 1) -> Iterator[Finding]:
        """Judge Redis's answer to INFO, in which fields may be missing.

        Args:
            info: the answer.
            saves: whether Redis takes snapshots, if it is known.
            workers: the number of workers that connect to it.
        """
        yield from _durability(info, saves)
        policy = info.get("maxmemory_policy", "noeviction")
        if policy != "noeviction" and not info.get("maxmemory"):  # with a limit of memory, a node does not start
            text = f"maxmemory-policy is {policy}, which evicts entries"
            yield warn("eviction", f"{text}; set maxmemory-policy to noeviction")
        if "used_memory" in info:
            yield _room("memory", info["used_memory"], info.get("maxmemory", 0), "maxmemory")
        limit, needed = info.get("maxclients", 0), workers * _WORKER_CONNECTIONS
        if 0 < limit < needed:
            text = f"maxclients is {limit:,}, and {workers} worker{'s' if workers > 1 else ''} may need {needed:,}"
            yield warn("clients", f"{text} connections; raise maxclients of Redis")
        elif "connected_clients" in info:
            yield _room("clients", info["connected_clients"], limit, "maxclients")

    @staticmethod
    def latency(median: float, longest: float) -> Finding:
        """Judge the times of writes, in seconds."""
        seen = f"a write takes {median * 1000:.1f} ms (median), {longest * 1000:.1f} ms at most"
        if median > _SLOW_PING_SECONDS:
            advice = "move Redis closer to the nodes, or check its SLOWLOG, its disk and its CPU"
            return warn("latency", f"{seen}; {advice}")
        return ok("latency", seen)


def advice_for(url: str, error: str) -> str:
    """Return what to do if the Redis at an address fails with an error."""
    for scheme, pattern, advice in _ADVICE:
        if url.startswith(scheme) and re.search(pattern, error, re.IGNORECASE):
            return advice
    return _START


def rights_for(missing: list[tuple[str, str]], prefix: str) -> str:
    """Return the rules of an ACL that give commands with keys or channels that begin with a prefix."""
    patterns = {f"{'&' if command in _CHANNEL_COMMANDS else '~'}{prefix}*" for command, _ in missing}
    return " ".join([*sorted(patterns), *sorted({f"+{command.lower()}" for command, _ in missing})])


def _durability(info: dict[str, Any], saves: bool | None) -> Iterator[Finding]:
    if info.get("aof_enabled") == 0:
        yield warn("durability", f"a restart of Redis loses {_LOST[saves]}; set appendonly to yes")
    elif "err" in (info.get("aof_last_write_status"), info.get("aof_last_bgrewrite_status")):
        yield fail("durability", "Redis cannot write its append-only file; check its disk and its log")
    elif info.get("aof_enabled") == 1:
        yield ok("durability", "the append-only file is on")


def _room(subject: str, used: int, limit: int, setting: str) -> Finding:
    if not limit:
        return ok(subject, f"{used:,} in use, {setting} is not set")
    if used > _NEARLY_FULL * limit:
        return warn(subject, f"{used:,} of {limit:,} are in use; raise {setting} of Redis")
    return ok(subject, f"{used:,} of {limit:,} are in use")
