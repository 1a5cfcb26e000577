"""Readers over the four live surfaces. They keep their cursor over all connections, and log every message."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

from loadtest.chaos.log import MessageTaken, ReaderClosed, ReaderOpened, RunLog
from loadtest.chaos.stage.servers import ChaosNode
from loadtest.chaos.writers import BLOG

SURFACES = ("json", "msgpack", "events", "changes")

SILENCE_SECONDS = 2.5
"""Seconds without a message after which a reader takes its connection for lost; there are two beats a second."""

POLL_SECONDS = 2.0
"""The `wait` of a long poll."""

LOST_WAIT_SECONDS = (0.05, 0.3)
"""The wait before a reader connects again, if the server says nothing of it."""

MAX_WAIT_SECONDS = 1.0
"""A reader takes the lower end of the range that a server asks for, at most this above it."""

CONNECTION: dict[str, Any] = {
    "max_size": None,
    "max_queue": 1,
    "proxy": None,
    "open_timeout": 5,
    "close_timeout": 0.2,
    "ping_interval": None,
}
"""Options of WebSockets."""

HOME_SHARE = 0.7
"""Share of connections that a reader makes to its first node."""


class Ended(Exception):
    """A connection ended with a close code or an HTTP status."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class ChaosReader:
    """One reader.

    Args:
        number: its number in the log.
        nodes: those that it may connect to; its number decides which is the first.
        log: of the run.
        rng: decides to which nodes it goes, and how long it waits.
        http: for surfaces other than WebSockets.
    """

    def __init__(
        self, number: int, nodes: list[ChaosNode], log: RunLog, rng: random.Random, http: httpx.AsyncClient
    ) -> None:
        self.number = number
        self.surface = SURFACES[number % len(SURFACES)]
        self.cursor: str | None = None
        """The cursor of the state that it shows."""
        self.is_paused = False
        """True while the reader reads nothing. Its connection does not count as lost in that time."""
        self._nodes = nodes
        self._home = nodes[number // len(SURFACES) % len(nodes)]
        self._log = log
        self._rng = rng
        self._http = http
        self._wait_range: tuple[float, float] | None = None

    async def run(self) -> None:
        """Follow the blog until cancelled."""
        follow = {"events": self._events, "changes": self._changes}.get(self.surface, self._websocket)
        while True:
            node = self._home if self._rng.random() < HOME_SHARE else self._rng.choice(self._nodes)
            code = 0
            try:
                async for message in follow(node):
                    self._take(message)
            except Ended as ended:
                code = ended.code
            except (OSError, TimeoutError, httpx.HTTPError, WebSocketException, EOFError):
                pass
            wait = self._next_wait()
            self._log.add(ReaderClosed(reader=self.number, node=node.number, code=code, wait=wait))
            await asyncio.sleep(wait)

    def _opened(self, node: ChaosNode) -> None:
        self._log.add(ReaderOpened(reader=self.number, node=node.number, surface=self.surface, since=self.cursor))

    def _take(self, message: dict[str, Any]) -> None:
        self._log.add(MessageTaken(reader=self.number, message=message))
        if message["type"] == "update" and not message.get("more"):
            self.cursor = message["cursor"]
        if message["type"] == "retry":
            self._wait_range = message["min"] / 1000, message["max"] / 1000

    def _next_wait(self) -> float:
        low, high = self._wait_range or LOST_WAIT_SECONDS
        self._wait_range = None
        return self._rng.uniform(low, min(high, low + MAX_WAIT_SECONDS))

    def _query(self) -> str:
        return f"?since={quote(self.cursor)}" if self.cursor is not None else ""

    async def _websocket(self, node: ChaosNode) -> AsyncIterator[dict[str, Any]]:
        decode = msgspec.json.decode if self.surface == "json" else msgspec.msgpack.decode
        address = f"{node.readers_url.replace('http', 'ws', 1)}/blogs/{BLOG}/live{self._query()}"
        protocols = [Subprotocol(f"stoppress.v1+{self.surface}")]
        try:
            async with connect(address, subprotocols=protocols, **CONNECTION) as connection:
                self._opened(node)
                while True:
                    if self.is_paused:
                        await asyncio.sleep(0.1)
                        continue
                    async with asyncio.timeout(SILENCE_SECONDS):
                        data: Any = await connection.recv()
                    yield decode(data)
        except InvalidStatus as error:
            raise Ended(error.response.status_code) from None
        except ConnectionClosed as error:
            raise Ended(error.rcvd.code if error.rcvd else 0) from None

    async def _events(self, node: ChaosNode) -> AsyncIterator[dict[str, Any]]:
        headers = {"accept": "text/event-stream"} | ({} if self.cursor is None else {"last-event-id": self.cursor})
        address = f"{node.readers_url}/blogs/{BLOG}/events"
        timeout = httpx.Timeout(5, read=SILENCE_SECONDS)
        async with self._http.stream("GET", address, headers=headers, timeout=timeout) as answer:
            if answer.status_code != 200:
                raise Ended(answer.status_code)
            self._opened(node)
            async for line in answer.aiter_lines():
                if line.startswith("data: "):
                    yield msgspec.json.decode(line.removeprefix("data: "))

    async def _changes(self, node: ChaosNode) -> AsyncIterator[dict[str, Any]]:
        address, since, is_open = f"{node.readers_url}/blogs/{BLOG}/changes", self.cursor, False
        timeout = httpx.Timeout(5, read=POLL_SECONDS + SILENCE_SECONDS)
        while True:
            query = {} if since is None else {"since": since, "wait": f"{POLL_SECONDS:g}"}
            answer = await self._http.get(address, params=query, timeout=timeout)
            if answer.status_code != 200:
                raise Ended(answer.status_code)
            if not is_open:
                self._opened(node)
                is_open = True
            message = answer.json()
            since = message["cursor"]
            yield message
