"""The keys, channels, scripts and connections of the inbox in Redis.

    stoppress:{-inbox}:messages          stream: messages without an answer, as fields; those of the channel as JSON in
                                         the one field `channel`
    stoppress:{-inbox}:answers           stream: the newest answers; `id` is that of the message, `answer` is JSON
    stoppress:{-inbox}:reader            the node that reads the stream of messages
    stoppress:{-inbox}:heard:DIGEST      a message of the channel that has just been put into the stream
    stoppress:DATABASE:{-inbox}          channel: messages in JSON
    stoppress:DATABASE:{-inbox}:answers  channel: answers in JSON

All keys have one hash tag, so that scripts may use them together on a Redis Cluster. No blog can have its name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection

from stoppress.store.redis.server import RedisServer

_INBOX = "-inbox"

_T = TypeVar("_T")


class InboxRedis:
    """The messages in the Redis of a store, for one node.

    Attributes:
        node: the name of the node among the readers of the stream.
        probes: the channel on which the node probes its own connection.
    """

    def __init__(self, server: RedisServer) -> None:
        self._server = server
        self._connections = server.inbox
        self.node = server.node
        self.messages, self.answers, self.reader = server.names.keys(_INBOX, "messages answers reader")
        self.channel = server.names.channel(_INBOX)
        self.answer_channel = f"{self.channel}:answers"
        self.probes = f"{server.probe_channel}:inbox"

    @property
    def client(self) -> Redis:
        """The client whose commands `ask` takes."""
        return self._connections.client

    def heard(self, message: bytes) -> str:
        """Return the key that shows that a node has heard a message on the channel."""
        return self._server.names.key(_INBOX, f"heard:{hashlib.sha256(message).hexdigest()}")

    def script(self, name: str) -> Callable[..., Awaitable[Any]]:
        """Return a script of this folder as a function."""
        return self._connections.script(name, package="stoppress.inbox")

    async def ask(self, work: Awaitable[_T]) -> _T:
        """Await a command and return its answer. Raises `StoreUnavailable` for errors and timeouts."""
        return await self._connections.answer(work)

    def new_connection(self) -> AbstractConnection:
        """Return a connection that nothing else uses, not yet connected and without a timeout of its own."""
        return self._server.new_connection()
