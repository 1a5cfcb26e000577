"""The Redis of the store: its connections, and the check that it keeps what is written to it."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Iterator
from typing import Any

from redis.asyncio import RedisCluster
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError

from stoppress.errors import StartError, StoreUnavailable
from stoppress.store.redis.address import FORMS, Address, Kind
from stoppress.store.redis.connections import Connections, Connector
from stoppress.store.redis.format import ACCOUNTS, ACCOUNTS_PARTS, ALL_PARTS, KeyNames

_EDITORS_CONNECTIONS = 16
_SYNC_CONNECTIONS = 8
_PROBES_CONNECTIONS = 1
_INBOX_CONNECTIONS = 8

_NO_BLOG = "-"
"""A name that no blog can have; so are names that begin with it."""

_MAX_NAMES = 1_000
"""Maximum names to try, to find one for each master of a cluster."""

_MIN_REDIS_VERSION = (7, 0)

log = logging.getLogger("stoppress.store")


class RedisServer(Connections):
    """One Redis: a server, the master of a service, or a cluster. These are the connections for editors.

    The comparison and repair of blogs (`sync`), `probes` and the `inbox` have connections of their own. So a thousand
    repairs do not keep an editor waiting, and a stalled editor does not make the node look unhealthy.

    Args:
        url: see `address.py`.

    Raises:
        StartError: the URL is malformed. No message contains its password.
    """

    def __init__(self, url: str) -> None:
        try:
            self.address = Address.parse(url)
            connector = Connector(self.address)
            super().__init__(connector, _EDITORS_CONNECTIONS)
            self.sync = Connections(connector, _SYNC_CONNECTIONS)
            self.probes = Connections(connector, _PROBES_CONNECTIONS)
            self.inbox = Connections(connector, _INBOX_CONNECTIONS)
        except (ValueError, TypeError, RedisError):
            raise StartError(f"the store's address is not a valid Redis URL; use {FORMS}") from None
        self.names = KeyNames(self.address.prefix, self.address.database)
        self.node = secrets.token_hex(8)
        self.probe_channel = self.names.probe_channel(self.node)
        """The pub/sub channel on which this node probes its own connection."""
        self._ping = self.probes.script("checks.lua", "ping.lua")

    def new_connection(self) -> AbstractConnection:
        """Return a connection outside of all pools, not yet opened and without a timeout of its own."""
        cluster: Any = self.probes.client
        masters = cluster.get_primaries() if isinstance(cluster, RedisCluster) else []
        connection = self._connector.connection([(master.host, int(master.port)) for master in masters])
        connection.socket_timeout = None
        return connection

    async def ping(self) -> None:
        """Raise `StoreUnavailable` if a commit would fail, or if this node may not receive hints.

        Only a write shows that a server is a master, has free memory and can save to disk.
        """
        for blog in await self.probes.answer(self._blog_of_each_master()):
            arguments = (self.names.channel(blog), self.names.blogs, self.probe_channel, *self._account_keys())
            await self.probes.answer(self._ping(self.names.keys(blog, ALL_PARTS), arguments))

    async def _blog_of_each_master(self) -> list[str]:
        """Return names that no blog can have, one for each master."""
        cluster: Any = self.probes.client
        if not isinstance(cluster, RedisCluster):
            return [_NO_BLOG]
        await cluster.initialize()
        found: dict[str, str] = {}
        masters = len(cluster.get_primaries())
        for number in range(_MAX_NAMES):
            blog = f"{_NO_BLOG}{number}"
            if (node := cluster.get_node_from_key(self.names.key(blog, "line"))) is not None:
                found.setdefault(node.name, blog)
            if len(found) == masters:
                break
        return list(found.values())

    async def infos(self) -> dict[str, dict[str, Any]]:
        """Return the answers of all masters to INFO, by their addresses. Raises `StoreUnavailable`."""
        client: Any = self.probes.client
        if not isinstance(client, RedisCluster):
            return {str(self.address): await self.probes.answer(client.info())}
        await self.probes.prepare()
        masters = client.get_primaries()
        return {node.name: await self.probes.answer(client.info(target_nodes=node)) for node in masters}

    async def scan(self, pattern: str, count: int) -> AsyncIterator[list[bytes]]:
        """Iterate over the keys that match a pattern, on all masters, in portions. Raises `StoreUnavailable`.

        Redis looks at about `count` keys in each step.
        """
        client: Any = self.sync.client
        is_cluster = isinstance(client, RedisCluster)
        for master in client.get_primaries() if is_cluster else [None]:
            target, position = ({"target_nodes": master} if is_cluster else {}), 0
            while True:
                answer = await self.sync.answer(client.scan(position, match=pattern, count=count, **target))
                position = next(iter(answer[0].values())) if is_cluster else answer[0]
                yield answer[1]
                if not position:
                    break

    async def subscribers(self, channel: str) -> int:
        """Return the number of subscribers at servers of a cluster, which PUBLISH does not count; else 0."""
        client: Any = self.sync.client
        if not isinstance(client, RedisCluster):
            return 0
        counts = await self.sync.answer(client.pubsub_numsub(channel, target_nodes=client.get_nodes()))
        return sum(number for _, number in counts)

    async def renew(self) -> None:
        """Drop all connections, also those in use: the address may lead to another Redis than before."""
        await asyncio.gather(self._drop(), self.sync.renew(), self.probes.renew(), self.inbox.renew())

    async def missing_rights(self) -> list[tuple[str, str]]:
        """Return each command that this node's user may not use but needs, with its key or channel."""
        check = self.script("checks.lua", "rights.lua")
        keys = self.names.keys(_NO_BLOG, ALL_PARTS) + self._account_keys()
        found = await self.answer(check((), (self.names.channel(_NO_BLOG), self.names.blogs, *keys)))
        texts = [text.decode() for text in found]
        return list(zip(texts[::2], texts[1::2], strict=True))

    def _account_keys(self) -> list[str]:
        """Return the names of keys of accounts, and of a counter that does not exist."""
        return self.names.keys(ACCOUNTS, f"{ACCOUNTS_PARTS} -:count")

    async def close(self) -> None:
        """Close all connections."""
        await asyncio.gather(super().close(), self.sync.close(), self.probes.close(), self.inbox.close())
        await self._connector.close()

    async def check(self) -> None:
        """Raise `StartError` if this Redis is unreachable or too old, or evicts data if memory is short."""
        try:
            for connections in (self, self.sync, self.probes, self.inbox):
                await connections.prepare()
            await self.probes.answer(self.probes.client.ping())
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

    def problems(self, address: str, info: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield subject and text of everything in the answer to INFO with which no node starts. Fields may be missing.

        See https://redis.io/docs/latest/commands/info/.
        """
        version = str(info.get("redis_version", "7.0"))
        if tuple(int(part) for part in version.split(".")[:2]) < _MIN_REDIS_VERSION:
            yield "redis", f"Redis at {address} has version {version}; the store needs 7.0 or newer"
        if info.get("cluster_enabled") and self.address.kind is not Kind.CLUSTER:
            yield "redis", f"Redis at {address} runs as a cluster; use redis+cluster:// with --store"
        policy = info.get("maxmemory_policy", "noeviction")
        if info.get("maxmemory") and policy != "noeviction":
            yield (
                "eviction",
                f"Redis at {address} evicts data when memory runs short "
                f"(maxmemory-policy {policy}); set maxmemory-policy to noeviction",
            )
