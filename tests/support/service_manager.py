"""A service manager that listens at NOTIFY_SOCKET, as systemd does."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager


class Manager:
    """Args:
    address: as it stands in NOTIFY_SOCKET; a first @ is the null byte of abstract sockets.
    """

    def __init__(self, address: str, listening: socket.socket) -> None:
        self.address = address
        self._socket = listening

    async def message(self) -> dict[str, str]:
        """The next one, within half a minute."""
        async with asyncio.timeout(30):
            data = await asyncio.get_running_loop().sock_recv(self._socket, 4_096)
        return dict(line.split("=", 1) for line in data.decode().splitlines())

    def has_more(self) -> bool:
        """Whether a message came that nobody has asked for."""
        try:
            return bool(self._socket.recv(4_096, socket.MSG_PEEK))
        except BlockingIOError:
            return False


@contextmanager
def manager(address: str) -> Iterator[Manager]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.setblocking(False)
        listening.bind("\0" + address[1:] if address.startswith("@") else address)
        yield Manager(address, listening)
