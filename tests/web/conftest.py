from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.support.node import RunningNode
from tests.support.raw import Streams

Dial = Callable[[], Awaitable[Streams]]


@pytest.fixture
async def dial(node: RunningNode) -> AsyncIterator[Dial]:
    """Open connections to the node that say nothing yet; they are cut at the end."""
    opened: list[Streams] = []

    async def open_connection() -> Streams:
        opened.append(await asyncio.open_connection("127.0.0.1", node.port))
        return opened[-1]

    yield open_connection
    for _, writer in opened:
        writer.transport.abort()
