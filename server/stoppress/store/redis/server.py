"""The Redis that the store is kept in: how it is reached, and whether it can be trusted with a blog."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable
from typing import Any, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ReadOnlyError, RedisError

from stoppress.errors import StartError, StoreUnavailable

_T = TypeVar("_T")

REDIS_TIMEOUT_SECONDS = 3.0
"""Seconds for which anybody waits for Redis in all, for a free connection too."""

_OPTIONS: dict[str, Any] = {
    "socket_timeout": 2.0,
    "socket_connect_timeout": 2.0,
    # Never again by itself: a commit whose answer was lost may have been done.
    "retry": Retry(NoBackoff(), 0),
    # One dialect, whatever redis-py's default becomes; nothing here needs the other.
    "protocol": 2,
    "decode_responses": False,
    "driver_info": None,
    "client_name": "stoppress",
}

OLDEST = (7, 0)

log = logging.getLogger("stoppress.store")


class RedisServer:
    """One Redis.

    Args:
        url: redis://, rediss:// (TLS) or unix://, with user, password and database as redis-py takes them.

    Raises:
        StartError: the URL cannot be understood. No message carries its password.
    """

    def __init__(self, url: str) -> None:
        try:
            # What is set here wins over the URL, because the store depends on it.
            options: dict[str, Any] = {**parse_url(url), **_OPTIONS}
            self._pool = BlockingConnectionPool(max_connections=16, timeout=2, **options)
            self.new_connection()  # the first to look at the options
        except (ValueError, TypeError, RedisError):
            raise StartError(
                "the store's address is no Redis URL: write redis://HOST:PORT/DATABASE, "
                "with the special characters of a password percent-encoded"
            ) from None
        self.address = options.get("path") or f"{options.get('host', 'localhost')}:{options.get('port', 6379)}"
        # Redis's channels are common to all its databases; blogs of the same name there are not ours.
        self._channels = f"stoppress:{options.get('db', 0)}"
        self.node = secrets.token_hex(8)
        self.client = Redis(connection_pool=self._pool)

    def new_connection(self) -> AbstractConnection:
        """A connection outside of the pool, not connected yet, that waits for as long as it is let."""
        connection: AbstractConnection = self._pool.make_connection()  # type: ignore[no-untyped-call]
        connection.socket_timeout = None
        return connection

    def channel(self, blog: str) -> str:
        return f"{self._channels}:{{{blog}}}"

    @property
    def probe_channel(self) -> str:
        """This node's own."""
        return f"{self._channels}:node:{self.node}"

    async def answer(self, work: Awaitable[_T]) -> _T:
        """What Redis says to a command. Raises `StoreUnavailable`."""
        try:
            async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
                return await work
        except ReadOnlyError as error:
            # It was the master once. New connections may find the one that is it now.
            await self._pool.disconnect(inuse_connections=False)
            raise StoreUnavailable(f"Redis at {self.address} is a read-only replica") from error
        except (RedisError, OSError) as error:
            reason = str(error) or f"no answer within {REDIS_TIMEOUT_SECONDS:g} s"
            raise StoreUnavailable(f"Redis at {self.address} failed: {reason}") from error

    async def ping(self) -> None:
        """Only a write shows that it is a master, has memory left and can save what it is given."""
        await self.answer(self.client.set(f"stoppress:node:{self.node}", 1, ex=60))

    async def close(self) -> None:
        await self.client.aclose()
        await self._pool.aclose()

    async def check(self) -> None:
        """Raises `StartError` if this Redis cannot be reached, is too old, or throws away what it got."""
        try:
            await self.answer(self.client.ping())
            info = await self._info()
            if info:
                self._judge(info)
            await self.ping()
        except StoreUnavailable as error:
            raise StartError(f"{error}; start a Redis there that takes writes, or name another with --store") from error

    async def _info(self) -> dict[str, Any]:
        try:
            info: dict[str, Any] = await self.answer(self.client.info())
        except StoreUnavailable as error:
            log.warning("cannot_check_redis", extra={"error": str(error)})
            return {}
        return info

    def _judge(self, info: dict[str, Any]) -> None:
        """`info` is what INFO says (https://redis.io/docs/latest/commands/info/); fields may be missing."""
        version = str(info.get("redis_version", "7.0"))
        if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
            raise StartError(f"Redis at {self.address} is {version}: the store needs 7.0 or newer")
        if info.get("cluster_enabled"):
            raise StartError(f"Redis at {self.address} runs as a cluster: name one that does not with --store")
        policy = info.get("maxmemory_policy", "noeviction")
        if info.get("maxmemory") and policy != "noeviction":
            raise StartError(
                f"Redis at {self.address} throws entries away when memory runs short "
                f"(maxmemory-policy {policy}): set maxmemory-policy to noeviction"
            )
        if info.get("aof_enabled") == 0:
            log.warning("redis_may_forget", extra={"redis": self.address, "advice": "set appendonly to yes"})
