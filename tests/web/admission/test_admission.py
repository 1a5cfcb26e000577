"""Who may come in: each limit by itself, and what those are told who may not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stoppress.telemetry.counts import Counts
from stoppress.web.admission.addresses import Addresses
from stoppress.web.admission.admission import Admission, NotAdmitted
from tests.support.clock import Clock

KINDS = ("draining", "full", "late", "address_full", "too_many_handshakes")


@pytest.fixture
def clock() -> Clock:
    return Clock()


def admission(clock: Clock, **limits: float) -> Admission:
    return Admission(Addresses(), Counts(), clock, **limits)  # type: ignore[arg-type]


def enter(door: Admission, *address: str) -> str | Callable[[], None]:
    """The seat of a reader, or why it has none."""
    try:
        return door.enter(*address)
    except NotAdmitted as error:
        return error.kind


def rejected(door: Admission, reason: str) -> int:
    return door._counts.rejections[reason]


def test_without_limits_everybody_may_come_in(clock: Clock):
    door = admission(clock)
    for _ in range(10_000):
        door.enter()
    assert door.readers == 10_000


def test_a_full_node_takes_the_next_one_when_somebody_has_left(clock: Clock):
    door = admission(clock, max_readers=2)
    seat, _ = door.enter(), door.enter()
    assert [enter(door), enter(door)] == ["full", "full"]
    seat()
    door.enter()
    assert enter(door) == "full"
    assert (door.readers, rejected(door, "full")) == (2, 3)


def test_readers_of_one_address_are_limited_and_those_of_others_are_not(clock: Clock):
    door = admission(clock, max_per_address=2)
    seat, _ = door.enter("192.0.2.1"), door.enter("192.0.2.1")
    assert enter(door, "192.0.2.1") == "address_full"
    door.enter("192.0.2.2")
    seat()
    door.enter("192.0.2.1")
    assert (door.readers, rejected(door, "address_full")) == (3, 1)


def test_nothing_is_kept_of_an_address_whose_readers_are_gone(clock: Clock):
    door = admission(clock, max_per_address=2)
    for number in range(100):
        door.enter(f"192.0.2.{number}")()
    assert (door.readers, len(door._by_address)) == (0, 0)


def test_handshakes_have_a_rate_and_a_second_of_it_may_come_at_once(clock: Clock):
    door = admission(clock, max_handshakes=10)
    for seconds, admitted in ((0, 10), (0.31, 3), (60, 10)):  # a pause saves up no more than a second
        clock.now += seconds
        seats = [enter(door) for _ in range(12)]
        assert seats[admitted:] == ["too_many_handshakes"] * (12 - admitted)
        assert "too_many_handshakes" not in seats[:admitted]
    assert rejected(door, "too_many_handshakes") == 2 + 9 + 2


def test_a_node_that_is_being_stopped_takes_nobody_in(clock: Clock):
    door = admission(clock)
    door.draining = True
    assert enter(door) == "draining"
    assert (door.readers, rejected(door, "draining")) == (0, 1)


def test_a_node_that_is_late_takes_nobody_in_until_it_has_caught_up(clock: Clock):
    door = admission(clock)
    for lag in (0.0, 5.0, 0.0, 5.0, 5.0, 5.0):  # once, and now and then, is no overload
        door.late(lag)
        door.enter()
    door.late(5.0)
    assert enter(door) == "late"
    door.late(0.1)
    door.enter()
    assert rejected(door, "late") == 1


def test_refusals_are_summed_up_in_the_log_every_ten_seconds(clock: Clock, caplog: pytest.LogCaptureFixture):
    door = admission(clock, max_readers=1)
    for _ in range(8):
        enter(door)
    for _ in range(100):
        clock.now += 0.25
        door.late(0.0)
    (record,) = caplog.records
    assert (record.message, vars(record)["full"], vars(record)["seconds"]) == ("readers_refused", 7, 10.0)
    assert not any(hasattr(record, kind) for kind in KINDS if kind != "full")


@pytest.mark.parametrize("kind", KINDS)
def test_those_who_are_refused_come_back_at_different_times(kind: str):
    retry = NotAdmitted(kind).retry
    times = {int(NotAdmitted(kind).headers["retry-after"]) for _ in range(500)}
    assert len(times) > 3
    assert min(times) * 1000 >= retry.min and (max(times) - 1) * 1000 < retry.max
