"""The address of a Redis that leads to one server after another: a TCP relay."""

from __future__ import annotations

import asyncio
from contextlib import suppress


class Relay:
    """A relay on a free loopback port. Connections stay where they were opened to."""

    def __init__(self, port: int | None) -> None:
        self.target = port
        """The port that new connections lead to; None refuses them."""
        self._server: asyncio.Server | None = None
        self._running = asyncio.Event()
        self._running.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    async def __aenter__(self) -> Relay:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()

    def cut(self) -> None:
        """Close all connections."""
        for writer in self._writers:
            writer.transport.abort()

    def stall(self) -> None:
        """Hold back all data, without closing connections, until `go_on`."""
        self._running.clear()

    def go_on(self) -> None:
        self._running.set()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            if self.target is not None:
                to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self.target)
                self._writers.add(to_writer)
                await asyncio.gather(self._copy(reader, to_writer), self._copy(to_reader, writer))
                self._writers.discard(to_writer)
        finally:
            writer.transport.abort()
            self._writers.discard(writer)

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                await self._running.wait()
                writer.write(data)
                await writer.drain()
        writer.transport.abort()
