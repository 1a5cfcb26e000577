"""Bounds the memory for answers that clients do not read."""

from __future__ import annotations

import asyncio

from stoppress.telemetry.counts import Counts

MAX_CONNECTION_BYTES = 16 * 1024
"""Unread bytes of one connection that do not count."""

_MAX_BYTES = 32 * 1024 * 1024
"""Unread bytes of all connections together. Beyond that, those that have waited for longest are closed."""


class UnreadAnswers:
    """The connections that have more than `MAX_CONNECTION_BYTES` unread, oldest first."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._sizes: dict[asyncio.Transport, int] = {}
        self._total = 0

    def add(self, transport: asyncio.Transport) -> None:
        """Count a connection. Close others if there is too much."""
        self._set(transport)
        if self._total > _MAX_BYTES:
            for one in tuple(self._sizes):
                self._set(one)  # some has been read meanwhile
        while self._total > _MAX_BYTES:
            oldest = next(iter(self._sizes))
            self.remove(oldest)
            self._counts.count_rejection("answer_unread")
            oldest.abort()

    def remove(self, transport: asyncio.Transport) -> None:
        self._total -= self._sizes.pop(transport, 0)

    def _set(self, transport: asyncio.Transport) -> None:
        size = transport.get_write_buffer_size()
        self._total += size - self._sizes.get(transport, 0)
        self._sizes[transport] = size
