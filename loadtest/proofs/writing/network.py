"""A network that can be cut: a proxy in front of a server, which ends all connections and takes no new ones."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from loadtest.ports import free_port


class CuttableNetwork:
    """A context manager. `port` is that of the proxy."""

    def __init__(self, server_port: int) -> None:
        self.port = free_port()
        self._server_port = server_port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> CuttableNetwork:
        await self.mend()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()

    def cut(self) -> None:
        """End all connections, in the middle of whatever they carry, and refuse new ones."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            writer.transport.abort()

    async def mend(self) -> None:
        """Take connections again."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            up, down = await asyncio.open_connection("127.0.0.1", self._server_port)
        except OSError:  # the server is down
            writer.transport.abort()
            return
        self._writers |= {writer, down}
        await asyncio.gather(self._pipe(reader, down), self._pipe(up, writer))
        self._writers -= {writer, down}

    @staticmethod
    async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()
