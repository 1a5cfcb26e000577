"""Who may come in: each limit by itself, and what those are told who may not."""

from __future__ import annotations

import pytest

from stoppress.telemetry.counts import Counts
from stoppress.web.admission.admission import (
    ADDRESS_FULL,
    DRAINING,
    FULL,
    OVERLOADED,
    REASONS,
    TOO_MANY_HANDSHAKES,
    Admission,
    Limits,
    NotAdmitted,
)
from tests.support.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


def rejected(door: Admission, reason: str) -> int:
    return door._counts.rejections[reason]


def test_without_limits_everybody_may_come_in(clock: Clock):
    door = Admission(Limits(), Counts(), clock)
    assert not any(isinstance(door.enter(), NotAdmitted) for _ in range(10_000))
    assert door.readers == 10_000


def test_a_full_node_takes_the_next_one_when_somebody_has_left(clock: Clock):
    door = Admission(Limits(readers=2), Counts(), clock)
    seat, _ = door.enter(), door.enter()
    assert [door.enter(), door.enter()] == [FULL, FULL]
    assert not isinstance(seat, NotAdmitted)
    seat()
    assert not isinstance(door.enter(), NotAdmitted)
    assert door.enter() == FULL
    assert (door.readers, rejected(door, "full")) == (2, 3)


def test_readers_of_one_address_are_limited_and_those_of_others_are_not(clock: Clock):
    door = Admission(Limits(readers_per_address=2), Counts(), clock)
    seat, _ = door.enter("192.0.2.1"), door.enter("192.0.2.1")
    assert door.enter("192.0.2.1") == ADDRESS_FULL
    assert not isinstance(door.enter("192.0.2.2"), NotAdmitted)
    assert not isinstance(seat, NotAdmitted)
    seat()
    assert not isinstance(door.enter("192.0.2.1"), NotAdmitted)
    assert (door.readers, rejected(door, "address_full")) == (3, 1)


def test_nothing_is_kept_of_an_address_whose_readers_are_gone(clock: Clock):
    door = Admission(Limits(readers_per_address=2), Counts(), clock)
    for number in range(100):
        seat = door.enter(f"192.0.2.{number}")
        assert not isinstance(seat, NotAdmitted)
        seat()
    assert (door.readers, len(door._addresses)) == (0, 0)


def test_handshakes_have_a_rate_and_a_second_of_it_may_come_at_once(clock: Clock):
    door = Admission(Limits(handshakes=10), Counts(), clock)
    assert [isinstance(door.enter(), NotAdmitted) for _ in range(12)] == [False] * 10 + [True] * 2
    clock.now += 0.31
    assert [isinstance(door.enter(), NotAdmitted) for _ in range(5)] == [False] * 3 + [True] * 2
    clock.now += 60  # a pause saves up no more than a second
    assert [door.enter() == TOO_MANY_HANDSHAKES for _ in range(12)] == [False] * 10 + [True] * 2
    assert rejected(door, "too_many_handshakes") == 6


def test_a_node_that_is_being_stopped_takes_nobody_in(clock: Clock):
    door = Admission(Limits(), Counts(), clock)
    door.draining = True
    assert door.enter() == DRAINING
    assert (door.readers, rejected(door, "draining")) == (0, 1)


def test_a_node_that_is_late_takes_nobody_in_until_it_has_caught_up(clock: Clock):
    door = Admission(Limits(), Counts(), clock)
    for lag in (0.0, 5.0, 0.0, 5.0, 5.0, 5.0):  # once, and now and then, is no overload
        door.late(lag)
        assert not isinstance(door.enter(), NotAdmitted)
    door.late(5.0)
    assert door.enter() == OVERLOADED
    door.late(0.1)
    assert not isinstance(door.enter(), NotAdmitted)
    assert rejected(door, "late") == 1


def test_refusals_are_summed_up_in_the_log_every_ten_seconds(clock: Clock, caplog: pytest.LogCaptureFixture):
    door = Admission(Limits(readers=1), Counts(), clock)
    for _ in range(8):
        door.enter()
    for _ in range(100):
        clock.now += 0.25
        door.late(0.0)
    (record,) = caplog.records
    assert (record.message, vars(record)["full"], vars(record)["seconds"]) == ("readers_refused", 7, 10.0)
    assert not any(hasattr(record, reason) for reason in REASONS if reason != "full")


@pytest.mark.parametrize("refusal", [DRAINING, FULL, ADDRESS_FULL, TOO_MANY_HANDSHAKES, OVERLOADED])
def test_those_who_are_refused_come_back_at_different_times(refusal: NotAdmitted):
    times = {int(refusal.retry_after()) for _ in range(500)}
    assert len(times) > 3
    assert min(times) * 1000 >= refusal.retry.min and (max(times) - 1) * 1000 < refusal.retry.max
