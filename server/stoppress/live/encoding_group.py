"""The readers at the head that use one encoding, and the frames that they share."""

from __future__ import annotations

from collections.abc import Iterator

from stoppress.live.answers import Answer
from stoppress.live.fd_group import FdGroup, Reader, Unsent, Write
from stoppress.wire.encodings import Compression, Encoding, WebSocket
from stoppress.wire.frames import DeflateStream


class EncodingGroup:
    """Readers that all get the same frames."""

    def __init__(self, encoding: Encoding, write: Write) -> None:
        self.encoding = encoding
        self._readers = FdGroup(write)

    @staticmethod
    def of(encoding: Encoding, write: Write) -> EncodingGroup:
        """Return an empty group for an encoding."""
        if isinstance(encoding, WebSocket) and encoding.compression is Compression.STREAM:
            return StreamGroup(encoding, write)
        return EncodingGroup(encoding, write)

    def __len__(self) -> int:
        return len(self._readers)

    def fd_groups(self) -> Iterator[FdGroup]:
        yield self._readers

    def add(self, reader: Reader) -> None:
        self._readers.add(reader)

    def deliver(self, answer: Answer) -> list[Unsent]:
        """Send an update to all readers. Return those that did not take all of it."""
        return self._readers.send(answer.frame(self.encoding))


class StreamGroup(EncodingGroup):
    """Followers, which share a deflate stream, and newcomers, which get frames without context until they join it.

    When a new stream begins, the followers lose the context of the old one, and the newcomers join. A stream begins
    when the newcomers together have got as many frames without context as there are followers. So at most twice as
    many frames as necessary go out without context.
    """

    encoding: WebSocket

    def __init__(self, encoding: WebSocket, write: Write) -> None:
        super().__init__(encoding, write)
        self._followers = FdGroup(write)
        self._stream = DeflateStream()
        self._without = 0

    def __len__(self) -> int:
        return len(self._readers) + len(self._followers)

    def fd_groups(self) -> Iterator[FdGroup]:
        yield self._readers
        yield self._followers

    def deliver(self, answer: Answer) -> list[Unsent]:
        self._without += len(self._readers)
        if self._without >= len(self._followers):
            self._stream, self._without = DeflateStream(), 0
            self._followers.take_all(self._readers)
        unsent = self._followers.send(self._stream.frame(self.encoding.opcode, answer.payload))
        return unsent + super().deliver(answer) if self._readers else unsent
