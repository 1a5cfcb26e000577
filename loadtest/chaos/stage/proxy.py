"""A TCP proxy that stands for a network: it delays, throttles, stalls, cuts and forgets connections, and moves them."""

from __future__ import annotations

import asyncio
from contextlib import suppress

UP, DOWN = "up", "down"
"""Directions: from the client to the server, and back."""

_CHUNK_BYTES = 16_384

_PAUSE_SECONDS = 0.02
"""Pause between two looks whether a stall is over."""


class _Passage:
    """One connection that passes through."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.ends = (client, server)
        self.ways: list[asyncio.Task[None]] = []
        self.forgotten = False
        self.bytes_left: int | None = None
        """Bytes that the server may still send before the connection is cut."""

    def cut(self) -> None:
        for way in self.ways:
            way.cancel()
        for end in self.ends:
            end.transport.abort()


class NetworkLink:
    """The link from clients to a server on this machine; it listens on `port`. Faults also apply to open connections.

    Args:
        target: the port of the server.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.delay_seconds = 0.0
        self.bytes_per_second = 0
        """The limit for each connection and direction; 0: none."""
        self.stalled: set[str] = set()
        """Directions in which nothing passes now. It passes when the stall is over."""
        self.refuses = False
        """True while new connections are refused."""
        self._passages: set[_Passage] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, port: int = 0) -> None:
        """Listen, on a free port if none is given."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", port, backlog=512)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Cut everything and stop listening."""
        if self._server is not None:
            self._server.close()
        self.refuses = True
        self.cut()
        await asyncio.gather(*self._tasks)

    def cut(self) -> None:
        """Cut all connections."""
        for passage in tuple(self._passages):
            passage.cut()

    def cut_within_frame(self, size: int) -> None:
        """Cut each connection after the next `size` bytes from the server, wherever in a frame that is."""
        for passage in self._passages:
            passage.bytes_left = size

    def forget(self) -> None:
        """Let open connections stay open at both ends while nothing passes; new connections work."""
        for passage in self._passages:
            passage.forgotten = True

    def switch(self, target: int, *, cut: bool) -> None:
        """Lead new connections to another port. Open ones are cut, or stay with the server that they have."""
        self.target = target
        if cut:
            self.cut()

    def heal(self) -> None:
        """End all faults. Connections that were forgotten are cut."""
        self.delay_seconds, self.bytes_per_second, self.refuses = 0.0, 0, False
        self.stalled.clear()
        for passage in tuple(self._passages):
            passage.bytes_left = None
            if passage.forgotten:
                passage.cut()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with suppress(OSError):
            if not self.refuses:
                await self._pass(reader, writer)
        writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self.target)
        passage = _Passage(writer, to_server)
        self._passages.add(passage)
        passage.ways = [
            asyncio.create_task(self._copy(passage, UP, reader, to_server)),
            asyncio.create_task(self._copy(passage, DOWN, from_server, writer)),
        ]
        try:
            await asyncio.wait(passage.ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._passages.discard(passage)
            passage.cut()
            await asyncio.gather(*passage.ways, return_exceptions=True)

    async def _copy(
        self, passage: _Passage, direction: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(_CHUNK_BYTES):
            if self.delay_seconds:
                await asyncio.sleep(self.delay_seconds)
            while direction in self.stalled:  # noqa: ASYNC110, a set has no event
                await asyncio.sleep(_PAUSE_SECONDS)
            if self.bytes_per_second:
                await asyncio.sleep(len(data) / self.bytes_per_second)
            if passage.forgotten:
                continue
            if direction == DOWN and passage.bytes_left is not None:
                data = data[: passage.bytes_left]
                passage.bytes_left -= len(data)
            writer.write(data)
            await writer.drain()
            if passage.bytes_left == 0:
                return
