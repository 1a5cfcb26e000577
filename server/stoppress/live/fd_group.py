"""Readers who get the same bytes, side by side: the innermost loop of the fan-out.

Nearly all that a delivery costs is the kernel's work for each `write`. What is left for us is to touch as little
memory as possible between two of them: a file descriptor each, from one array. So the loop does without the readers
and their transports, until a connection does not take all.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from typing import Protocol

from stoppress.model import Cursor
from stoppress.wire.encodings import Encoding

PHASES = 20
"""Into how many portions a beat is divided, so that it does not go to everybody in the same moment."""

Write = Callable[[int, bytes], int]
"""As `os.write` on a non-blocking socket: how many bytes it took, or `OSError`."""


class Reader(Protocol):
    """What the fan-out needs of a connection. Its attributes are the fan-out's to write."""

    cursor: Cursor | None
    """Where it is while it is not at the head."""
    fd_group: FdGroup | None
    slot: int
    """Its slot in the fd_group."""

    @property
    def fd(self) -> int:
        """What `Write` needs to reach it."""

    @property
    def encoding(self) -> Encoding: ...

    def send(self, data: bytes) -> None:
        """Write, and keep what the connection does not take. Tells the hub (`pause`) if something was kept."""

    def took(self, data: bytes, count: int) -> None:
        """The same after the connection was offered `data` and took only `count` bytes of it; -1: it is broken."""

    def close(self, code: int, reason: str) -> None: ...


class FdGroup:
    """Readers whose connections have taken all that they were sent, so that they can be written to directly."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._fds = array("i")
        self._readers: list[Reader] = []

    def __len__(self) -> int:
        return len(self._readers)

    def __iter__(self) -> Iterator[Reader]:
        return iter(tuple(self._readers))

    def add(self, reader: Reader) -> None:
        reader.fd_group, reader.slot = self, len(self._readers)
        self._fds.append(reader.fd)
        self._readers.append(reader)

    def remove(self, reader: Reader) -> None:
        """The last one takes its slot."""
        last, fd = self._readers.pop(), self._fds.pop()
        if last is not reader:
            self._readers[reader.slot], self._fds[reader.slot] = last, fd
            last.slot = reader.slot
        reader.fd_group = None

    def take_all(self, other: FdGroup) -> None:
        """Take over all readers of another fd_group."""
        for reader in other:
            other.remove(reader)
            self.add(reader)

    def send(self, frame: bytes) -> None:
        write, size = self._write, len(frame)
        short = []
        for slot, fd in enumerate(self._fds):
            try:
                count = write(fd, frame)
            except BlockingIOError:
                count = 0
            except OSError:
                count = -1
            if count != size:
                short.append((self._readers[slot], count))
        for reader, count in short:
            reader.took(frame, count)

    def beat(self, frame: bytes, phase: int) -> None:
        """Send to the readers of one phase, 0 to PHASES - 1."""
        for reader in self:
            if reader.fd % PHASES == phase:
                reader.send(frame)
