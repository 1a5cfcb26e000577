"""An allowance that fills with time."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoppress.web.rate_limit import RateLimit


def spent(limit: RateLimit, cost: float, now: float, times: int) -> int:
    return sum(limit.spend(cost, now) for _ in range(times))


@pytest.mark.parametrize("now", [0.0, 12_345.678, 1e7 / 3])
@pytest.mark.parametrize(("count", "burst"), [(3, 60.0), (10, 1.0), (5_000, 1.0), (12_000, 60.0), (1, 1.0)])
def test_exactly_a_burst_may_come_at_once(count: int, burst: float, now: float):
    assert spent(RateLimit(burst), burst / count, now, count + 2) == count


def test_what_was_spent_fills_again_with_time():
    limit = RateLimit(1.0)
    assert spent(limit, 0.1, 100.0, 20) == 10
    assert spent(limit, 0.1, 100.31, 20) == 3
    assert spent(limit, 0.1, 1_000.0, 20) == 10


def test_what_is_refused_costs_nothing():
    limit = RateLimit(1.0)
    assert limit.spend(0.8, 0.0)
    assert spent(limit, 0.5, 0.0, 100) == 0
    assert limit.spend(0.2, 0.0)


def test_what_costs_more_than_a_burst_is_never_allowed():
    assert not RateLimit(1.0).spend(1.1, 1e6)


def test_the_wait_is_until_the_next_one_is_allowed():
    limit = RateLimit(60.0)
    assert limit.wait(20.0, 100.0) == 0
    assert spent(limit, 20.0, 100.0, 4) == 3
    wait = limit.wait(20.0, 100.0)
    assert wait == pytest.approx(20.0, abs=1e-3)
    assert not limit.spend(20.0, 100.0 + wait - 0.1)
    assert limit.spend(20.0, 100.0 + wait)


@given(st.lists(st.tuples(st.floats(0, 3), st.floats(0.01, 2)), max_size=200))
def test_never_more_than_a_burst_and_the_time_that_passed(steps: list[tuple[float, float]]):
    limit, now, total = RateLimit(2.0), 50.0, 0.0
    for pause, cost in steps:
        now += pause
        if limit.spend(cost, now):
            total += cost
        assert total <= 2.0 + (now - 50.0) + 1e-3


def test_it_is_small():
    assert sys.getsizeof(RateLimit(1.0)) <= 64
