"""A WebSocket reader that obeys `retry`, keeps its cursor, and checks every message."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from tests.support.client import Client


class ReturningReader:
    """A reader that follows a blog over any number of connections.

    Args:
        address: returns the address of the next connection, without the query.
        options: options of the connections.
    """

    def __init__(self, address: Callable[[], str], **options: Any) -> None:
        self.client = Client()
        self.closed: list[float] = []
        """The times when its connections ended, by `time.monotonic`."""
        self.away: list[float] = []
        """The seconds until the next connection, for each end."""
        self.not_admitted = self.lost = 0
        """The number of rejections, and of connections that failed or were lost without a reason."""
        self.connected = False
        self._address = address
        self._options = {"compression": None, "max_size": None, "proxy": None} | options

    async def run(self) -> None:
        """Follow the blog until cancelled. Raise `AssertionError` on a broken promise."""
        since = self.client.connected()
        retry: dict[str, Any] = {"min": 0, "max": 500}
        while True:
            try:
                query = f"?since={since}" if since else ""
                async with connect(self._address() + query, **self._options) as connection:
                    self._back()
                    async for data in connection:
                        message = json.loads(data)
                        self.client.receive(message)
                        retry = message if message["type"] == "retry" else {"min": 0, "max": 500}
            except InvalidStatus:
                self.not_admitted += 1
            except (ConnectionClosed, InvalidHandshake, OSError):
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
