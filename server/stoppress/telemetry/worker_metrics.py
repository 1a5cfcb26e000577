"""Workers that share a port ask each other for their metrics: the one that is asked answers for all of them.

Each listens on a socket of its own in Linux's abstract namespace, which needs no file, and answers only processes of
the same user.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from stoppress.telemetry.metrics import merged

ANSWER_TIMEOUT_SECONDS = 5.0
"""Seconds that a worker may take to answer; it asks the store, which may take three of them."""


class WorkerId(NamedTuple):
    """Which of several workers this is."""

    group: str
    """What the names of all their sockets begin with."""
    number: int
    """From 1."""
    total: int

    def socket_name(self, number: int) -> str:
        return f"\0{self.group}-{number}"


class MetricsExchange:
    """What the workers of one port tell each other.

    Args:
        worker: which of them this one is.
        own: makes its own metrics.
    """

    def __init__(self, worker: WorkerId, own: Callable[[], Awaitable[bytes]]) -> None:
        self._worker = worker
        self._own = own

    async def serve(self) -> None:
        """Answer the others until cancelled."""
        listening = _unix_socket()  # by hand: uvloop knows no abstract names
        listening.bind(self._worker.socket_name(self._worker.number))
        async with await asyncio.start_unix_server(self._answer, sock=listening) as server:
            await server.serve_forever()

    async def _answer(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if _is_ours(writer.get_extra_info("socket")):
            writer.write(await self._own())
        writer.close()

    async def collect(self) -> bytes:
        """Return the metrics of all workers; one that does not answer is missing from them."""
        numbers = range(1, self._worker.total + 1)
        texts = await asyncio.gather(*map(self._ask, numbers))
        return merged({str(number): text for number, text in zip(numbers, texts, strict=True)})

    async def _ask(self, number: int) -> bytes:
        if number == self._worker.number:
            return await self._own()
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_SECONDS):
                connection = _unix_socket()
                connection.connect(self._worker.socket_name(number))  # there or not, it does not wait
                reader, writer = await asyncio.open_unix_connection(sock=connection)
                try:
                    return await reader.read(-1)
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return b""


def _unix_socket() -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.setblocking(False)
    return sock


def _is_ours(sock: socket.socket) -> bool:
    """Whether the other end is a process of this one's user (unix(7), SO_PEERCRED)."""
    credentials = struct.Struct("3i")  # pid, uid, gid
    _, user, _ = credentials.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, credentials.size))
    return bool(user == os.getuid())
