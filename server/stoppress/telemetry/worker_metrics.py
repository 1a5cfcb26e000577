"""Metrics of several workers: the worker that gets a scrape asks the others and answers for all of them.

Each worker listens on a socket in Linux's abstract namespace, which needs no file, and answers only processes of the
same user.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from stoppress.telemetry.metrics import merged

_ANSWER_TIMEOUT_SECONDS = 5.0
"""Seconds that a worker may take to answer; it checks the store, which may take three seconds."""


class WorkerId(NamedTuple):
    """The identity of one of several workers."""

    group: str
    """The common prefix of the names of all their sockets."""
    number: int
    """The number of this worker, from 1."""
    total: int

    def socket_name(self, number: int) -> str:
        """Return the name of the socket of a worker, in the abstract namespace."""
        return f"\0{self.group}-{number}"


class MetricsExchange:
    """The metrics of all workers of one port; `own` returns those of this worker."""

    def __init__(self, worker: WorkerId, own: Callable[[], Awaitable[bytes]]) -> None:
        self._worker = worker
        self._own = own

    async def serve(self) -> None:
        """Answer the other workers until cancelled."""
        listening = _unix_socket()  # made here because uvloop does not support abstract names
        listening.bind(self._worker.socket_name(self._worker.number))
        async with await asyncio.start_unix_server(self._answer, sock=listening) as server:
            await server.serve_forever()

    async def _answer(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if _is_ours(writer.get_extra_info("socket")):
            writer.write(await self._own())
        writer.close()

    async def collect(self) -> bytes:
        """Return the metrics of all workers, except workers that do not answer in time."""
        numbers = range(1, self._worker.total + 1)
        texts = await asyncio.gather(*map(self._ask, numbers))
        return merged({str(number): text for number, text in zip(numbers, texts, strict=True)})

    async def _ask(self, number: int) -> bytes:
        if number == self._worker.number:
            return await self._own()
        try:
            async with asyncio.timeout(_ANSWER_TIMEOUT_SECONDS):
                connection = _unix_socket()
                connection.connect(self._worker.socket_name(number))  # connects or fails at once
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
    """Return whether the peer is a process of the same user (unix(7), SO_PEERCRED)."""
    credentials = struct.Struct("3i")  # pid, uid, gid
    _, user, _ = credentials.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, credentials.size))
    return bool(user == os.getuid())
