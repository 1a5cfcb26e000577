"""Connections to Redis: how they are opened, and a bounded number of them for each purpose."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from importlib.resources import files
from itertools import count
from typing import Any, TypeVar, cast

from redis.asyncio import Connection, ConnectionPool, Redis, RedisCluster, SSLConnection
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    ClusterError,
    NoScriptError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
    ResponseError,
)

from stoppress.errors import StoreUnavailable, WrongKeyType
from stoppress.store.redis.address import Address, Kind
from stoppress.store.redis.sentinels import MasterConnection, MasterSSLConnection, Sentinels

_T = TypeVar("_T")

REDIS_TIMEOUT_SECONDS = 3.0
"""Maximum seconds that a call waits for Redis, including the wait for a free connection."""

REDIS_ERRORS = (RedisError, RedisClusterException, OSError)
"""The errors of redis-py; those of its cluster client have no common base with the others."""

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


class Connector:
    """Opens connections to the Redis at an address.

    Raises:
        TypeError: the address has an option that redis-py does not know.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        # These options override those of the address, because the store depends on them.
        self._options: dict[str, Any] = {**address.options, **_OPTIONS}
        self._class: type[AbstractConnection] = self._options.pop("connection_class", Connection)
        self._sentinels: Sentinels | None = None
        self._turns = count()
        if address.kind is Kind.SENTINEL:
            self._sentinels = Sentinels(address, _OPTIONS)
            self._options["sentinels"] = self._sentinels
            self._class = MasterSSLConnection if self._class is SSLConnection else MasterConnection
        self.connection()  # pools do not check options

    def connection(self, masters: Sequence[tuple[str, int]] = ()) -> AbstractConnection:
        """Return a new connection, not yet opened.

        Args:
            masters: known masters of a cluster; connections take turns with them and with the nodes in the address.
        """
        return self._class(**self._options, **self._place(masters))

    def _place(self, masters: Sequence[tuple[str, int]] = ()) -> dict[str, Any]:
        places = list(dict.fromkeys([*self.address.hosts, *masters]))
        if self.address.kind is Kind.SENTINEL or not places:
            return {}  # the sentinels know it, or it is a socket
        host, port = places[next(self._turns) % len(places)]
        return {"host": host, "port": port}

    def pool(self) -> ConnectionPool:
        """Return a new pool."""
        return ConnectionPool(connection_class=self._class, **self._options, **self._place())

    def client(self) -> Redis:
        """Return a new client with connections of its own."""
        if self.address.kind is not Kind.CLUSTER:
            return Redis.from_pool(self.pool())
        options = {name: value for name, value in self._options.items() if name != "db"}
        nodes = [ClusterNode(host, port) for host, port in self.address.hosts]
        ssl = self._class is SSLConnection
        cluster = RedisCluster(startup_nodes=nodes, require_full_coverage=False, ssl=ssl, **options)
        return cast(Redis, cluster)  # it has the same commands

    async def close(self) -> None:
        """Close the connections to sentinels."""
        if self._sentinels is not None:
            await self._sentinels.close()


class Connections:
    """A bounded number of connections for one purpose.

    Args:
        connector: opens them.
        limit: maximum commands, scripts and pipelines at a time; more of them wait.
    """

    def __init__(self, connector: Connector, limit: int) -> None:
        self._connector = connector
        self._free = asyncio.Semaphore(limit)
        self.client = connector.client()

    async def answer(self, work: Awaitable[_T]) -> _T:
        """Await a command and return its answer.

        Raises:
            WrongKeyType: a key has a wrong type.
            StoreUnavailable: any other error, or a timeout.
        """
        address = self._connector.address
        try:
            async with asyncio.timeout(REDIS_TIMEOUT_SECONDS), self._free:
                return await work
        except ReadOnlyError as error:
            # The server was the master before. New connections may find the new master.
            await self.renew()
            raise StoreUnavailable(f"Redis at {address} is a read-only replica.") from error
        except REDIS_ERRORS as error:
            self._doubt_topology(error)
            reason = str(error).partition(" script: ")[0].rstrip(".") or f"no answer within {REDIS_TIMEOUT_SECONDS:g} s"
            if reason.startswith("WRONGTYPE"):
                raise WrongKeyType(f"A key in Redis at {address}", reason) from error
            raise StoreUnavailable(f"Redis at {address} failed: {reason}.") from error
        finally:
            if asyncio.iscoroutine(work):
                work.close()  # it has not begun if all connections were busy

    def _doubt_topology(self, error: Exception) -> None:
        """Let a cluster's client ask for the masters before its next command, as pipelines do not do by themselves."""
        is_answer = isinstance(error, ResponseError) and not isinstance(error, ClusterError)
        if isinstance(self.client, RedisCluster) and not is_answer:
            self.client._initialize = True

    def script(
        self, *names: str, package: str = "stoppress.store.redis", flags: str = ""
    ) -> Callable[..., Awaitable[Any]]:
        """Return a script as a function of keys and arguments.

        It runs by its digest; its text is sent only if Redis does not have it. `names` are files of the package, of
        which the last one has the flags of the script in its first line, unless `flags` replaces that line.
        """
        texts = [files(package).joinpath(name).read_text() for name in names]
        flags = flags or texts[-1].partition("\n")[0]
        text = "\n".join([flags, *(text.partition("\n")[2] for text in texts)])
        digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

        async def run(keys: Sequence[str], arguments: Sequence[Any] = ()) -> Any:
            client: Any = self.client
            try:
                return await client.evalsha(digest, len(keys), *keys, *arguments)
            except NoScriptError:
                return await client.eval(text, len(keys), *keys, *arguments)

        return run

    async def prepare(self) -> None:
        """Ask a cluster for its masters, while nodes that the address names are still there."""
        if isinstance(self.client, RedisCluster):
            await self.answer(self.client.initialize())

    async def renew(self) -> None:
        """Drop all connections, also those in use; the next command opens a new one."""
        await self._drop()

    async def _drop(self) -> None:
        with suppress(*REDIS_ERRORS):  # a connection that cannot be closed properly is dropped all the same
            if isinstance(self.client, RedisCluster):
                await self._leave_cluster(self.client)
            else:
                old, self.client.connection_pool = self.client.connection_pool, self._connector.pool()
                await old.disconnect()

    async def _leave_cluster(self, cluster: RedisCluster) -> None:
        """Close the connections to a cluster's nodes. Those that the address names are asked again for the masters."""
        manager = cluster.nodes_manager
        await cluster.aclose()
        await manager.aclose()  # `RedisCluster.aclose` does not do it while it looks for the masters
        await manager.aclose("startup_nodes")
        manager.startup_nodes |= {node.name: node for node in cluster.startup_nodes}

    async def close(self) -> None:
        """Close all connections."""
        await self._drop()
        await self.client.aclose()
