"""One blog's fan-out: it knows the cursor of each reader, and leads each reader to the head.

A reader is a cursor, not a queue. Most readers are at the head together, share the hub's cursor and get the same bytes.
Newcomers and slow readers have a cursor of their own; the hub leads them to the head part by part, as fast as their
connections accept data. The answer to a cursor serves all of them.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

from stoppress.live.answers import Answers
from stoppress.live.deliveries import Delivery, DeliveryLog
from stoppress.live.encoding_group import EncodingGroup
from stoppress.live.fd_group import Reader, Write
from stoppress.live.passes import Passes
from stoppress.live.replica import Fit, Replica
from stoppress.live.sample import ReaderSample
from stoppress.model import Cursor, Segment
from stoppress.telemetry.counts import Counts
from stoppress.wire.close_reasons import ACCESS_CHANGED, CloseReason
from stoppress.wire.encodings import Encoding
from stoppress.wire.messages import Beat

HELD_SECONDS = 0.02
"""Time between two attempts to deliver while the hub is held."""

BURST_SECONDS = 0.02
"""Changes that come within this time after a delivery go out together in the next one."""


class Timing(NamedTuple):
    """The clock of an event loop: its `call_later` and `time`."""

    call_later: Callable[[float, Callable[[], None]], object]
    time: Callable[[], float]


class Hub:
    """The readers of one blog around its replica.

    Args:
        replica: the blog's state; only `apply` and `absorb` of this hub may change it.
        timing: the clock.
        write: writes to a file descriptor; `os.write` on a server.
        counts: shared by all hubs of a node.
    """

    def __init__(self, replica: Replica, timing: Timing, write: Write, counts: Counts | None = None) -> None:
        self.replica = replica
        self.cursor = replica.cursor
        """The cursor of all readers at the head. Behind the replica only between a change and its delivery."""
        self.delivered = asyncio.Event()
        """Set at the next delivery, which replaces it with a new event."""
        self.close_reason: CloseReason | None = None
        self.is_held: Callable[[], bool] = lambda: False
        """Returns whether nothing may be sent now, because the node does not know how old its state is."""
        self.held_requests = 0
        """The number of long polls and event streams that wait for a change."""
        self.desks = 0
        """The number of open desks of editors."""
        self.counts = counts or Counts()
        self._timing = timing
        self._write = write
        self._window_end = 0.0
        self._delivery_due = False
        self._arrivals: list[float] = []  # when the changes of the next delivery reached this node
        self._answers = Answers(replica)
        self._at_head: dict[Encoding, EncodingGroup] = {}
        self._waiting: dict[Reader, int] = {}  # writable, on their way to the head, each with its mark
        self._stalled: dict[Reader, int] = {}  # not writable, each with its mark
        self.deliveries = DeliveryLog()
        self.sample = ReaderSample(self.deliveries)
        self.passes = Passes(self._readers, self.dismiss)

    @property
    def reader_count(self) -> int:
        return sum(map(len, self._at_head.values())) + len(self._waiting) + len(self._stalled)

    @property
    def total(self) -> int:
        """The number of readers over all transports."""
        return self.reader_count + self.deliveries.held.total()

    @property
    def is_read(self) -> bool:
        """Whether anybody waits for changes of this blog."""
        if self._at_head and any(map(len, self._at_head.values())):
            return True
        return bool(self.held_requests or self.desks or self._waiting or self._stalled)

    @property
    def slow_count(self) -> int:
        """The number of readers whose connections are full now."""
        return len(self._stalled)

    def has_shown(self, cursor: Cursor) -> bool:
        """Return whether a cursor is in the history and the readers at the head have been sent its change."""
        return self.cursor.seq >= cursor.seq and self.replica.knows(cursor)

    def census(self) -> Counter[Encoding]:
        """Return the number of readers by encoding."""
        readers = Counter({encoding: len(group) for encoding, group in self._at_head.items()})
        readers.update(reader.encoding for reader in self._waiting)
        readers.update(reader.encoding for reader in self._stalled)
        return readers

    # Changes come in

    def apply(self, change: Segment, arrived_at: float | None = None) -> Fit:
        """Take a committed change and schedule its delivery.

        Args:
            change: what was committed.
            arrived_at: when it, or the request for it, reached this node, by `time.monotonic`. The default is now.
        """
        fit = self.replica.apply(change)
        if fit is Fit.NEWS:
            self._arrivals.append(time.monotonic() if arrived_at is None else arrived_at)
            self._changed()
        return fit

    def absorb(self, segment: Segment) -> None:
        """Take a segment from the store and schedule its delivery."""
        self.replica.absorb(segment)
        self._changed()

    def _changed(self) -> None:
        self._answers.forget()
        self._schedule_delivery(self._window_end - self._timing.time())

    def _schedule_delivery(self, seconds: float) -> None:
        if not self._delivery_due:
            self._delivery_due = True
            self._timing.call_later(max(0.0, seconds), self.deliver)

    # Answers go out

    def catch_up(self, cursor: Cursor | None, encoding: Encoding) -> tuple[bytes, Cursor]:
        """Return `answer` for a reader that connects with this cursor, and count it by kind."""
        answer = self._answers.to(cursor, encoding.codec)
        if cursor is None:
            kind = "opening"
        elif answer.resets:
            kind = "reset"
            self.counts.resets += 1
        else:
            kind = "nothing" if answer.cursor == cursor else "catch_up"
        self.counts.catch_ups[kind] += 1
        return answer.frame(encoding), answer.cursor

    def answer(self, cursor: Cursor | None, encoding: Encoding) -> tuple[bytes, Cursor]:
        """Return the bytes that a reader at `cursor` gets next, and the cursor that they lead it to.

        All callers with the same arguments share them.
        """
        answer = self._answers.to(cursor, encoding.codec)
        return answer.frame(encoding), answer.cursor

    def deliver(self) -> None:
        """Lead every reader whose connection takes data to the head."""
        self._delivery_due = False
        if self.is_held() or self.passes.send_guests_away():
            self._schedule_delivery(HELD_SECONDS)
            return
        self._window_end = self._timing.time() + BURST_SECONDS
        since = self.cursor
        delivery = self._begin(since)
        for group in self._at_head.values():
            self._deliver_to(group, since, delivery)
        self.cursor = self.replica.cursor
        for reader in tuple(self._waiting):
            self._lead(reader)
        self._count_arrivals()
        self._pulse()
        if self.cursor.seq > since.seq + 1:  # a burst: leave processor time to the editors that make it
            self._window_end = self._timing.time() + BURST_SECONDS

    def _begin(self, since: Cursor) -> Delivery | None:
        """Note a delivery to all readers, who have it unless something else is noted. None: there is none to make."""
        readers = self.total
        if since == self.replica.cursor or not readers:
            return None
        at = min(self._arrivals, default=time.monotonic())
        delivery = self.deliveries.begin(self.replica.cursor, self.replica.versions_after(since), at, readers)
        delivery.received = sum(map(len, self._at_head.values()))
        return delivery

    def _deliver_to(self, group: EncodingGroup, cursor: Cursor, delivery: Delivery | None) -> None:
        while cursor != self.replica.cursor and len(group):
            answer = self._answers.to(cursor, group.encoding.codec)
            self.cursor = cursor = answer.cursor
            self.counts.deliveries["websocket"] += len(group)
            self.counts.resets += len(group) if answer.resets else 0
            for reader, rest in group.deliver(answer):
                if delivery is not None:
                    delivery.received -= 1
                self._stall(reader, rest)

    def _count_arrivals(self) -> None:
        now = time.monotonic()
        for arrival in self._arrivals:
            self.counts.publish_to_write.add(now - arrival)
        self._arrivals.clear()

    def _pulse(self) -> None:
        self.delivered.set()
        self.delivered = asyncio.Event()

    def beat(self, phase: int) -> None:
        """Send the head's cursor to the readers at the head whose turn it is."""
        if not self._at_head or self.cursor != self.replica.cursor:
            return  # there is nobody to tell, or a delivery is due and will say it
        for encoding, group in self._at_head.items():
            frame = encoding.encode(Beat(str(self.cursor)))
            for fd_group in group.fd_groups():
                fd_group.beat(frame, phase)

    # Readers join, slow down, and leave

    def join(self, reader: Reader, opening: bytes = b"") -> None:
        """Take a reader in and answer its cursor with at least one message, even if that has no entries.

        Args:
            reader: its `cursor` says what it has.
            opening: bytes to send before the message in the same write: the end of the handshake.
        """
        close_reason = self.close_reason or (None if self.passes.admits(reader) else ACCESS_CHANGED)
        if close_reason is not None:
            reader.send(opening)
            reader.close(close_reason)
            return
        self.passes.add(reader)
        self._waiting[reader] = self.deliveries.next_mark
        self._answer(reader, opening)
        self._lead(reader)

    def _lead(self, reader: Reader) -> None:
        if not self.passes.admits(reader):
            self.dismiss(reader, ACCESS_CHANGED)
            return
        while reader in self._waiting and reader.cursor != self.replica.cursor:
            self._answer(reader)
        if reader not in self._waiting:
            return
        self._waiting[reader] = self.deliveries.settle(self._waiting[reader], reader.cursor)
        if self.cursor == self.replica.cursor:
            del self._waiting[reader]
            self._group(reader.encoding).add(reader)

    def _answer(self, reader: Reader, opening: bytes = b"") -> None:
        frame, reader.cursor = self.catch_up(reader.cursor, reader.encoding)
        reader.send(opening + frame)

    def _group(self, encoding: Encoding) -> EncodingGroup:
        if encoding not in self._at_head:
            self._at_head[encoding] = EncodingGroup.of(encoding, self._write)
        return self._at_head[encoding]

    def _stall(self, reader: Reader, rest: memoryview | None) -> None:
        """Set aside a reader that did not take all of the update that leads to `cursor`."""
        if rest is None:
            self.leave(reader)
            reader.abort()
            return
        self._set_aside(reader, self.deliveries.number)
        if reader.buffer(rest):
            self.counts.slow += 1
        else:
            self.resume(reader)

    def _set_aside(self, reader: Reader, mark: int) -> None:
        if reader.fd_group is not None:
            reader.fd_group.remove(reader)
            reader.cursor = self.cursor
        self._stalled[reader] = self._waiting.pop(reader, mark)

    def pause(self, reader: Reader) -> None:
        """Stop sending to a reader whose connection is full. Nothing is kept for it but its cursor."""
        if reader.fd_group is not None or reader in self._waiting:
            self.counts.slow += 1
            self._set_aside(reader, self.deliveries.next_mark)

    def resume(self, reader: Reader) -> None:
        """Lead a reader to the head again when its connection takes data again."""
        if reader in self._stalled:
            self._waiting[reader] = self._stalled.pop(reader)
            if self.is_held():
                self._schedule_delivery(HELD_SECONDS)
            else:
                self._lead(reader)

    async def released(self) -> None:
        """Wait until the hub is not held."""
        while self.is_held():
            self._schedule_delivery(HELD_SECONDS)
            await self.delivered.wait()

    def leave(self, reader: Reader) -> None:
        """Forget a reader whose connection is gone."""
        if reader.fd_group is not None:
            reader.fd_group.remove(reader)
        self._waiting.pop(reader, None)
        self._stalled.pop(reader, None)
        self.sample.discard(reader)
        self.passes.remove(reader)

    def has(self, reader: Reader) -> bool:
        """Return whether a reader is here."""
        return reader.fd_group is not None or reader in self._waiting or reader in self._stalled

    def dismiss(self, reader: Reader, close_reason: CloseReason) -> None:
        """Close the connection of one reader, if it is still here."""
        if self.has(reader):
            self.leave(reader)
            reader.close(close_reason)

    def close(self, close_reason: CloseReason) -> None:
        """Close every reader's connection, also of those that join later."""
        self.close_reason = close_reason
        self.release(self.reader_count, close_reason)
        self._pulse()

    def release(self, count: int, close_reason: CloseReason) -> int:
        """Close the connections of up to `count` readers. Return how many it closed."""
        leaving = tuple(islice(self._readers(), count))
        for reader in leaving:
            if close_reason.retry is not None and reader not in self._stalled:
                reader.send(reader.encoding.encode(close_reason.retry))
            self.leave(reader)
            reader.close(close_reason)
        return len(leaving)

    def draw_sample(self, size: int, *, anew: bool) -> None:
        """Ask a random sample of the WebSocket readers to answer when they have painted an update.

        Args:
            size: the number of readers in it, if there are so many.
            anew: whether to draw all of it, or only to fill it up if there are about as many readers as before.
        """
        missing = min(size, self.reader_count) - len(self.sample)
        if anew or missing < 0 or not self.sample.stands_for(self.reader_count):
            self.sample.draw(list(self._readers()), size, self.cursor.seq)
        elif missing:
            others = [reader for reader in self._readers() if reader not in self.sample]
            self.sample.add(random.sample(others, min(missing, len(others))), self.cursor.seq)

    def _readers(self) -> Iterator[Reader]:
        for group in self._at_head.values():
            for fd_group in group.fd_groups():
                yield from fd_group
        yield from self._waiting
        yield from self._stalled
