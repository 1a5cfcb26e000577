"""Messages on a channel: every node hears them at once, and nothing keeps them.

All nodes carry out a message, with the same id, so one commits it and the others find that it was done. It is carried
out as long as one node has heard it, and one of the nodes answers. A node carries out one message after the other, so
messages of one blog keep the order in which Redis got them.
"""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import suppress

from redis.asyncio.connection import AbstractConnection

from stoppress.errors import StoreUnavailable
from stoppress.inbox.editor import InboxEditor
from stoppress.inbox.messages import InboxMessage, id_in_json
from stoppress.inbox.names import INBOX, answered, script
from stoppress.store.redis.server import REDIS_TIMEOUT_SECONDS, RedisServer

_PROBE_INTERVAL_SECONDS = 1.0
"""Seconds between two messages of a node to itself, which show that it hears the channel."""

_PROBE_TIMEOUT_SECONDS = 3.0
"""Seconds without such a message after which the connection counts as dead."""

_ANSWER_WINDOW_MS = 1_000
"""Milliseconds in which all nodes should have carried out a message. The same message gets a new answer after that."""


class ChannelInbox:
    """The reader of the channel. `inbox.py` calls `open` and then `step` until it fails, and begins again."""

    way = "channel"

    def __init__(self, server: RedisServer, editor: InboxEditor) -> None:
        self._server = server
        self._editor = editor
        self._announce = script(server, "announce.lua")
        self._channel = server.channel(INBOX)
        self._probes = f"{server.probe_channel}:inbox"
        self._connection: AbstractConnection | None = None
        self._probe_at = self._probe_seen = 0.0

    async def open(self) -> None:
        """Subscribe to the channel, on a connection of its own."""
        self._connection = self._server.new_connection()
        async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
            await self._connection.connect()  # type: ignore[no-untyped-call]
            await self._connection.send_command("SUBSCRIBE", self._channel, self._probes, check_health=False)
        self._probe_seen = asyncio.get_running_loop().time()

    async def step(self) -> None:
        """Carry out the next message, if one comes within a second. Raises `TimeoutError` if the connection is dead."""
        assert self._connection is not None, "open() comes first"
        clock = asyncio.get_running_loop().time
        if clock() >= self._probe_at:
            self._probe_at = clock() + _PROBE_INTERVAL_SECONDS
            await self._server.answer(self._server.client.publish(self._probes, b""))
        message = await self._connection.read_response(timeout=_PROBE_INTERVAL_SECONDS, disconnect_on_error=False)
        began = clock()
        if message is not None and message[0] == b"message":
            if message[1] == self._channel.encode():
                await self._carry_out(message[2])
                self._probe_seen += clock() - began  # nothing was read meanwhile
            else:
                self._probe_seen = began
        if clock() - self._probe_seen > _PROBE_TIMEOUT_SECONDS:
            raise TimeoutError(f"no message arrived for {_PROBE_TIMEOUT_SECONDS:g} s")

    async def close(self) -> None:
        """Close the connection. The node does not hear messages until `open`."""
        if self._connection is not None:
            await self._connection.disconnect(nowait=True)
            self._connection = None

    async def _carry_out(self, data: bytes) -> None:
        def read() -> InboxMessage:
            self._editor.check_limit()
            return InboxMessage.from_json(data)

        reply = await self._editor.reply_to(self.way, read)
        kind = "final" if reply.is_final else "not final"
        digest = hashlib.sha256(data).hexdigest()
        answer = reply.json(id_in_json(data))
        arguments = (f"{self._channel}:answers", answer, kind, _ANSWER_WINDOW_MS)
        with suppress(StoreUnavailable):  # another node answers, or the sender repeats the message
            await self._server.answer(self._announce([answered(digest)], arguments))
