"""A CMS that sends messages through Redis and waits for their answers."""

from __future__ import annotations

import asyncio
import json
from itertools import count
from typing import Any

from redis.asyncio import Redis

MESSAGES, ANSWERS = "stoppress:{-inbox}:messages", "stoppress:{-inbox}:answers"
CHANNEL, CHANNEL_ANSWERS = "stoppress:0:{-inbox}", "stoppress:0:{-inbox}:answers"
GROUP = "stoppress"

_numbers = count(1)


class Sender:
    """Sends messages both ways; a context manager, in whose block it hears the answers on the channel."""

    def __init__(self, redis: Redis) -> None:
        self.redis: Any = redis  # the types of redis-py allow for text and bytes
        self._heard = redis.pubsub(ignore_subscribe_messages=True)

    async def __aenter__(self) -> Sender:
        await self._heard.subscribe(CHANNEL_ANSWERS)
        await self._heard.get_message(timeout=10)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._heard.aclose()

    async def add(self, **fields: Any) -> str:
        """Send a message on the stream. Return its id there."""
        added: bytes = await self.redis.xadd(MESSAGES, packed(fields))
        return added.decode()

    async def answers(self, number: int) -> list[dict[str, Any]]:
        """Return all answers on the stream, as soon as there are so many."""
        async with asyncio.timeout(60):
            while len(found := await self.redis.xrange(ANSWERS)) < number:
                await asyncio.sleep(0.02)
        answers = [json.loads(fields[b"answer"]) for _, fields in found]
        assert [answer["id"] for answer in answers] == [fields[b"id"].decode() for _, fields in found]
        return answers

    async def send(self, **fields: Any) -> dict[str, Any]:
        """Send a message on the stream. Return its answer."""
        before = await self.redis.xlen(ANSWERS)
        await self.add(**fields)
        return (await self.answers(before + 1))[-1]

    async def publish(self, message: dict[str, Any] | bytes) -> int:
        """Send a message on the channel. Return the number of nodes that hear it."""
        data = message if isinstance(message, bytes) else json.dumps(message).encode()
        heard: int = await self.redis.publish(CHANNEL, data)
        return heard

    async def heard(self, seconds: float = 30) -> dict[str, Any] | None:
        """Return the next answer on the channel; None if none comes within some seconds."""
        message = await self._heard.get_message(timeout=seconds)
        return json.loads(message["data"]) if message else None

    async def until_heard_by(self, nodes: int) -> None:
        """Wait until so many nodes listen to the channel."""
        async with asyncio.timeout(60):
            while (await self.redis.pubsub_numsub(CHANNEL))[0][1] != nodes:
                await asyncio.sleep(0.02)

    async def tell(self, **message: Any) -> dict[str, Any]:
        """Send a message on the channel to the only node. Return its answer."""
        await self.until_heard_by(1)
        assert await self.publish(message) == 1
        answer = await self.heard()
        assert answer is not None, "no answer"
        return answer

    async def by(self, way: str, **fields: Any) -> dict[str, Any]:
        """Send a message one way, `stream` or `channel`. Return its answer."""
        fields.setdefault("id", f"message-{next(_numbers)}")
        return await (self.send(**fields) if way == "stream" else self.tell(**fields))


def packed(fields: dict[str, Any]) -> dict[Any, Any]:
    """Return the fields of a message on the stream; `body` is JSON there."""
    body = fields.get("body")
    return {**fields, "body": json.dumps(body)} if isinstance(body, dict) else fields
