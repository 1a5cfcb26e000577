"""Hints over Redis pub/sub: the changes of followed blogs, and a warning after each gap.

They use a connection of their own, outside of redis-py's pools, and not redis-py's `PubSub`, which reconnects and
resubscribes silently. Here, each new connection after a lost one gives the hint `Lost`.

A node finds out in the same way that its address leads to another Redis than before: after a failover, the old master
may live on, and take writes that are lost. Each probe is published over a new connection. It arrives only if the
subscription is at the same Redis. When probes stay away, the node drops all its connections and opens new ones.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from redis.asyncio.connection import AbstractConnection

from stoppress.errors import MalformedCursor, StoreUnavailable
from stoppress.store.port import Changed, Hint, Lost, Watched
from stoppress.store.redis.connections import REDIS_ERRORS, REDIS_TIMEOUT_SECONDS
from stoppress.store.redis.format import DAMAGED_MESSAGE, WATCHED_MESSAGE, Message
from stoppress.store.redis.server import RedisServer
from stoppress.tasks import end

_PROBE_INTERVAL_SECONDS = 1.0
"""Seconds between probes, the messages of a node to itself."""

_OPEN_SECONDS = 1.0
"""Maximum seconds for publishing a probe over a new connection."""

_PUBLISH_SECONDS = 1.0
"""Maximum seconds for publishing it over an old connection if that fails."""

_PROBE_TIMEOUT_SECONDS = 2.5
"""Seconds without a probe after which the connection counts as dead."""

_MAX_OUTAGE_SECONDS = 5.0
"""Seconds without a connection after which the store counts as unavailable."""

_MAX_RECONNECT_SECONDS = 1.0
"""Maximum seconds between attempts to connect."""

_RETURN_SECONDS = 5.0
"""Seconds in which all nodes come back after an outage, and put back what the store has lost."""

_MAX_WAITING_HINTS = 256
"""Maximum hints that wait for a slow consumer; one more replaces them all by `Lost(None)`."""

log = logging.getLogger("stoppress.store")


class Hints:
    """The implementation of `Store.follow`, `unfollow` and `hints` for one node."""

    def __init__(self, server: RedisServer) -> None:
        self._server = server
        self._probe = server.probe_channel.encode()
        self._followed: dict[bytes, str] = {}  # channel -> blog
        self._confirmed: set[bytes] = set()
        self._confirmations: dict[bytes, asyncio.Future[None]] = {}
        self._connection: AbstractConnection | None = None
        self._probe_seen = 0.0
        self._outage_since: float | None = None
        self._unreachable_since: float | None = None
        self._back_since = float("-inf")
        self._pause = 0.0
        self._waiting: deque[Hint] = deque()
        self._woken = asyncio.Event()
        self._closed = False
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Connect, and stay connected until `close`."""
        self._tasks = [asyncio.create_task(work) for work in (self._run(), self._send_probes())]

    async def close(self) -> None:
        """End the connection and `listen`."""
        self._closed = True
        self._woken.set()
        await end(self._tasks)

    def require(self) -> None:
        """Raise `StoreUnavailable` if no hints could come, or no connection be opened, for `_MAX_OUTAGE_SECONDS`."""
        now = time.monotonic()
        silent, unreachable = now - (self._outage_since or now), now - (self._unreachable_since or now)
        if silent > _MAX_OUTAGE_SECONDS:
            raise StoreUnavailable(f"Redis at {self._server.address} has not delivered messages for {silent:.0f} s.")
        if unreachable > _MAX_OUTAGE_SECONDS:
            raise StoreUnavailable(f"Redis at {self._server.address} takes no new connection for {unreachable:.0f} s.")

    def followed(self) -> list[str]:
        """Return the names of the followed blogs."""
        return list(self._followed.values())

    @property
    def is_new(self) -> bool:
        """Whether the connection was lost just now, so that other nodes may not be connected yet either."""
        return self._outage_since is not None or time.monotonic() - self._back_since < _RETURN_SECONDS

    async def follow(self, blog: str) -> None:
        """Subscribe to a blog. Raises `StoreUnavailable` if Redis does not confirm that in `REDIS_TIMEOUT_SECONDS`."""
        channel = self._server.names.channel(blog).encode()
        self._followed[channel] = blog
        if channel in self._confirmed:
            return
        confirmation = self._confirmations.setdefault(channel, asyncio.get_running_loop().create_future())
        await self._send("SUBSCRIBE", channel)
        await asyncio.wait([confirmation], timeout=REDIS_TIMEOUT_SECONDS)
        if not confirmation.done():
            await self.unfollow(blog)
            raise StoreUnavailable(
                f"Redis at {self._server.address} did not confirm the subscription to blog {blog!r}."
            )

    async def unfollow(self, blog: str) -> None:
        """Unsubscribe from a blog."""
        channel = self._server.names.channel(blog).encode()
        self._followed.pop(channel, None)
        self._confirmed.discard(channel)
        self._confirmations.pop(channel, None)
        await self._send("UNSUBSCRIBE", channel)

    async def listen(self) -> AsyncIterator[Hint]:
        """Iterate over the hints until `close`."""
        while not self._closed:
            await self._woken.wait()
            self._woken.clear()
            while self._waiting and not self._closed:
                yield self._waiting.popleft()

    async def _send(self, command: str, channel: bytes) -> None:
        # Without a connection there is nothing to do: the next one subscribes to all followed blogs.
        if self._connection is not None and self._connection.is_connected:
            with suppress(*REDIS_ERRORS):  # `_receive` gets the same error and handles it
                async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
                    await self._connection.send_command(command, channel, check_health=False)

    def _tell(self, hint: Hint) -> None:
        if len(self._waiting) >= _MAX_WAITING_HINTS:
            self._waiting.clear()
            hint = Lost(None)
        self._waiting.append(hint)
        self._woken.set()

    # The connection

    async def _run(self) -> None:
        while not self._closed:
            try:
                await self._serve_connection()
            except Exception as error:  # after any error, a node without hints must keep trying
                self._report(error)
            self._confirmed.clear()
            self._pause = min(_MAX_RECONNECT_SECONDS, 2 * self._pause + 0.05)
            await asyncio.sleep(random.uniform(self._pause / 2, self._pause))  # noqa: S311, spreads the nodes

    def _report(self, error: Exception) -> None:
        if self._outage_since is None:
            expected = isinstance(error, REDIS_ERRORS)
            address = {"redis": str(self._server.address), "error": str(error)}
            log.warning("no_hints", exc_info=not expected, extra=address)
            self._outage_since = time.monotonic()

    async def _serve_connection(self) -> None:
        connection = self._server.new_connection()
        try:
            async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
                await connection.connect()  # type: ignore[no-untyped-call]
                self._connection = connection
                # The probe channel comes last: its confirmation confirms all.
                await connection.send_command("SUBSCRIBE", *self._followed, self._probe, check_health=False)
            await self._receive(connection)
        finally:
            self._connection = None
            await connection.disconnect(nowait=True)

    async def _send_probes(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            try:
                await self._send_probe()
                self._unreachable_since = None
            except Exception as error:  # after any error, a node must keep probing
                self._note_unreachable(error)
                # Without a new connection it is unknown where the address leads. Go on as long as the old ones work.
                with suppress(StoreUnavailable, TimeoutError):  # `_receive` notices the missing probe
                    async with asyncio.timeout(_PUBLISH_SECONDS):
                        await self._server.probes.answer(self._server.probes.client.publish(self._probe, b""))
            await asyncio.sleep(began + _PROBE_INTERVAL_SECONDS - clock())

    async def _send_probe(self) -> None:
        """Publish a probe over a new connection."""
        connection = self._server.new_connection()
        try:
            async with asyncio.timeout(_OPEN_SECONDS):
                await connection.connect()  # type: ignore[no-untyped-call]
                await connection.send_command("PUBLISH", self._probe, b"", check_health=False)
                await connection.read_response()
        finally:
            await connection.disconnect(nowait=True)

    def _note_unreachable(self, error: Exception) -> None:
        if self._unreachable_since is None:
            expected = isinstance(error, REDIS_ERRORS)
            address = {"redis": str(self._server.address), "error": str(error) or "no answer in time"}
            log.warning("no_new_connection", exc_info=not expected, extra=address)
            self._unreachable_since = time.monotonic()

    async def _receive(self, connection: AbstractConnection) -> None:
        clock = asyncio.get_running_loop().time
        self._probe_seen = clock()
        while clock() - self._probe_seen < _PROBE_TIMEOUT_SECONDS:
            left = self._probe_seen + _PROBE_TIMEOUT_SECONDS - clock()
            message = await connection.read_response(timeout=max(left, 0.01), disconnect_on_error=False)
            if message is not None:
                await self._take(*message)
        raise TimeoutError(f"no probe arrived for {_PROBE_TIMEOUT_SECONDS:g} s")

    async def _take(self, kind: bytes, channel: bytes, data: Any) -> None:
        if channel == self._probe:
            if kind == b"subscribe":
                await self._complete()
            self._probe_seen = asyncio.get_running_loop().time()
        blog = self._followed.get(channel)
        if blog is None:
            return
        if kind == b"subscribe":
            self._confirm(channel, blog)
        elif kind == b"message":
            self._tell(_hint(blog, data))

    async def _complete(self) -> None:
        if self._outage_since is not None:
            await self._server.renew()  # so that no connection leads to another Redis than this one
            log.info("hints_are_back", extra={"redis": str(self._server.address)})
            self._tell(Lost(None))
            self._back_since = time.monotonic()
        self._outage_since = None
        self._pause = 0.0

    def _confirm(self, channel: bytes, blog: str) -> None:
        if channel in self._confirmed:  # a second confirmation means a new subscription
            self._tell(Lost(blog))
        self._confirmed.add(channel)
        confirmation = self._confirmations.pop(channel, None)
        if confirmation is not None and not confirmation.done():
            confirmation.set_result(None)


def _hint(blog: str, message: bytes) -> Hint:
    if message.startswith(WATCHED_MESSAGE):
        return Watched(blog, message.removeprefix(WATCHED_MESSAGE).decode(errors="replace"))
    try:
        change = Message.unpack(message)
        return Changed(blog, change.segment, change.sent)
    except (ValueError, MalformedCursor):  # also the empty message: "compare heads with the store"
        return Lost(blog, damaged=message == DAMAGED_MESSAGE)
