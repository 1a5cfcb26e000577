"""A service manager that listens at NOTIFY_SOCKET, as systemd does."""

from __future__ import annotations

import asyncio
import select
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager


class Manager:
    """A service manager for one test.

    Args:
        address: the value of NOTIFY_SOCKET; a leading @ is the null byte of abstract sockets.
        listening: the socket at this address.
    """

    def __init__(self, address: str, listening: socket.socket) -> None:
        self.address = address
        self.sender = 0
        """The process id of the last message's sender."""
        self._socket = listening

    async def message(self) -> dict[str, str]:
        """Return the next message, within half a minute."""
        credentials = struct.Struct("3i")  # pid, uid, gid
        data, ancillary, *_ = await asyncio.to_thread(self._socket.recvmsg, 4_096, socket.CMSG_SPACE(credentials.size))
        self.sender, _, _ = credentials.unpack(ancillary[0][2])
        return dict(line.split("=", 1) for line in data.decode().splitlines())

    def has_more(self) -> bool:
        """Return whether there is another message."""
        return bool(select.select([self._socket], [], [], 0)[0])


@contextmanager
def manager(address: str) -> Iterator[Manager]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.settimeout(30)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        listening.bind("\0" + address[1:] if address.startswith("@") else address)
        yield Manager(address, listening)
