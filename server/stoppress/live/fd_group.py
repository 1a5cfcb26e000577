"""Readers that get the same bytes: the innermost loop of the fan-out.

Nearly all the cost of a delivery is the kernel's work for each `write`. So the loop touches as little memory as
possible between two writes: one file descriptor, from an array. It uses the readers and their transports only if a
connection does not take all bytes.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from typing import Protocol

from stoppress.model import Cursor
from stoppress.wire.close_reasons import CloseReason
from stoppress.wire.encodings import Encoding

PHASES = 20
"""A beat goes out in this many portions, spread over the interval."""

Write = Callable[[int, bytes], int]
"""Like `os.write` on a non-blocking socket: return the number of written bytes, or raise `OSError`."""


class Reader(Protocol):
    """A reader's connection as the fan-out sees it. Only the fan-out writes its attributes."""

    cursor: Cursor | None
    """The cursor that the hub last led it to; None: it has nothing yet. Not updated while the reader is in a group."""
    fd_group: FdGroup | None
    """The reader's group while it is at the head."""
    slot: int
    """Its index in the group."""
    ends: int
    """The Unix time in seconds until which it may read a private blog; see `live/passes.py`."""

    @property
    def fd(self) -> int:
        """The file descriptor that `Write` takes."""

    @property
    def encoding(self) -> Encoding: ...

    def send(self, data: bytes) -> None:
        """Write, and buffer what the connection does not take. Call the hub's `pause` if the buffer is not empty."""

    def buffer(self, rest: memoryview) -> bool:
        """Write the rest of a frame like `send`. Return whether some of it is still in the buffer."""

    def abort(self) -> None:
        """Drop the connection at once."""

    def close(self, close_reason: CloseReason) -> None:
        """Send a close frame and hang up."""


Unsent = tuple[Reader, memoryview | None]
"""A reader that did not take a whole frame, and the rest of the frame; None: its connection is broken."""


class FdGroup:
    """Readers whose connections have no buffered data, so that the loop may write to them directly."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._fds = array("i")
        self._readers: list[Reader] = []

    def __len__(self) -> int:
        return len(self._readers)

    def __iter__(self) -> Iterator[Reader]:
        return iter(tuple(self._readers))

    def add(self, reader: Reader) -> None:
        """Add a reader, which must have no buffered data."""
        reader.fd_group, reader.slot = self, len(self._readers)
        self._fds.append(reader.fd)
        self._readers.append(reader)

    def remove(self, reader: Reader) -> None:
        """Remove a reader. The last one moves into its slot."""
        last, fd = self._readers.pop(), self._fds.pop()
        if last is not reader:
            self._readers[reader.slot], self._fds[reader.slot] = last, fd
            last.slot = reader.slot
        reader.fd_group = None

    def take_all(self, other: FdGroup) -> None:
        """Move all readers of another group into this one."""
        for reader in other:
            other.remove(reader)
            self.add(reader)

    def send(self, frame: bytes) -> list[Unsent]:
        """Write a frame to every reader. Return those that did not take all of it; they are still in the group."""
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
                short.append((slot, count))
        return [(self._readers[slot], memoryview(frame)[count:] if count >= 0 else None) for slot, count in short]

    def beat(self, frame: bytes, phase: int) -> None:
        """Send a beat to the readers of one phase, 0 to PHASES - 1."""
        for reader in self:
            if reader.fd % PHASES == phase:
                reader.send(frame)
