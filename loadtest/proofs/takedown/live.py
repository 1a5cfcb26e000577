"""The live surfaces of a blog: catch-ups over them, and readers that follow them."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any
from urllib.parse import quote

import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from loadtest.proofs.takedown.fetching import Fetcher

ENCODINGS = ("json", "msgpack", "html")
"""Of WebSockets."""

VIEWS = {"events": "", "events in HTML": "&view=html"}
"""The event streams, with what each adds to the query."""

LONG_POLL = "long poll"

SILENCE_SECONDS = 40.0
"""Seconds without a message after which a connection counts as lost; there is a beat every 20 seconds."""

WAIT_SECONDS = 5.0
"""The `wait` of a long poll."""

RETURN_SECONDS = 0.1
"""Pause before a reader connects again."""

GIVE_UP_SECONDS = 10.0
"""Seconds after which an entry counts as there for ever."""

PAUSE_SECONDS = 0.005
"""Pause before another look."""

LOST = (OSError, TimeoutError, EOFError, WebSocketException)
"""The errors of a connection that ends."""


class Live:
    """The live surfaces of one blog on one node."""

    def __init__(self, url: str, blog: str, fetcher: Fetcher) -> None:
        self._url = url
        self._at = f"/blogs/{blog}"
        self._fetcher = fetcher

    def messages(self, surface: str, since: str | None) -> AsyncGenerator[bytes, None]:
        """Iterate over the messages that a reader with a cursor gets on a surface; it may end at any time."""
        if surface in ENCODINGS:
            return self._websocket(surface, since)
        return self._events(VIEWS[surface], since) if surface in VIEWS else self._long_polls(since)

    async def _websocket(self, encoding: str, since: str | None) -> AsyncGenerator[bytes, None]:
        address = f"{self._url.replace('http', 'ws', 1)}{self._at}/live{_query(since)}"
        protocols = [Subprotocol(f"stoppress.v1+{encoding}")]
        async with connect(
            address, subprotocols=protocols, compression=None, max_size=None, ping_interval=None, proxy=None
        ) as connection:
            while True:
                async with asyncio.timeout(SILENCE_SECONDS):
                    message = await connection.recv(decode=False)
                yield message

    async def _events(self, view: str, since: str | None) -> AsyncGenerator[bytes, None]:
        address = f"{self._at}/events{_query(since) or '?'}{view}"
        lines = self._fetcher.stream(address, {"accept": "text/event-stream"}, SILENCE_SECONDS)
        async with aclosing(lines):
            async for line in lines:
                if line.startswith(b"data: "):
                    yield line.removeprefix(b"data: ")

    async def _long_polls(self, since: str | None) -> AsyncGenerator[bytes, None]:
        while True:
            address = f"{self._at}/changes{_query(since)}{f'&wait={WAIT_SECONDS:g}' if since else ''}"
            answer = await self._fetcher.fetch(address, {})
            if answer.status != 200:
                raise ConnectionError(f"{address} was answered with {answer.status}")
            since = decoded(answer.body)["cursor"]
            yield answer.body

    async def catch_up(self, surface: str, since: str) -> bytes | None:
        """Return the messages that lead from a cursor to the newest state; None if the node gave no update."""
        found = b""
        async with aclosing(self.messages(surface, since)) as messages:
            async for message in messages:
                found += message
                content = decoded(message)
                if content["type"] != "update":
                    return None
                if not content.get("more"):
                    return found
        return None


class FollowingReader:
    """A reader that follows a live surface, and comes back with its cursor if it loses the connection."""

    def __init__(self, node: str, surface: str, live: Live) -> None:
        self.name = f"{surface} reader of {node}"
        self.told: dict[str, float] = {}
        """When it was told of a retraction, by the entry's id."""
        self.cursor: str | None = None
        self._surface = surface
        self._live = live

    async def run(self) -> None:
        """Follow the blog until cancelled."""
        while True:
            try:
                async for message in self._live.messages(self._surface, self.cursor):
                    self._take(decoded(message))
            except LOST:
                pass
            await asyncio.sleep(RETURN_SECONDS)

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "update":
            self.cursor = message["cursor"]
            for entry in message["entries"]:
                if entry["status"] == "retracted":
                    self.told.setdefault(entry["id"], time.monotonic())


async def until_told(follower: FollowingReader, entry: str) -> float:
    """Return when a reader was told that an entry is retracted; infinity if it was not."""
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while entry not in follower.told and time.monotonic() < deadline:  # noqa: ASYNC110, one of hundreds
        await asyncio.sleep(PAUSE_SECONDS)
    return follower.told.get(entry, math.inf)


def decoded(message: bytes) -> dict[str, Any]:
    """Return a message in JSON or msgpack."""
    decode = msgspec.json.decode if message[:1] == b"{" else msgspec.msgpack.decode
    content: dict[str, Any] = decode(message)
    return content


def _query(since: str | None) -> str:
    return "" if since is None else f"?since={quote(since)}"
