"""The newsroom's clock is the store's, however wrong that of the node is."""

from __future__ import annotations

import logging
import time
from typing import cast

import pytest

from stoppress.errors import StoreUnavailable
from stoppress.newsroom.clock import StoreClock
from stoppress.store.port import Store


class Timekeeper:
    """A store of which only the time is asked."""

    def __init__(self, ahead: float) -> None:
        self.ahead = ahead
        self.is_up = True

    async def time(self) -> float:
        if not self.is_up:
            raise StoreUnavailable("The store is away.")
        return time.time() + self.ahead


@pytest.mark.parametrize("ahead", [-3600.0, 3600.0, 30.0])
async def test_a_wrong_clock_is_not_used_and_is_warned_of_once(ahead: float, caplog: pytest.LogCaptureFixture):
    store = Timekeeper(ahead)
    clock = StoreClock(cast(Store, store))
    for _ in range(3):
        await clock.measure()
    assert abs(clock.now() - time.time() - ahead) < 3
    assert clock.warning is not None and ("behind" in clock.warning) == (ahead > 0)
    assert caplog.text.count("clock_is_wrong") == 1
    store.is_up = False
    await clock.measure()
    assert abs(clock.now() - time.time() - ahead) < 3, "the last measurement still counts"
    store.is_up, store.ahead = True, 0.0
    await clock.measure()
    assert clock.warning is None


async def test_a_right_clock_is_not_mentioned(caplog: pytest.LogCaptureFixture):
    clock = StoreClock(cast(Store, Timekeeper(0.5)))
    with caplog.at_level(logging.INFO):
        await clock.measure()
    assert clock.warning is None and not caplog.records
