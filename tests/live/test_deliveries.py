"""The figures of deliveries: exact counts, and times from a sample that nobody can spoil."""

from __future__ import annotations

import random

import pytest

from stoppress.live import deliveries as module
from stoppress.live.deliveries import MAX_DELIVERIES, Delivery, bucket_of, seconds_of
from tests.live.reader import Reader
from tests.live.test_hub import World
from tests.support.history import entry, header


@pytest.fixture
def world() -> World:
    return World()


def deliver(world: World, number: int) -> Delivery:
    world.publish(number)
    world.wait()
    world.now += 1
    return list(world.hub.deliveries)[-1]


def counts(world: World) -> list[tuple[int, int]]:
    return [(one.received, one.readers) for one in world.hub.deliveries]


def test_readers_over_all_transports_are_counted_for_each_delivery(world: World):
    world.join(), world.join()
    world.hub.deliveries.enter("events")
    world.hub.deliveries.enter("changes")
    delivery = deliver(world, 1)
    assert (delivery.received, delivery.readers) == (2, 4)
    assert [one.version for one in delivery.entries] == [1]
    assert world.hub.total == 4


def test_an_event_stream_has_a_delivery_when_it_has_taken_it(world: World):
    log = world.hub.deliveries
    mark = log.enter("events")
    first = deliver(world, 1)
    between = world.hub.cursor
    deliver(world, 2)
    late = log.enter("events")
    mark = log.settle(mark, between)
    assert counts(world) == [(1, 1), (0, 1)] and mark == first.number + 1
    assert log.settle(mark, world.hub.cursor) == log.next_mark
    assert log.settle(late, world.hub.cursor) == log.next_mark
    assert counts(world) == [(1, 1), (1, 1)], "who comes later is not counted"
    log.exit("events")
    assert world.hub.total == 1


def test_a_slow_reader_counts_when_it_has_caught_up(world: World):
    reader = world.join()
    world.join()
    reader.room = 5
    deliver(world, 1)
    reader.room = None
    deliver(world, 2)
    assert counts(world) == [(1, 2), (1, 2)]
    world.hub.resume(reader)
    assert counts(world) == [(2, 2), (2, 2)]
    deliver(world, 3)
    assert counts(world)[-1] == (2, 2)


def test_a_reader_whose_connection_took_the_rest_at_once_counts_once(world: World):
    reader = world.join()
    reader.room, reader.takes_rest = 5, True
    deliver(world, 1)
    assert counts(world) == [(1, 1)]


@pytest.mark.parametrize("how", ["broken", "leaves"])
def test_a_reader_that_is_gone_has_not_received_it(world: World, how: str):
    reader = world.join()
    reader.room = OSError() if how == "broken" else 5
    deliver(world, 1)
    world.hub.leave(reader)
    assert counts(world) == [(0, 1)]


def test_a_reader_that_joins_between_a_change_and_its_delivery_counts_once(world: World):
    world.join()
    deliver(world, 1)
    world.publish(2)
    world.join()
    world.wait()
    assert counts(world)[-1] == (2, 2)


def test_a_returning_reader_is_not_counted_for_what_it_missed(world: World):
    world.join()
    deliver(world, 1)
    returning = world.join(cursor=world.hub.replica.cursor_at(1))
    world.hub.pause(returning)
    world.hub.resume(returning)
    assert counts(world) == [(1, 1)]


def test_without_readers_nothing_is_noted_and_what_is_noted_is_bounded(world: World):
    world.publish(1)
    world.wait()
    world.now += 1
    assert counts(world) == []
    world.join()
    for number in range(MAX_DELIVERIES + 5):
        deliver(world, number + 2)
    assert len(counts(world)) == MAX_DELIVERIES


def test_random_readers_are_counted_exactly(world: World):
    """Readers stall, resume, leave and come; at the end all who stayed have everything."""
    rng = random.Random(16)
    expected: list[tuple[int, set[Reader]]] = []
    readers = [world.join() for _ in range(20)]
    stalled: set[Reader] = set()
    for number in range(1, 30):
        for reader in rng.sample(readers, 6):
            if reader in stalled:
                stalled.discard(reader)
                reader.room = None
                world.hub.resume(reader)
            else:
                reader.room = 5
        if number % 3 == 0:
            readers.append(world.join())
        expected.append((world.hub.total, set(readers)))
        deliver(world, number)
        stalled |= {reader for reader in readers if reader.room == 5}
    for reader in readers:
        reader.room = None
        world.hub.resume(reader)
    assert counts(world) == [(len(there), total) for total, there in expected]


# The sample


def asked(reader: Reader) -> bool | None:
    """Return the last request to answer that a reader got."""
    requests = [message["answer"] for message in reader.messages if message["type"] == "sample"]
    return requests[-1] if requests else None


def test_only_the_sample_is_asked_and_it_is_filled_up_and_ended(world: World):
    readers = [world.join() for _ in range(5)]
    world.hub.draw_sample(3, anew=True)
    chosen = [reader for reader in readers if asked(reader)]
    assert len(chosen) == len(world.hub.sample) == 3
    world.hub.leave(chosen[0])
    world.hub.draw_sample(3, anew=False)
    assert len(world.hub.sample) == 3
    world.hub.sample.end()
    assert len(world.hub.sample) == 0
    assert not any(asked(reader) for reader in readers if reader is not chosen[0])


def test_readers_that_come_later_are_asked_as_often_as_the_first_ones(world: World):
    first = [world.join() for _ in range(20)]
    world.hub.draw_sample(20, anew=True)
    later = [world.join() for _ in range(180)]
    world.hub.draw_sample(20, anew=False)
    assert len(world.hub.sample) == 20
    assert any(asked(reader) for reader in later)
    assert not all(asked(reader) for reader in first)


def test_an_answer_counts_once_and_only_for_a_delivery_after_the_request(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("stoppress.live.deliveries.time.monotonic", lambda: world.now)
    reader, other = world.join(), world.join()
    old = deliver(world, 1)
    world.hub.draw_sample(1, anew=True)
    reader, other = (reader, other) if reader in world.hub.sample else (other, reader)
    new = deliver(world, 2)
    new.at = world.now - 0.5
    sample = world.hub.sample
    for who, cursor in (
        (reader, str(old.cursor)),
        (other, str(new.cursor)),
        (reader, "2-guessed"),
        (reader, "9999-x"),
        (reader, str(new.cursor)),
        (reader, str(new.cursor)),
        (reader, str(old.cursor)),
    ):
        sample.painted(who, cursor)
    assert old.times is None
    assert new.times is not None and new.times.total() == 1
    assert seconds_of(next(iter(new.times))) == pytest.approx(0.5, rel=0.03)
    late = deliver(world, 3)
    late.at = world.now - module.ANSWER_SECONDS - 1
    sample.painted(reader, str(late.cursor))
    assert late.times is None, "a page that was hidden"


@pytest.mark.parametrize("seconds", [0.0001, 0.02, 0.3, 7.0, 59.0])
def test_times_are_kept_to_three_percent(seconds: float):
    assert seconds_of(bucket_of(seconds)) == pytest.approx(seconds, rel=0.03, abs=0.0002)


def test_a_change_of_the_header_alone_is_no_entry(world: World):
    world.join()
    world.hub.apply(world.history.commit(header(headline="New")))
    world.wait()
    assert [list(one.entries) for one in world.hub.deliveries] == [[]]
    world.hub.apply(world.history.commit(entry(1)))
