"""Messages on a channel: every node hears them at once, and nothing keeps them.

So the first node that hears a message puts it into the stream, where it is safe. The others find that this was done.
"""

from __future__ import annotations

import asyncio
import logging

from redis.asyncio.connection import AbstractConnection

from stoppress.inbox.messages import MAX_MESSAGE_BYTES
from stoppress.inbox.redis import InboxRedis
from stoppress.store.redis.connections import REDIS_TIMEOUT_SECONDS

_PROBE_INTERVAL_SECONDS = 1.0
"""Seconds between two messages of a node to itself, which show that it hears the channel."""

_PROBE_TIMEOUT_SECONDS = 3.0
"""Seconds without such a message after which the connection counts as dead."""

_BATCH_MESSAGES = 50
"""Maximum messages to put into the stream at once."""

_MAX_WAITING_MESSAGES = 10_000
"""Messages in the stream from which on those of the channel are lost. They have no sender that could wait."""

_WINDOW_MS = 1_000
"""Milliseconds in which all nodes should have heard a message. After that, the same bytes are another message."""

log = logging.getLogger("stoppress.inbox")


class ChannelInbox:
    """The reader of the channel. `inbox.py` calls `open` and then `step` until it fails, and begins again."""

    way = "channel"

    def __init__(self, redis: InboxRedis) -> None:
        self._redis = redis
        self._hear = redis.script("hear.lua")
        self._connection: AbstractConnection | None = None
        self._heard: list[bytes] = []
        """Messages that are not yet in the stream; they outlast the connection."""
        self._is_full = False
        self._probe_at = self._probe_seen = 0.0

    async def open(self) -> None:
        """Subscribe to the channel, on a connection of its own."""
        self._connection = self._redis.new_connection()
        async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
            await self._connection.connect()  # type: ignore[no-untyped-call]
            await self._connection.send_command(
                "SUBSCRIBE", self._redis.channel, self._redis.probes, check_health=False
            )
        self._probe_seen = asyncio.get_running_loop().time()

    async def step(self) -> None:
        """Take the messages that come within a second. Raises `TimeoutError` if the connection is dead."""
        clock = asyncio.get_running_loop().time
        if clock() >= self._probe_at:
            self._probe_at = clock() + _PROBE_INTERVAL_SECONDS
            await self._redis.ask(self._redis.client.publish(self._redis.probes, b""))
        if not self._heard:
            await self._read()
        began = clock()
        if self._heard:
            keys = [self._redis.heard(message) for message in self._heard]
            arguments = [_WINDOW_MS, _MAX_WAITING_MESSAGES, *self._heard]
            lost = await self._redis.ask(self._hear([self._redis.messages, *keys], arguments))
            if lost and not self._is_full:
                log.warning("inbox_is_full", extra={"messages": _MAX_WAITING_MESSAGES})
            self._is_full = bool(lost)
            self._heard.clear()
            self._probe_seen += clock() - began  # nothing was read meanwhile
        if clock() - self._probe_seen > _PROBE_TIMEOUT_SECONDS:
            raise TimeoutError(f"no message arrived for {_PROBE_TIMEOUT_SECONDS:g} s")

    async def _read(self) -> None:
        """Hear the messages that are there already, or what comes within a second."""
        assert self._connection is not None, "open() comes first"
        while len(self._heard) < _BATCH_MESSAGES:
            found = await self._connection.read_response(timeout=_PROBE_INTERVAL_SECONDS, disconnect_on_error=False)
            if found is not None and found[0] == b"message":
                if found[1] == self._redis.probes.encode():
                    self._probe_seen = asyncio.get_running_loop().time()
                else:  # if something is cut off, the rest is still too large
                    self._heard.append(found[2][: MAX_MESSAGE_BYTES + 1])
            if not await self._connection.can_read():
                break

    async def close(self) -> None:
        """Close the connection. The node does not hear messages until `open`."""
        if self._connection is not None:
            await self._connection.disconnect(nowait=True)
            self._connection = None
