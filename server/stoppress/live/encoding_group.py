"""The readers at the head with one encoding: what each of them is sent, and who may be sent the same."""

from __future__ import annotations

from collections.abc import Iterator

from stoppress.live.answers import Answer
from stoppress.live.fd_group import FdGroup, Reader, Write
from stoppress.wire.encodings import Compression, Encoding, WebSocket
from stoppress.wire.frames import DeflateStream


class EncodingGroup:
    """Those who all get the same frames."""

    def __init__(self, encoding: Encoding, write: Write) -> None:
        self.encoding = encoding
        self._readers = FdGroup(write)

    def __len__(self) -> int:
        return len(self._readers)

    def fd_groups(self) -> Iterator[FdGroup]:
        yield self._readers

    def add(self, reader: Reader) -> None:
        self._readers.add(reader)

    def deliver(self, answer: Answer) -> None:
        self._readers.send(answer.frame(self.encoding))


class StreamGroup(EncodingGroup):
    """Those who share a deflate stream, and newcomers, who get frames by themselves until a new stream begins.

    A new stream costs its followers the context of the old one, and gives context to the newcomers. So it begins
    when the newcomers together have gone without context as often as there are followers: then, whatever comes,
    not more than twice as many frames go out without context as would have to.
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

    def deliver(self, answer: Answer) -> None:
        self._without += len(self._readers)
        if self._without >= len(self._followers):
            self._stream, self._without = DeflateStream(), 0
            self._followers.take_all(self._readers)
        self._followers.send(self._stream.frame(self.encoding.opcode, answer.payload))
        if self._readers:
            super().deliver(answer)


def group_for(encoding: Encoding, write: Write) -> EncodingGroup:
    if isinstance(encoding, WebSocket) and encoding.compression is Compression.STREAM:
        return StreamGroup(encoding, write)
    return EncodingGroup(encoding, write)
