"""The Redis server of the store: its connections, and the check that it keeps what is written to it."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterator
from importlib.resources import files
from typing import Any, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ReadOnlyError, RedisError

from stoppress.errors import StartError, StoreUnavailable, WrongKeyType
from stoppress.store.redis.format import ALL_PARTS, BLOGS, keys

_T = TypeVar("_T")

REDIS_TIMEOUT_SECONDS = 3.0
"""Maximum seconds that a call waits for Redis, including the wait for a free connection."""

_OPTIONS: dict[str, Any] = {
    "socket_timeout": 2.0,
    "socket_connect_timeout": 2.0,
    # Do not retry: a commit without an answer may have been done.
    "retry": Retry(NoBackoff(), 0),
    # RESP2, whatever redis-py's default becomes; nothing here needs RESP3.
    "protocol": 2,
    "decode_responses": False,
    "driver_info": None,
    "client_name": "stoppress",
}

_NO_BLOG = "-"
"""A name that no blog can have."""

_MIN_REDIS_VERSION = (7, 0)

log = logging.getLogger("stoppress.store")


class RedisServer:
    """One Redis server.

    Args:
        url: redis://, rediss:// (TLS) or unix://, with user, password and database as redis-py takes them.

    Raises:
        StartError: the URL is malformed. No message contains its password.
    """

    def __init__(self, url: str) -> None:
        try:
            # These options override the URL, because the store depends on them.
            options: dict[str, Any] = {**parse_url(url), **_OPTIONS}
            self._pool = BlockingConnectionPool(max_connections=16, timeout=2, **options)
            self.new_connection()  # raises for wrong options; the pool does not check them
        except (ValueError, TypeError, RedisError):
            raise StartError(
                "the store's address is not a valid Redis URL; use redis://HOST:PORT/DATABASE, "
                "and percent-encode special characters of the password"
            ) from None
        self.address = options.get("path") or f"{options.get('host', 'localhost')}:{options.get('port', 6379)}"
        # All databases of a Redis share its channels, so the name of a channel contains the database.
        self._channels = f"stoppress:{options.get('db', 0)}"
        self.node = secrets.token_hex(8)
        self.client = Redis(connection_pool=self._pool)
        self._ping = self.script("checks.lua", "ping.lua")

    def new_connection(self) -> AbstractConnection:
        """Return a connection outside of the pool, not yet connected and without a timeout of its own."""
        connection: AbstractConnection = self._pool.make_connection()  # type: ignore[no-untyped-call]
        connection.socket_timeout = None
        return connection

    def channel(self, blog: str) -> str:
        """Return the name of a blog's pub/sub channel."""
        return f"{self._channels}:{{{blog}}}"

    @property
    def probe_channel(self) -> str:
        """The pub/sub channel on which this node probes its own connection."""
        return f"{self._channels}:node:{self.node}"

    async def answer(self, work: Awaitable[_T]) -> _T:
        """Await a command and return its answer.

        Raises:
            WrongKeyType: a key has a wrong type.
            StoreUnavailable: any other error, or a timeout.
        """
        try:
            async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
                return await work
        except ReadOnlyError as error:
            # The server was the master before. New connections may find the new master.
            await self._pool.disconnect(inuse_connections=False)
            raise StoreUnavailable(f"Redis at {self.address} is a read-only replica.") from error
        except (RedisError, OSError) as error:
            reason = str(error).partition(" script: ")[0].rstrip(".") or f"no answer within {REDIS_TIMEOUT_SECONDS:g} s"
            if reason.startswith("WRONGTYPE"):
                raise WrongKeyType(f"A key in Redis at {self.address}", reason) from error
            raise StoreUnavailable(f"Redis at {self.address} failed: {reason}.") from error

    def script(self, *names: str, flags: str = "") -> Callable[..., Awaitable[Any]]:
        """Return a script as a function. It runs by its digest; its text is sent only if Redis does not have it.

        `flags` replaces the first line of the last file: "#!lua" and the flags of the script.
        """
        texts = [files("stoppress.store.redis").joinpath(name).read_text() for name in names]
        flags = flags or texts[-1].partition("\n")[0]
        return self.client.register_script("\n".join([flags, *(text.partition("\n")[2] for text in texts)]))

    async def ping(self) -> None:
        """Raise `StoreUnavailable` if a commit would fail, or if this node may not receive hints.

        Only a write shows that the server is a master, has free memory and can save to disk.
        """
        await self.answer(self._ping(keys(_NO_BLOG, ALL_PARTS), (self.channel(_NO_BLOG),)))

    async def infos(self) -> dict[str, dict[str, Any]]:
        """Return the answers to INFO by address. Raises `StoreUnavailable`."""
        return {self.address: await self.answer(self.client.info())}

    async def missing_rights(self) -> list[tuple[str, str]]:
        """Return each command that this node's user may not use but needs, with its key or channel."""
        check = self.script("checks.lua", "rights.lua")
        found = await self.answer(check((), (self.channel(_NO_BLOG), BLOGS, *keys(_NO_BLOG, ALL_PARTS))))
        texts = [text.decode() for text in found]
        return list(zip(texts[::2], texts[1::2], strict=True))

    async def close(self) -> None:
        """Close all connections of the pool."""
        await self.client.aclose()
        await self._pool.aclose()

    async def check(self) -> None:
        """Raise `StartError` if this Redis is unreachable, too old or a cluster, or evicts data if memory is short."""
        try:
            await self.answer(self.client.ping())
            try:
                for address, info in (await self.infos()).items():
                    if problem := next(self.problems(address, info), None):
                        raise StartError(problem[1])
                    if info.get("aof_enabled") == 0:
                        log.warning("redis_may_forget", extra={"redis": address, "advice": "set appendonly to yes"})
            except StoreUnavailable as error:
                log.warning("cannot_check_redis", extra={"error": str(error)})
            await self.ping()
        except StoreUnavailable as error:
            raise StartError(f"{error} Start a writable Redis there, or use another one with --store") from error

    @staticmethod
    def problems(address: str, info: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield subject and text of everything in the answer to INFO with which no node starts. Fields may be missing.

        See https://redis.io/docs/latest/commands/info/.
        """
        version = str(info.get("redis_version", "7.0"))
        if tuple(int(part) for part in version.split(".")[:2]) < _MIN_REDIS_VERSION:
            yield "redis", f"Redis at {address} has version {version}; the store needs 7.0 or newer"
        if info.get("cluster_enabled"):
            yield "redis", f"Redis at {address} runs as a cluster; use a single Redis with --store"
        policy = info.get("maxmemory_policy", "noeviction")
        if info.get("maxmemory") and policy != "noeviction":
            yield (
                "eviction",
                f"Redis at {address} evicts data when memory runs short "
                f"(maxmemory-policy {policy}); set maxmemory-policy to noeviction",
            )
