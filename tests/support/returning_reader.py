"""Many readers at a time over WebSocket, who obey `retry` and keep their cursors; each checks what it gets."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.support.client import Client


class ReturningReader:
    """A reader who follows a blog over any number of connections.

    Args:
        address: says where to connect this time, without the query.
    """

    def __init__(self, address: Callable[[], str]) -> None:
        self.client = Client()
        self.closed: list[float] = []
        """When it was sent away, by `time.monotonic`."""
        self.away: list[float] = []
        """For how long, each time."""
        self.not_admitted = self.lost = 0
        """How often it was not admitted, and how often it found no server or lost its connection without a reason."""
        self.connected = False
        self._address = address

    async def run(self) -> None:
        """Until cancelled. Raises `AssertionError` where a promise is broken."""
        since = self.client.connected()
        retry: dict[str, Any] = {"min": 0, "max": 500}
        while True:
            try:
                query = f"?since={since}" if since else ""
                async with connect(self._address() + query, compression=None, max_size=None, proxy=None) as connection:
                    self._back()
                    async for data in connection:
                        message = json.loads(data)
                        self.client.receive(message)
                        retry = message if message["type"] == "retry" else {"min": 0, "max": 500}
            except InvalidStatus:
                self.not_admitted += 1
            except (ConnectionClosed, OSError):
                self.lost += 1
            self._gone()
            since = self.client.connected()
            await asyncio.sleep(random.uniform(retry["min"], retry["max"]) / 1000)

    def _back(self) -> None:
        self.connected = True
        if len(self.away) < len(self.closed):
            self.away.append(time.monotonic() - self.closed[-1])

    def _gone(self) -> None:
        if self.connected:
            self.closed.append(time.monotonic())
        self.connected = False
