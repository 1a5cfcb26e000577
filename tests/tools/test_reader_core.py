"""What a reader decides."""

from __future__ import annotations

import pytest

from stoppress.tools.reader_core import Outcome, ReaderCore


def at(cursor: str | None) -> ReaderCore:
    return ReaderCore(cursor)


@pytest.mark.parametrize(
    ("cursor", "since", "until", "step", "then"),
    [
        (None, None, "5-a", Outcome.TAKEN, "5-a"),
        ("5-a", "5-a", "6-b", Outcome.TAKEN, "6-b"),
        ("5-a", None, "3-x", Outcome.RESET, "3-x"),
        ("5-a", "6-b", "7-c", Outcome.GAP, "5-a"),
        ("5-a", "4-z", "5-a", Outcome.DUPLICATE, "5-a"),
        ("5-a", "4-z", "6-b", Outcome.GAP, "5-a"),
        ("5-a", "5-x", "6-b", Outcome.GAP, "5-a"),
        ("10-a", "8-x", "9-b", Outcome.DUPLICATE, "10-a"),
        (None, "5-a", "6-b", Outcome.GAP, None),
    ],
)
def test_an_update_leads_on_or_not(cursor: str | None, since: str | None, until: str, step: Outcome, then: str | None):
    core = at(cursor)
    assert (core.take_update(since, until, more=False), core.cursor) == (step, then)


@pytest.mark.parametrize(("cursor", "step"), [("5-a", Outcome.TAKEN), ("6-b", Outcome.GAP), ("5-b", Outcome.GAP)])
def test_a_beat_is_at_the_cursor_or_something_is_missing(cursor: str, step: Outcome):
    assert at("5-a").take_beat(cursor) is step


def waits(core: ReaderCore, count: int) -> list[float]:
    return [core.next_wait() for _ in range(count)]


def test_the_limit_of_the_wait_doubles_up_to_half_a_minute():
    readers = [waits(ReaderCore(), 8) for _ in range(400)]
    for attempt, limit in enumerate([3, 6, 12, 24, 30, 30, 30, 30]):
        found = [reader[attempt] for reader in readers]
        assert 0.5 <= min(found) < 0.5 + limit / 8 and limit * 7 / 8 < max(found) <= limit


@pytest.mark.parametrize(("more", "limit"), [(False, 3), (True, 30)])
def test_the_first_whole_answer_ends_the_failures_and_a_part_does_not(more: bool, limit: int):
    found = []
    for _ in range(400):
        core = ReaderCore()
        waits(core, 6)
        core.take_update(None, "5-a", more=more)
        found.append(core.next_wait())
    assert limit * 7 / 8 < max(found) <= limit


def test_the_server_says_when_to_come_back_once():
    core = ReaderCore()
    core.take_retry(100, 200)
    assert 0.1 <= core.next_wait() <= 0.2
    assert core.next_wait() >= 0.5
    assert core.take_status(503, 40.0)
    assert 20 <= core.next_wait() <= 40


@pytest.mark.parametrize(("status", "again"), [(429, True), (500, True), (503, True), (404, False), (401, False)])
def test_some_answers_to_a_handshake_are_final(status: int, again: bool):
    assert ReaderCore().take_status(status) is again


@pytest.mark.parametrize(("code", "again"), [(1001, True), (1013, True), (1006, True), (4400, False), (4404, False)])
def test_some_close_codes_are_final(code: int, again: bool):
    assert ReaderCore().take_close(code) is again


@pytest.mark.parametrize(("cursor", "seq"), [(None, 0), ("0", 0), ("17-ab", 17)])
def test_the_number_of_a_cursor(cursor: str | None, seq: int):
    assert ReaderCore(cursor).seq == seq


def test_a_reader_answers_while_it_is_asked_to_over_one_connection():
    core = ReaderCore("17-ab")
    assert not core.is_sampled
    core.take_sample_request(answer=True)
    assert core.is_sampled and core.answer == '{"painted":"17-ab"}'
    core.take_sample_request(answer=False)
    assert not core.is_sampled
    core.take_sample_request(answer=True)
    core.next_wait()
    assert not core.is_sampled, "the connection was lost"
