"""One blog's fan-out: which reader is where, and how each gets to the head.

A reader is a cursor, not a queue. Most are at the head together, share the hub's cursor and get the same
bytes. The others have a cursor of their own and are led to the head part by part as their connection takes
it: newcomers, and those that were too slow. One question serves all of them: the answer to a cursor.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from stoppress.live.replica import Fit, Part, Replica
from stoppress.model import Cursor, Segment
from stoppress.wire.encodings import Encoding
from stoppress.wire.messages import Beat, Retry, Update

ANSWER_BYTES = 16 * 1024 * 1024
"""How much of shared answers a hub keeps; beyond it they are made again."""

BURST_WINDOW = 0.02
"""Seconds. Changes that follow a delivery within it travel together."""


class Reader(Protocol):
    """What the hub needs of a connection. `cursor` is the hub's to write while the reader is not at the head."""

    cursor: Cursor | None
    encoding: Encoding

    def send(self, data: bytes) -> None: ...

    def close(self, code: int, reason: str) -> None: ...


class Farewell(NamedTuple):
    """Why a hub sends its readers away: a WebSocket close code, and when to come back, if at all."""

    code: int
    reason: str
    retry: Retry | None = None


class Hub:
    """The readers of one blog around its replica.

    Args:
        replica: the blog's state; only `apply` and `absorb` of this hub may change it.
        call_later: as `asyncio.loop.call_later`.
        time: as `asyncio.loop.time`.
    """

    def __init__(
        self,
        replica: Replica,
        call_later: Callable[[float, Callable[[], None]], object],
        time: Callable[[], float],
    ) -> None:
        self.replica = replica
        self.cursor = replica.cursor
        """Where all readers at the head are. Behind the replica only between a change and its delivery."""
        self.delivered = asyncio.Event()
        """Set at the next delivery, which puts a new event in its place."""
        self.farewell: Farewell | None = None
        self._call_later = call_later
        self._time = time
        self._last_delivery = -BURST_WINDOW
        self._delivery_due = False
        self._at_head: dict[Encoding, set[Reader]] = {}
        self._waiting: set[Reader] = set()  # writable, on their way to the head
        self._stalled: set[Reader] = set()  # not writable
        self._answers: dict[tuple[Cursor | None, Encoding], tuple[bytes, Cursor]] = {}
        self._answers_size = 0

    @property
    def reader_count(self) -> int:
        return sum(map(len, self._at_head.values())) + len(self._waiting) + len(self._stalled)

    # Changes come in

    def apply(self, change: Segment) -> Fit:
        """Take a committed change and see that readers get it."""
        fit = self.replica.apply(change)
        if fit is Fit.NEWS:
            self._changed()
        return fit

    def absorb(self, segment: Segment) -> None:
        """Take what was read from the store and see that readers get it."""
        self.replica.absorb(segment)
        self._changed()

    def _changed(self) -> None:
        self._answers.clear()
        self._answers_size = 0
        if not self._delivery_due:
            self._delivery_due = True
            wait = self._last_delivery + BURST_WINDOW - self._time()
            self._call_later(max(0.0, wait), self.deliver)

    # Answers go out

    def deliver(self) -> None:
        """Lead everybody who can take it to the head."""
        self._delivery_due = False
        self._last_delivery = self._time()
        since = self.cursor
        for encoding, readers in self._at_head.items():
            if readers:
                self._deliver_to(encoding, readers, since)
        self.cursor = self.replica.cursor
        for reader in tuple(self._waiting):
            self._lead(reader)
        self._pulse()

    def _deliver_to(self, encoding: Encoding, readers: set[Reader], cursor: Cursor) -> None:
        while cursor != self.replica.cursor:
            frame, cursor = self.answer(cursor, encoding)
            self.cursor = cursor  # a reader whose connection is full now stalls here, with this cursor
            for reader in tuple(readers):
                reader.send(frame)

    def _pulse(self) -> None:
        self.delivered.set()
        self.delivered = asyncio.Event()

    def answer(self, cursor: Cursor | None, encoding: Encoding) -> tuple[bytes, Cursor]:
        """The bytes that a reader at `cursor` gets next, and where they lead it. Shared by all who ask the same."""
        key = (cursor, encoding)
        answer = self._answers.get(key)
        if answer is None:
            part = self.replica.sync(cursor, encoding.part_bytes)
            answer = encoding.encode(_update(self.replica.blog, part, encoding)), part.cursor
            self._keep(key, answer)
        return answer

    def _keep(self, key: tuple[Cursor | None, Encoding], answer: tuple[bytes, Cursor]) -> None:
        self._answers_size += len(answer[0]) + 200
        if self._answers_size > ANSWER_BYTES:
            self._answers.clear()
            self._answers_size = len(answer[0])
        self._answers[key] = answer

    def beat(self) -> None:
        """Tell all readers at the head where that is."""
        if self.cursor != self.replica.cursor:
            return  # a delivery is due, and says it
        for encoding, readers in self._at_head.items():
            frame = encoding.encode(Beat(str(self.cursor)))
            for reader in tuple(readers):
                reader.send(frame)

    # Readers come, slow down, and go

    def join(self, reader: Reader) -> None:
        """Take a reader in. Its cursor says where it is; it gets at least one message, be it without entries."""
        if self.farewell is not None:
            reader.close(self.farewell.code, self.farewell.reason)
            return
        self._waiting.add(reader)
        self._answer(reader)
        self._lead(reader)

    def _lead(self, reader: Reader) -> None:
        while reader in self._waiting and reader.cursor != self.replica.cursor:
            self._answer(reader)
        if reader in self._waiting and self.cursor == self.replica.cursor:
            self._waiting.discard(reader)
            self._at_head.setdefault(reader.encoding, set()).add(reader)

    def _answer(self, reader: Reader) -> None:
        frame, reader.cursor = self.answer(reader.cursor, reader.encoding)
        reader.send(frame)

    def pause(self, reader: Reader) -> None:
        """The reader's connection is full: nothing more is sent to it, and nothing is kept for it."""
        if reader in self._waiting:
            self._waiting.discard(reader)
            self._stalled.add(reader)
        elif reader in self._at_head.get(reader.encoding, ()):
            self._at_head[reader.encoding].discard(reader)
            reader.cursor = self.cursor
            self._stalled.add(reader)

    def resume(self, reader: Reader) -> None:
        """The reader's connection takes data again."""
        if reader in self._stalled:
            self._stalled.discard(reader)
            self._waiting.add(reader)
            self._lead(reader)

    def leave(self, reader: Reader) -> None:
        """The reader's connection is gone."""
        self._at_head.get(reader.encoding, set()).discard(reader)
        self._waiting.discard(reader)
        self._stalled.discard(reader)

    def close(self, farewell: Farewell) -> None:
        """Send everybody away, and everybody who comes later."""
        self.farewell = farewell
        for reader in tuple(self._readers()):
            if farewell.retry is not None and reader not in self._stalled:
                reader.send(reader.encoding.encode(farewell.retry))
            self.leave(reader)
            reader.close(farewell.code, farewell.reason)
        self._pulse()

    def _readers(self) -> Iterator[Reader]:
        for readers in self._at_head.values():
            yield from readers
        yield from self._waiting
        yield from self._stalled


def _update(blog: str, part: Part, encoding: Encoding) -> Update:
    return Update(
        blog=blog,
        from_=None if part.since is None else str(part.since),
        cursor=str(part.cursor),
        header=None if part.header is None else part.header.raw(encoding),
        entries=[entry.raw(encoding) for entry in part.entries],
        more=part.more,
        older=part.older,
    )
