"""The inbox of a node: reads messages from the stream and the channel as long as the node serves."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator
from typing import Protocol

from redis.exceptions import RedisError

from stoppress.errors import StartError, StoreUnavailable
from stoppress.inbox.channel import ChannelInbox
from stoppress.inbox.editor import InboxEditor
from stoppress.inbox.redis import InboxRedis
from stoppress.inbox.stream import StreamInbox
from stoppress.store.port import Store
from stoppress.store.redis.store import RedisStore
from stoppress.tasks import end
from stoppress.telemetry.counts import Counts

_MAX_PAUSE_SECONDS = 2.0
"""Maximum seconds between attempts to read after an error."""

log = logging.getLogger("stoppress.inbox")


class _Way(Protocol):
    """A way by which messages come."""

    way: str

    async def open(self) -> None: ...

    async def step(self) -> None: ...

    async def close(self) -> None: ...


async def _steps(way: _Way) -> AsyncIterator[None]:
    """Read until the first error; each step that succeeds gives a value."""
    try:
        await way.open()
        while True:
            await way.step()
            yield
    finally:
        await way.close()


class Inbox:
    """The messages in the Redis of a store, carried out by an editor.

    Raises:
        StartError: the store is not Redis.
    """

    def __init__(self, store: Store, editor: InboxEditor, counts: Counts) -> None:
        if not isinstance(store, RedisStore):
            raise StartError("--inbox reads messages from Redis, but the store is a file; name a Redis with --store")
        redis = InboxRedis(store.server)
        self._ways: tuple[_Way, ...] = (StreamInbox(redis, editor), ChannelInbox(redis))
        self._counts = counts

    async def run(self) -> None:
        """Read until cancelled. No error ends this."""
        tasks = [asyncio.create_task(self._keep_reading(way)) for way in self._ways]
        try:
            await asyncio.gather(*tasks)
        finally:  # a task group would cancel them only once, and redis-py can swallow that
            await end(tasks)

    async def _keep_reading(self, way: _Way) -> None:
        pause, is_reading = 0.0, True
        while True:
            try:
                async for _ in _steps(way):
                    if not is_reading:
                        log.info("inbox_is_back", extra={"way": way.way})
                    pause, is_reading = 0.0, True
            except Exception as error:  # after any error, the node must keep trying
                self._counts.inbox_errors[way.way] += 1
                if is_reading:
                    expected = isinstance(error, StoreUnavailable | RedisError | OSError)
                    log.warning("no_inbox", exc_info=not expected, extra={"way": way.way, "error": str(error)})
                is_reading = False
            pause = min(_MAX_PAUSE_SECONDS, 2 * pause + 0.05)
            await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311, spreads the nodes
