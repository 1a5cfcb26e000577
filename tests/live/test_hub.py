from __future__ import annotations

from collections.abc import Callable

import pytest

from stoppress.live.fd_group import PHASES
from stoppress.live.hub import BURST_SECONDS, HELD_SECONDS, Hub, Timing
from stoppress.live.replica import Replica
from stoppress.wire.close_reasons import CloseCode, CloseReason
from stoppress.wire.messages import Retry
from tests.live.reader import Reader
from tests.support.history import History, entry, header


class World:
    """A hub on a history, with a clock that is moved by hand."""

    def __init__(self) -> None:
        self.history, self.now = History(), 0.0
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self.readers: list[Reader] = []
        self.history.commit(header())
        self.hub = Hub(Replica("demo"), Timing(self._call_later, lambda: self.now), self._write)
        self.hub.absorb(self.history.read())
        self.wait()
        self.now += 1

    def _call_later(self, delay: float, work: Callable[[], None]) -> None:
        self.timers.append((self.now + delay, work))

    def _write(self, fd: int, data: bytes) -> int:
        return self.readers[fd].write(data)

    def publish(self, *numbers: int) -> None:
        self.hub.apply(self.history.commit(*map(entry, numbers)))

    def wait(self, seconds: float = 0.0) -> None:
        self.now += seconds
        due, self.timers = [t for t in self.timers if t[0] <= self.now], [t for t in self.timers if t[0] > self.now]
        for _, work in due:
            work()

    def join(self, **options) -> Reader:
        reader = Reader(len(self.readers), **options)
        self.readers.append(reader)
        self.hub.join(reader)
        return reader

    def beat(self) -> None:
        for phase in range(PHASES):
            self.hub.beat(phase)


@pytest.fixture
def world() -> World:
    return World()


def test_the_first_change_goes_out_at_once_and_those_right_after_it_together(world):
    reader, other = world.join(), world.join()
    world.publish(1)
    world.wait()
    assert len(reader.sent) == 2
    assert reader.sent[-1] is other.sent[-1], "the same bytes object"
    for number in range(2, 10):
        world.publish(number)
    world.wait()
    assert len(reader.sent) == 2
    world.wait(BURST_SECONDS)
    assert len(reader.sent) == 3
    assert len(reader.messages[-1]["entries"]) == 8


def test_a_reader_that_joins_during_a_burst_gets_everything_once(world):
    world.publish(1)
    world.wait()
    world.publish(2)
    reader = world.join()
    world.publish(3)
    world.wait(BURST_SECONDS)
    seqs = [each["seq"] for message in reader.messages for each in message["entries"]]
    assert seqs == [2, 3, 4]
    assert reader.messages[1]["from"] == reader.messages[0]["cursor"]


def test_nothing_is_sent_to_a_full_connection_and_it_is_caught_up_afterwards(world):
    reader, other = world.join(), world.join()
    world.hub.pause(reader)
    for number in range(5):
        world.publish(number)
        world.wait(1)
    assert len(reader.sent) == 1
    assert len(other.sent) == 6
    world.hub.resume(reader)
    assert len(reader.sent) == 2
    assert len(reader.messages[1]["entries"]) == 5
    world.publish(9)
    world.wait(1)
    assert reader.sent[-1] is other.sent[-1], "it is at the head with the others again"


def test_a_held_hub_sends_nothing_until_it_is_released(world):
    slow, other = world.join(), world.join()
    world.hub.pause(slow)
    world.publish(1)
    world.hub.is_held = lambda: True
    world.wait()
    world.hub.resume(slow)
    for _ in range(3):
        world.wait(HELD_SECONDS)
    assert (len(slow.sent), len(other.sent)) == (1, 1)
    world.publish(2)
    world.hub.is_held = lambda: False
    world.wait(HELD_SECONDS)
    assert len(slow.messages[-1]["entries"]) == len(other.messages[-1]["entries"]) == 2
    assert not world.timers, "it waits for nothing more"


def test_a_reader_that_takes_a_part_is_set_aside_after_all_others_have_the_frame(world):
    slow, other = world.join(), world.join()
    slow.room = 5
    world.publish(1)
    world.wait(1)
    assert slow.buffered == slow.sent[-1][5:]
    assert (world.hub.slow_count, world.hub.counts.slow) == (1, 1)
    assert slow.sent[-1] is other.sent[-1]
    world.publish(2)
    world.wait(1)
    assert (len(slow.sent), len(other.sent)) == (2, 3), "nothing is sent to it"
    world.hub.resume(slow)
    assert slow.messages[-1]["from"] == other.messages[-2]["cursor"], "it goes on from the update that it has in part"


def test_a_reader_whose_transport_takes_the_rest_is_not_slow(world):
    reader, other = world.join(), world.join()
    reader.room, reader.takes_rest = 5, True
    world.publish(1)
    world.wait(1)
    assert (world.hub.slow_count, world.hub.counts.slow) == (0, 0)
    reader.room = None
    world.publish(2)
    world.wait(1)
    assert reader.sent[-1] is other.sent[-1], "it is at the head with the others"


def test_a_broken_connection_is_aborted_and_forgotten(world):
    reader = world.join()
    reader.room = ConnectionResetError()
    world.publish(1)
    world.wait(1)
    assert reader.aborted
    assert world.hub.reader_count == 0


def test_a_rolled_back_store_resets_everybody(world):
    at_head, slow = world.join(), world.join()
    world.publish(1, 2)
    world.wait(1)
    world.hub.pause(slow)
    world.history.roll_back(2)
    world.history.commit(entry(3))
    world.hub.absorb(world.history.read())
    world.wait(1)
    world.hub.resume(slow)
    for reader in (at_head, slow):
        assert reader.messages[-1]["from"] is None
        assert [each["seq"] for each in reader.messages[-1]["entries"]] == [2, 3]


def test_returning_readers_with_the_same_cursor_share_one_answer(world):
    since = world.history.cursor
    world.publish(*range(20))
    world.wait(1)
    readers = [world.join(cursor=since) for _ in range(10)]
    assert len({id(reader.sent[0]) for reader in readers}) == 1


def test_no_beat_is_sent_while_a_delivery_is_due(world):
    reader = world.join()
    world.beat()
    assert reader.messages[-1] == {"type": "beat", "cursor": str(world.history.cursor)}
    world.publish(1)
    world.beat()
    assert len(reader.sent) == 2


def test_a_farewell_reaches_everybody_and_whoever_comes_later(world):
    early = world.join()
    world.hub.close(CloseReason(CloseCode.GOING_AWAY, "bye", Retry(0, 500)))
    late = world.join()
    assert early.messages[-1] == {"type": "retry", "min": 0, "max": 500}
    assert (early.closed, late.closed, world.hub.reader_count) == (1001, 1001, 0)


def test_a_reader_that_left_is_not_kept_by_a_late_pause(world):
    reader = world.join()
    world.hub.leave(reader)
    world.hub.pause(reader)
    world.hub.resume(reader)
    assert world.hub.reader_count == 0
