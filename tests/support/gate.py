"""A TCP proxy before a node that treats readers' surfaces as bad networks do, and counts who is connected."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress

SURFACE = re.compile(rb"GET /blogs/[^/? ]+/(live|events|changes)[? ]")


class _Passage:
    """One connection that passes through."""

    def __init__(self, writers: list[asyncio.StreamWriter]) -> None:
        self.surface = ""
        self.writers = writers
        self.frozen = False

    def cut(self) -> None:
        for writer in self.writers:
            writer.transport.abort()


class Gate:
    """Listens on a free loopback port and passes everything on to another.

    Args:
        port: the node's.
        pages: HTML by path, for pages of others on the node's origin.
    """

    def __init__(self, port: int, pages: Mapping[str, str] | None = None) -> None:
        self._to = port
        self._pages = pages or {}
        self._server: asyncio.Server | None = None
        self._passages: set[_Passage] = set()
        self._blocked: frozenset[str] = frozenset()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for passage in [*self._passages]:
            passage.cut()
        await asyncio.sleep(0)

    def block(self, *surfaces: str) -> None:
        """From now on these are cut off, and no others."""
        self._blocked = frozenset(surfaces)
        for passage in [*self._passages]:
            if passage.surface in self._blocked:
                passage.cut()

    def freeze(self) -> None:
        """Nothing comes through the connections that there are, and nobody is told."""
        for passage in self._passages:
            passage.frozen = True

    def readers(self, surface: str) -> int:
        """How many connections a surface holds at this moment, without those that are frozen."""
        return sum(passage.surface == surface and not passage.frozen for passage in self._passages)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.transport.abort()
            return
        passage = _Passage([writer, to_writer])
        self._passages.add(passage)
        try:
            with suppress(OSError):
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._copy(passage, reader, to_writer, looking=True))
                    group.create_task(self._copy(passage, to_reader, writer))
        except* OSError:
            pass
        finally:
            self._passages.discard(passage)
            passage.cut()

    async def _copy(
        self, passage: _Passage, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, looking: bool = False
    ) -> None:
        while data := await reader.read(65_536):
            if looking and data.startswith(b"GET "):
                found = SURFACE.match(data)
                passage.surface = found[1].decode() if found else ""
                if page := self._pages.get(re.split(rb"[ ?]", data, maxsplit=2)[1].decode()):
                    await _answer(passage.writers[0], page)
                    break
            if passage.surface in self._blocked:
                break
            if not looking and passage.surface == "changes":
                passage.surface = ""  # it was answered, and is idle until it is asked again
            if not passage.frozen:
                writer.write(data)
                await writer.drain()
        passage.cut()


async def _answer(writer: asyncio.StreamWriter, page: str) -> None:
    body = page.encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
    writer.close()
    await writer.wait_closed()
