"""The address of a Redis that leads to one server after another: a TCP relay."""

from __future__ import annotations

import asyncio
from contextlib import suppress


class Relay:
    """A relay on a free loopback port. Connections stay where they were opened to."""

    def __init__(self, port: int) -> None:
        self.target: int | None = port
        """The port that new connections lead to; None refuses them."""
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._stalled: set[asyncio.StreamWriter] = set()
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
        for writer in self._writers:
            writer.transport.abort()

    def stall(self) -> None:
        """Drop all data of the connections that are open now, without closing them."""
        self._stalled |= self._writers

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers = {writer}
        try:
            if self.target is not None:
                to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self.target)
                writers.add(to_writer)
                self._writers |= writers
                await asyncio.gather(self._copy(reader, to_writer), self._copy(to_reader, writer))
        finally:
            self._writers -= writers
            for each in writers:
                each.transport.abort()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                if writer not in self._stalled:
                    writer.write(data)
                    await writer.drain()
        writer.transport.abort()
