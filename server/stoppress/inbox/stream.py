"""Messages on a stream: durable, and carried out by one node at a time, in their order. Those of the channel come too.

A message stays in the stream until it has its answer. If the node that reads ends, another one begins to read, takes
over what has no answer, and carries it out again; the id of a message makes sure that this changes nothing if it was
carried out before.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from stoppress.errors import StoreUnavailable
from stoppress.inbox.editor import InboxEditor, Reply
from stoppress.inbox.messages import WaitingMessage
from stoppress.inbox.redis import InboxRedis

_GROUP = "stoppress"

_LEAD_MS = 3_000
"""Milliseconds after which another node reads if the reading one gives no sign of life."""

_ASK_SECONDS = 0.5
"""Seconds after which a node asks again whether it may read."""

_BATCH_MESSAGES = 8
"""Maximum messages that the reading node takes at once."""

_BLOCK_MS = 1_000
"""Milliseconds that Redis holds a read if there is no message; shorter than the timeout of a command."""

_LOOK_SECONDS = 1.0
"""Seconds between two looks for messages that were taken and have no answer."""

_LOOK_MESSAGES = 100
"""Maximum of these messages to look at in one step."""

_FIRST_WAIT_MS, _LONGEST_WAIT_MS = 5_000, 300_000
"""Milliseconds after which a message is tried again. They double with each delivery."""

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

    def __init__(self, redis: InboxRedis, editor: InboxEditor) -> None:
        self._redis = redis
        self._editor = editor
        self._join = redis.script("join.lua")
        self._lead = redis.script("lead.lua")
        self._finish = redis.script("finish.lua")
        self._is_reader_until = self._look_at = 0.0
        self._look_from = "-"

    async def open(self) -> None:
        """Join the group of nodes."""
        await self._redis.ask(self._join([self._redis.messages], (_GROUP, _ENDED_MS)))

    async def step(self) -> None:
        """If this node is the one that reads, carry out messages without an answer, and those of the next second."""
        clock = asyncio.get_running_loop().time
        if not await self._is_reader():
            self._look_at, self._look_from = 0.0, "-"  # to look first when it begins to read
            await asyncio.sleep(_ASK_SECONDS)
            return
        if clock() >= self._look_at:
            self._look_at = clock() + _LOOK_SECONDS
            await self._take_over()
        read = self._redis.client.xreadgroup(
            _GROUP, self._redis.node, {self._redis.messages: ">"}, count=_BATCH_MESSAGES, block=_BLOCK_MS
        )
        found: Any = await self._redis.ask(read)
        for _, batch in found or ():
            await self._carry_out(batch, {})

    async def close(self) -> None:
        """Let another node read. Messages without an answer stay in the stream."""
        self._is_reader_until = 0.0
        with suppress(StoreUnavailable):
            await self._redis.ask(self._lead([self._redis.reader], (self._redis.node, 0)))

    async def _is_reader(self) -> bool:
        """Return whether this node is the one that reads. It asks Redis again when half of its time is over."""
        now = asyncio.get_running_loop().time()
        if now >= self._is_reader_until:
            if not await self._redis.ask(self._lead([self._redis.reader], (self._redis.node, _LEAD_MS))):
                return False
            self._is_reader_until = now + _LEAD_MS / 2_000
        return True

    async def _take_over(self) -> None:
        client = self._redis.client
        pending: Any = await self._redis.ask(
            client.xpending_range(self._redis.messages, _GROUP, self._look_from, "+", _LOOK_MESSAGES)
        )
        is_more = len(pending) == _LOOK_MESSAGES
        self._look_from = f"({pending[-1]['message_id'].decode()}" if is_more else "-"
        deliveries = {one["message_id"]: one["times_delivered"] for one in pending if self._is_ready(one)}
        ids: list[Any] = list(deliveries)
        for begin in range(0, len(ids), _BATCH_MESSAGES):
            claim = client.xclaim(
                self._redis.messages, _GROUP, self._redis.node, 0, ids[begin : begin + _BATCH_MESSAGES]
            )
            claimed: Any = await self._redis.ask(claim)
            await self._carry_out(claimed, deliveries)

    def _is_ready(self, pending: Mapping[str, Any]) -> bool:
        """Return whether to carry out a message that was taken and has no answer."""
        deliveries: int = pending["times_delivered"]
        if deliveries == 1 and pending["consumer"].decode() != self._redis.node:
            return True  # of a node that does not read any more
        wait = min(_LONGEST_WAIT_MS, _FIRST_WAIT_MS * 2 ** (deliveries - 1))
        return bool(pending["time_since_delivered"] >= wait)

    async def _carry_out(self, batch: _Batch, deliveries: Mapping[bytes, int]) -> None:
        """Carry out messages: those of one blog in their order, those of different blogs at the same time."""
        blogs = defaultdict(list)
        for one in batch:
            message = WaitingMessage(*one)
            blogs[message.blog].append(message)
        await asyncio.gather(*(self._carry_out_in_order(some, deliveries) for some in blogs.values()))

    async def _carry_out_in_order(self, batch: Sequence[WaitingMessage], deliveries: Mapping[bytes, int]) -> None:
        for message in batch:
            await self._editor.wait_for_limit()
            with suppress(StoreUnavailable):  # then the message stays, and is carried out again
                reply = await self._reply_to(message, deliveries.get(message.stream_id, 0))
                if reply is not None:
                    await self._answer(message, reply)
                    continue
            return  # the others also wait, so that they keep their order

    async def _reply_to(self, message: WaitingMessage, deliveries: int) -> Reply | None:
        """Return the answer to a message; None if the message has to wait, or if another node reads now."""
        if not await self._is_reader():
            return None
        if deliveries >= _MAX_DELIVERIES:
            advice = "Look for its result, and send it again if it was not carried out."
            return Reply.to_error(StoreUnavailable(f"The message got no result in {deliveries} attempts. {advice}"))
        reply = await self._editor.reply_to(message)
        return None if reply.status == 503 else reply

    async def _answer(self, message: WaitingMessage, reply: Reply) -> None:
        """Answer a message and remove it from the stream."""
        arguments = [_GROUP, message.stream_id, message.id or "", reply.json(message.id), _MAX_ANSWERS]
        if message.way == "channel":
            arguments.append(self._redis.answer_channel)
        await self._redis.ask(self._finish([self._redis.messages, self._redis.answers], arguments))
