"""Redis Sentinel: connections to the server that is the master at the moment."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from redis.asyncio import Connection, ConnectionPool, Redis, SSLConnection
from redis.exceptions import ConnectionError as RedisConnectionError

from stoppress.store.redis.address import Address

_LAST_SENTINEL_SECONDS = 0.3
"""Maximum seconds to wait for further sentinels after one has answered."""


class Sentinels:
    """The sentinels of a service.

    Args:
        address: names the sentinels and the service.
        options: further keyword arguments of redis-py's connections.
    """

    def __init__(self, address: Address, options: Mapping[str, Any]) -> None:
        self._service = address.service
        arguments = {**address.sentinel_options, **options}
        pools = [ConnectionPool(host=host, port=port, **arguments) for host, port in address.hosts]
        self._clients = [Redis.from_pool(pool) for pool in pools]

    async def master(self) -> tuple[str, int]:
        """Return host and port of the master.

        All sentinels are asked, and the answer of the newest configuration counts, because a sentinel that is cut off
        from the others goes on naming the master of before.

        Raises:
            redis.exceptions.ConnectionError: no sentinel knows the master.
        """
        asked = {asyncio.create_task(self._ask(client)) for client in self._clients}
        answers: list[tuple[int, str, int]] = []
        errors: list[BaseException] = []
        waiting = asked
        try:
            while waiting:
                timeout = _LAST_SENTINEL_SECONDS if answers else None  # the connections have a timeout of their own
                done, waiting = await asyncio.wait(waiting, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
                errors += [error for task in done if (error := task.exception())]
                answers += [task.result() for task in done if task.exception() is None]
                if not done:
                    break
        finally:
            for task in asked:
                task.cancel()
        if not answers:
            reasons = "; ".join(sorted({str(error) for error in errors}))
            raise RedisConnectionError(f"no sentinel names a master of {self._service!r}: {reasons}")
        return max(answers)[1:]

    async def _ask(self, client: Redis) -> tuple[int, str, int]:
        state: Any = await client.sentinel_master(self._service)
        return int(state["config-epoch"]), state["ip"], int(state["port"])

    async def close(self) -> None:
        """Close all connections to sentinels."""
        for client in self._clients:
            await client.aclose()


class MasterConnection(Connection):
    """A connection that asks the sentinels for the master each time it is opened."""

    def __init__(self, *, sentinels: Sentinels, **options: Any) -> None:
        super().__init__(**options)
        self._sentinels = sentinels

    async def _connect(self) -> None:
        self.host, self.port = await self._sentinels.master()
        await super()._connect()  # type: ignore[no-untyped-call]


class MasterSSLConnection(MasterConnection, SSLConnection):
    """The same with TLS."""
