"""The readers of a private blog, which get a new token when the server says that theirs has ended."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import random
import secrets
import struct
import time
from collections import Counter
from typing import cast
from urllib.parse import urlencode

import msgspec
from websockets.frames import Opcode

from stoppress.tools.reader_core import Outcome, ReaderCore
from stoppress.tools.swarm.frames import KEY as WEBSOCKET_KEY
from stoppress.tools.swarm.frames import HandshakeAnswer, split_frames

CONNECTS_PER_SECOND = 500

BLOG = "subscribers"

SECRET = secrets.token_urlsafe(48)


def token_until(ends: float, name: str) -> str:
    """Return a token as a publisher makes it."""
    parts = [{"alg": "HS256"}, {"sub": name, "blogs": [BLOG], "exp": ends}]
    body = ".".join(_base64(json.dumps(part).encode()) for part in parts)
    return f"{body}.{_base64(hmac.digest(SECRET.encode(), body.encode(), 'sha256'))}"


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class _Message(msgspec.Struct):
    type: str
    cursor: str = ""
    from_: str | None = msgspec.field(default=None, name="from")
    more: bool = False


class Crowd:
    """All readers, and what happened to them."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.readers: list[PrivateReader] = []
        self.live = 0
        self.late: list[float] = []
        """Seconds from the end of each token until its connection was closed."""
        self.wrong: Counter[str] = Counter()
        """What must not happen, by kind."""
        self.postponed = 0
        """Handshakes that the node has put off because the machine was too busy."""

    async def connect(self, number: int, ends_from: float, seconds: float) -> list[PrivateReader]:
        """Connect readers whose tokens end at random within some seconds. Return when all are at the head."""
        began, made = time.monotonic(), []
        for count in range(number):
            await asyncio.sleep(max(0.0, began + count / CONNECTS_PER_SECOND - time.monotonic()))
            ends = ends_from + seconds * random.random()  # noqa: S311, no secret
            made.append(reader := PrivateReader(self, f"reader-{len(self.readers)}", ends))
            self.readers.append(reader)
            reader.begin()
        async with asyncio.timeout(60):
            while self.live < len(self.readers):  # noqa: ASYNC110, it is looked at often
                await asyncio.sleep(0.1)
        return made

    def leave(self) -> None:
        for reader in self.readers:
            reader.leave()
        self.readers.clear()
        self.live = 0


class PrivateReader(asyncio.Protocol):
    """One reader over all its connections. It asks for a new token when the server says that its own has ended."""

    __slots__ = (
        "_core",
        "_crowd",
        "_data",
        "_ends",
        "_is_live",
        "_is_open",
        "_left",
        "_name",
        "_transport",
        "renewals",
    )

    def __init__(self, crowd: Crowd, name: str, ends: float) -> None:
        self.renewals = 0
        self._crowd = crowd
        self._name = name
        self._ends = ends
        self._core = ReaderCore()
        self._data = b""
        self._is_live = self._is_open = self._left = False
        self._transport: asyncio.Transport | None = None

    @property
    def cursor(self) -> str | None:
        return self._core.cursor

    def begin(self) -> None:
        loop = asyncio.get_running_loop()
        self._data, self._is_open = b"", False
        source = (f"127.0.0.{1 + hash(self._name) % 200}", 0)
        connecting = loop.create_connection(lambda: self, "127.0.0.1", self._crowd.port, local_addr=source)
        loop.create_task(connecting).add_done_callback(self._connected)

    def _connected(self, task: asyncio.Task[object]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self._crowd.wrong["not connected"] += 1

    def leave(self) -> None:
        self._left = True
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        query = {"token": token_until(self._ends, self._name)} | ({"since": self.cursor} if self.cursor else {})
        lines = [
            f"GET /blogs/{BLOG}/live?{urlencode(query)} HTTP/1.1",
            f"Host: 127.0.0.1:{self._crowd.port}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {WEBSOCKET_KEY}",
        ]
        self._transport.write("\r\n".join([*lines, "", ""]).encode())

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._is_live:
            self._is_live = False
            self._crowd.live -= 1
            if not self._left:
                self._crowd.wrong["closed without a reason"] += 1

    def data_received(self, data: bytes) -> None:
        self._data += data
        if not self._is_open:
            answer = HandshakeAnswer.parse(self._data)
            if answer is None:
                return
            if not answer.is_websocket:
                self._rejected(answer)
                return
            self._is_open, self._data = True, answer.rest
        pieces, self._data = split_frames(self._data)
        for first, payload in pieces:
            if first & 0x0F == Opcode.TEXT:
                self._take(msgspec.json.decode(payload, type=_Message))
            elif first & 0x0F == Opcode.CLOSE:
                self._closed(struct.unpack_from("!H", payload)[0])

    def _rejected(self, answer: HandshakeAnswer) -> None:
        """Come back later if the node is too busy; anything else must not happen."""
        if self._core.take_status(answer.status, answer.retry_after):
            self._crowd.postponed += 1
            asyncio.get_running_loop().call_later(self._core.next_wait(), self.begin)
        else:
            self._crowd.wrong[f"status {answer.status}"] += 1
        if self._transport is not None:
            self._transport.abort()

    def _take(self, message: _Message) -> None:
        if message.type == "beat":
            step = self._core.take_beat(message.cursor)
        elif message.type == "update":
            step = self._core.take_update(message.from_, message.cursor, more=message.more)
        else:
            return
        if step is Outcome.RESET or step in (Outcome.GAP, Outcome.DUPLICATE):
            self._crowd.wrong[step.name.lower()] += 1
        if not self._is_live and not message.more:
            self._is_live = True
            self._crowd.live += 1

    def _closed(self, code: int) -> None:
        late = time.time() - self._ends
        if code != 4401 or late < 0:
            self._crowd.wrong[f"closed with {code} without need"] += 1
        self._crowd.late.append(late)
        if self._is_live:
            self._is_live = False
            self._crowd.live -= 1
        if self._transport is not None:
            self._transport.abort()
        self.renewals += 1
        self._ends = time.time() + 3_600
        asyncio.get_running_loop().call_later(random.random(), self.begin)  # noqa: S311, no secret
