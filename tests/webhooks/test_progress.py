"""How long a webhook is tried, and when an event is given up."""

from __future__ import annotations

import pytest

from stoppress.model import START, Cursor
from stoppress.webhooks.progress import RETRY_SECONDS, Progress, is_given_up


def test_the_pauses_grow_over_hours():
    progress, now = Progress(), 0.0
    for pause in RETRY_SECONDS:
        progress = progress.failed(now, "it answered 500")
        assert 0.9 * pause <= progress.again_at - now <= 1.1 * pause
        assert not is_given_up(progress.attempts, 500)
        now = progress.again_at
    assert 14 * 3600 < now < 18 * 3600
    progress = progress.failed(now, "it answered 500")
    assert is_given_up(progress.attempts, 500)


@pytest.mark.parametrize(
    ("status", "attempts"),
    [
        *((status, 11) for status in (None, 100, 301, 307, 408, 409, 425, 429, 500, 503, 599)),
        *((status, 4) for status in (400, 401, 404, 418, 499)),
        (410, 1),
    ],
)
def test_an_event_is_given_up_after_so_many_attempts(status: int | None, attempts: int):
    assert next(number for number in range(1, 20) if is_given_up(number, status)) == attempts


def test_a_delivered_event_moves_the_cursor_and_ends_the_pauses():
    failed = Progress().failed(100.0, "no answer in 10 s")
    assert failed.cursor == START and failed.attempts == 1
    after = failed.at(Cursor(7, "tag"))
    assert (after.cursor, after.attempts, after.again_at, after.reason) == (Cursor(7, "tag"), 0, 0.0, "")


def test_a_record_that_cannot_be_read_is_none():
    assert Progress.read(b"{") is None
    assert Progress.read(b"{}") == Progress()
