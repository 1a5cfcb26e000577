"""Messages on a stream: durable, and carried out by one node of a group.

A message stays in the stream until it has its answer. So whatever happens to a node, another one takes the message over
and carries it out again; its id makes sure that this changes nothing if it was carried out before.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from stoppress.errors import StoreUnavailable
from stoppress.inbox.editor import InboxEditor, Reply
from stoppress.inbox.messages import InboxMessage, id_in_fields
from stoppress.inbox.names import ANSWERS, MESSAGES, script
from stoppress.store.redis.server import RedisServer

_GROUP = "stoppress"

_BATCH_MESSAGES = 8
"""Maximum messages that a node takes at once."""

_BLOCK_MS = 1_000
"""Milliseconds that Redis holds a read if there is no message; shorter than the timeout of a command."""

_LOOK_SECONDS = 1.0
"""Seconds between two looks for messages to take over."""

_FIRST_WAIT_MS, _LONGEST_WAIT_MS = 5_000, 300_000
"""Milliseconds after which a message without an answer is tried again. They double with each delivery."""

_LOOK_MESSAGES = 100
"""Maximum messages without an answer to look at in one step."""

_MAX_DELIVERIES = 20
"""Deliveries after which a message is given up, after about an hour: perhaps nodes end because of it."""

_MAX_ANSWERS = 10_000
"""Answers to keep, about; the oldest go first. One has less than 1 KB if there are no warnings."""

_ENDED_MS = 3_600_000
"""Milliseconds without a sign of life after which the group forgets a node."""

_Batch = Sequence[tuple[bytes, Mapping[bytes, bytes]]]


class StreamInbox:
    """The reader of the stream. `inbox.py` calls `open` and then `step` until it fails, and begins again."""

    way = "stream"

    def __init__(self, server: RedisServer, editor: InboxEditor) -> None:
        self._server = server
        self._editor = editor
        self._join = script(server, "join.lua")
        self._finish = script(server, "finish.lua")
        self._look_at = 0.0
        self._look_from = "-"

    async def open(self) -> None:
        """Join the group of nodes."""
        await self._server.answer(self._join([MESSAGES], (_GROUP, _ENDED_MS)))

    async def step(self) -> None:
        """Carry out the messages that have waited too long, and those that come within a second."""
        now = asyncio.get_running_loop().time()
        if now >= self._look_at:
            self._look_at = now + _LOOK_SECONDS
            await self._take_over()
        read = self._server.client.xreadgroup(
            _GROUP, self._server.node, {MESSAGES: ">"}, count=_BATCH_MESSAGES, block=_BLOCK_MS
        )
        found: Any = await self._server.answer(read)
        for _, batch in found or ():
            await self._carry_out(batch, {})

    async def close(self) -> None:
        """Do nothing: messages without an answer stay in the stream."""

    async def _take_over(self) -> None:
        client = self._server.client
        pending: Any = await self._server.answer(
            client.xpending_range(MESSAGES, _GROUP, self._look_from, "+", _LOOK_MESSAGES, idle=_FIRST_WAIT_MS)
        )
        is_more = len(pending) == _LOOK_MESSAGES
        self._look_from = f"({pending[-1]['message_id'].decode()}" if is_more else "-"
        deliveries = {
            one["message_id"]: one["times_delivered"]
            for one in pending
            if one["time_since_delivered"] >= min(_LONGEST_WAIT_MS, _FIRST_WAIT_MS * 2 ** (one["times_delivered"] - 1))
        }
        ids: list[Any] = list(deliveries)
        for begin in range(0, len(ids), _BATCH_MESSAGES):
            some = ids[begin : begin + _BATCH_MESSAGES]
            # Of several nodes that try this, one succeeds: a claimed message has not waited
            claim = client.xclaim(MESSAGES, _GROUP, self._server.node, _FIRST_WAIT_MS, some)
            claimed: Any = await self._server.answer(claim)
            await self._carry_out(claimed, deliveries)

    async def _carry_out(self, batch: _Batch, deliveries: Mapping[bytes, int]) -> None:
        """Carry out messages: those of one blog in their order, those of different blogs at the same time."""
        blogs = defaultdict(list)
        for stream_id, fields in batch:
            blogs[fields.get(b"blog")].append((stream_id, fields))
        await asyncio.gather(*(self._carry_out_in_order(some, deliveries) for some in blogs.values()))

    async def _carry_out_in_order(self, batch: _Batch, deliveries: Mapping[bytes, int]) -> None:
        for stream_id, fields in batch:
            reply = await self._reply_to(stream_id.decode(), fields, deliveries.get(stream_id, 0))
            if reply is None or not await self._answer(stream_id, fields, reply):
                return  # the others also wait, so that they keep their order

    async def _reply_to(self, stream_id: str, fields: Mapping[bytes, bytes], deliveries: int) -> Reply | None:
        """Return the answer to a message; None if the message has to wait."""
        if deliveries >= _MAX_DELIVERIES:
            advice = "Look for its result, and send it again if it was not carried out."
            return Reply.to_error(StoreUnavailable(f"The message got no result in {deliveries} attempts. {advice}"))
        await self._editor.wait_for_limit()
        reply = await self._editor.reply_to(self.way, lambda: InboxMessage.from_fields(stream_id, fields))
        return reply if reply.is_final else None

    async def _answer(self, stream_id: bytes, fields: Mapping[bytes, bytes], reply: Reply) -> bool:
        """Answer a message and remove it from the stream; return whether Redis did that."""
        message_id = id_in_fields(stream_id.decode(), fields)
        arguments = (_GROUP, stream_id, message_id, reply.json(message_id), _MAX_ANSWERS)
        try:
            await self._server.answer(self._finish([MESSAGES, ANSWERS], arguments))
        except StoreUnavailable:  # the message stays, and is carried out again
            return False
        return True
