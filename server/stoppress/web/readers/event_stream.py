"""The answer that is an event stream, and its `retry` fields."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import ExitStack

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from stoppress.wire.encodings import SSE
from stoppress.wire.messages import Retry

RECONNECT = Retry(min=1_000, max=5_000)
"""The time after which a browser reconnects when it has lost an event stream, unless the server says otherwise."""


class EventStream(StreamingResponse):
    """An event stream that counts as a held request until it ends, however it ends."""

    def __init__(self, admitted: ExitStack, stream: AsyncIterator[bytes], headers: dict[str, str]) -> None:
        super().__init__(stream, 200, headers, media_type=SSE.name)
        self._admitted = admitted

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        with self._admitted:
            await self.stream_response(send)


def come_back(retry: Retry) -> bytes:
    """Return the last bytes for an EventSource, which takes one retry time and gives up on any status but 200."""
    return reconnect(retry) + SSE.encode(retry)


def reconnect(retry: Retry) -> bytes:
    """Return the `retry` field of the event that follows."""
    return f"retry: {random.randint(retry.min, retry.max)}\n".encode()  # noqa: S311, no secret
