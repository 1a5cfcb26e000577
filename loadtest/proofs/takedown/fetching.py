"""A client of HTTP that costs little: hundreds of looks at a time must not wait for each other in this process."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import closing
from http.client import HTTPConnection
from typing import NamedTuple

TIMEOUT_SECONDS = 10.0


class WholeAnswer(NamedTuple):
    """An answer with its whole body, decompressed."""

    status: int
    headers: dict[str, str]
    body: bytes


class Fetcher:
    """Keeps connections to one node, and opens as many as are needed at the same time.

    Args:
        port: of the node, on the loopback interface.
        headers: of all requests.
    """

    def __init__(self, port: int, headers: Mapping[str, str]) -> None:
        self._port = port
        self._headers = {"host": f"127.0.0.1:{port}", **headers}
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def fetch(
        self, address: str, headers: Mapping[str, str], *, method: str = "GET", body: bytes = b""
    ) -> WholeAnswer:
        """Send a request and return the answer. Raises `OSError`, `EOFError` or `TimeoutError`."""
        async with asyncio.timeout(TIMEOUT_SECONDS):
            reader, writer = self._idle.pop() if self._idle else await self._connect()
            try:
                length = {"content-length": str(len(body))} if body else {}
                writer.write(self._head(method, address, {**headers, **length}) + body)
                status, answered = await _read_head(reader)
                content = await reader.readexactly(int(answered["content-length"]))
            except BaseException:
                writer.close()
                raise
        if answered.get("connection") == "close":
            writer.close()
        else:
            self._idle.append((reader, writer))
        is_packed = answered.get("content-encoding") == "gzip"
        return WholeAnswer(status, answered, gzip.decompress(content) if is_packed else content)

    async def fetch_timed(self, method: str, address: str, body: bytes) -> tuple[WholeAnswer, float]:
        """Send a request, and return the answer and when it came, which is exact although this event loop is busy."""
        return await asyncio.to_thread(self._fetch_in_thread, method, address, body)

    def _fetch_in_thread(self, method: str, address: str, body: bytes) -> tuple[WholeAnswer, float]:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_SECONDS)
        with closing(connection):
            connection.request(method, address, body, {**self._headers, "content-type": "application/json"})
            answer = connection.getresponse()
            came_at = time.monotonic()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return WholeAnswer(answer.status, headers, answer.read()), came_at

    async def stream(self, address: str, headers: Mapping[str, str], silence: float) -> AsyncGenerator[bytes, None]:
        """Iterate over the lines of an answer that does not end.

        Raises `OSError` if the status is not 200 or a connection breaks, and `TimeoutError` after so many seconds
        without a line.
        """
        reader, writer = await self._connect()
        rest = b""
        try:
            writer.write(self._head("GET", address, headers))
            status, _ = await _read_head(reader)
            if status != 200:
                raise ConnectionError(f"{address} was answered with {status}")
            while True:
                async with asyncio.timeout(silence):
                    size = int(await reader.readline() or b"0", 16)
                    *lines, rest = (rest + (await reader.readexactly(size + 2))[:-2]).split(b"\n")
                if not size:
                    return
                for line in lines:
                    yield line
        finally:
            writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self._port)

    def _head(self, method: str, address: str, headers: Mapping[str, str]) -> bytes:
        lines = (f"{name}: {value}" for name, value in {**self._headers, **headers}.items())
        return "\r\n".join([f"{method} {address} HTTP/1.1", *lines, "", ""]).encode()

    def close(self) -> None:
        """Close all connections."""
        for _, writer in self._idle:
            writer.close()
        self._idle.clear()


async def _read_head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    """Return the status and the headers of an answer."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(first.split()[1]), headers
