"""The network in front of a node: a TCP proxy that can block surfaces, and freeze and count connections."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress

from tests.support.raw import respond

SURFACE = re.compile(rb"GET /blogs/[^/? ]+/(live|events|changes)[? ]")


class _Connection:
    """One connection that passes through."""

    def __init__(self, writers: list[asyncio.StreamWriter]) -> None:
        self.surface = ""
        self.writers = writers
        self.frozen = False

    def cut(self) -> None:
        for writer in self.writers:
            writer.transport.abort()


class Network:
    """A proxy on a free loopback port.

    Args:
        port: the port of the node.
        pages: HTML by path, for pages of other sites on the node's origin.
    """

    def __init__(self, port: int, pages: Mapping[str, str] | None = None) -> None:
        self._to = port
        self._pages = pages or {}
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        self._blocked: frozenset[str] = frozenset()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Network:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for connection in [*self._connections]:
            connection.cut()
        await asyncio.sleep(0)

    def block(self, *surfaces: str) -> None:
        """Block these surfaces and no others, and cut their connections."""
        self._blocked = frozenset(surfaces)
        for connection in [*self._connections]:
            if connection.surface in self._blocked:
                connection.cut()

    def freeze(self) -> None:
        """Drop all data of the current connections without closing them."""
        for connection in self._connections:
            connection.frozen = True

    def readers(self, surface: str) -> int:
        """Return the number of open connections of a surface, without the frozen ones."""
        return sum(connection.surface == surface and not connection.frozen for connection in self._connections)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.transport.abort()
            return
        connection = _Connection([writer, to_writer])
        self._connections.add(connection)
        try:
            with suppress(OSError):
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._copy(connection, reader, to_writer, looking=True))
                    group.create_task(self._copy(connection, to_reader, writer))
        except* OSError:
            pass
        finally:
            self._connections.discard(connection)
            connection.cut()

    async def _copy(
        self, connection: _Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, looking: bool = False
    ) -> None:
        while data := await reader.read(65_536):
            if looking and data.startswith(b"GET "):
                found = SURFACE.match(data)
                connection.surface = found[1].decode() if found else ""
                if page := self._pages.get(re.split(rb"[ ?]", data, maxsplit=2)[1].decode()):
                    await respond(connection.writers[0], page.encode(), "Content-Type: text/html")
                    break
            if connection.surface in self._blocked:
                break
            if not looking and connection.surface == "changes":
                connection.surface = ""  # it was answered, so the connection is idle until the next request
            if not connection.frozen:
                writer.write(data)
                await writer.drain()
        connection.cut()
