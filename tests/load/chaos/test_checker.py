"""The checker: right logs have no violation, and each kind of wrong log has its own."""

from __future__ import annotations

import pytest

from loadtest.chaos.log import (
    CursorRead,
    HealthSeen,
    MessageTaken,
    NodeCutOff,
    NodeEnded,
    ReaderClosed,
    ResourcesSeen,
    RunLog,
    StoreLost,
    SurfaceRead,
    WriteAnswered,
    WriteSent,
)
from tests.load.chaos.story import END, Story, broken


@pytest.fixture
def story() -> Story:
    """Three entries, of which one was edited and one was retracted, and a draft."""
    story = Story()
    for at in (0.1, 0.3, 0.5):
        story.write(at)
    story.write(0.7, "edit", "e1")
    story.write(0.9, "retract", "e2")
    story.write(2.5, "draft")
    return story


def test_a_right_log_has_no_violation_and_survives_a_file(story, tmp_path):
    verdict = story.verdict()
    assert verdict.violations == []
    assert (verdict.lost, verdict.unknown, verdict.convergence) == (0, 0, [0.0, 0.0])
    story.log.save(tmp_path / "log")
    assert RunLog.load(tmp_path / "log").events == story.log.events


# P1 and P2: what readers show


def test_a_gap(story):
    story.tell(0, 3.0, "4-t4", "6-t6")
    assert "P2" in broken(story.verdict())


def test_an_update_without_its_newest_change(story):
    story.missing.add((1, 6))
    story.write(3.0)
    story.tell(1, 3.1, "5-t5", "6-t6")
    assert broken(story.verdict()) == {"P1", "P2"}


def test_an_entry_from_before_the_update(story):
    story.tell(0, 3.0, "5-t5", "5-t5", story.shown("e2"))
    assert broken(story.verdict()) == {"P2"}


def test_entries_in_the_order_of_arrival(story):
    before = story.cursor
    story.missing |= {(0, 6), (0, 7)}
    story.write(3.0)
    story.write(3.2)
    story.tell(0, 3.3, before, story.cursor, story.shown("e8"), story.shown("e7"))
    assert broken(story.verdict()) == {"P7"}


def test_another_state_at_the_same_cursor(story):
    story.missing.add((1, 6))
    story.write(3.0)
    story.tell(1, 3.1, "5-t5", "6-t6", {**story.shown("e7"), "id": "e8"})
    assert "P1" in broken(story.verdict())


def test_a_reset_that_nothing_explains(story):
    story.tell(0, 3.0, None, story.cursor, *(story.shown(entry) for entry in ("e3", "e1", "e2")))
    assert broken(story.verdict()) == {"P1"}
    story.log.add(StoreLost(at=2.9, kept_until=2.8))
    assert broken(story.verdict()) == set()


def test_a_beat_ahead_of_the_reader(story):
    story.log.add(MessageTaken(at=3.0, reader=0, message={"type": "beat", "cursor": "6-t6"}))
    assert broken(story.verdict()) == {"P2"}


# P3


@pytest.mark.parametrize(("after", "promises"), [(4.0, set()), (7.0, {"P3"})])
def test_a_reader_that_is_late_after_the_last_write(story, after, promises):
    story.write(10.0, told_after=after)
    assert broken(story.verdict()) == promises


def test_the_wait_of_a_reader_that_comes_back_counts_extra(story):
    story.missing.add((1, 6))
    story.write(10.0)
    story.log.add(ReaderClosed(at=10.0, reader=1, node=1, wait=3.0))
    story.open(1, 13.0, since="5-t5")
    story.tell(1, 17.0, "5-t5", "6-t6", story.shown("e7"))
    assert broken(story.verdict()) == set()


def test_a_reader_that_never_gets_in(story):
    story.log.add(ReaderClosed(at=3.0, reader=7, node=1, code=503, wait=0.5))
    assert broken(story.verdict()) == {"P3"}


def test_a_log_of_too_few_writes_says_nothing(story):
    assert story.verdict().says_nothing == ""
    assert Story().verdict().says_nothing == "only 0 writes were done"


def test_a_node_that_differs_from_the_store(story):
    assert broken(story.verdict(memory={"e1": story.items["e1"]})) == {"P3", "P4"}


def test_a_reader_that_is_told_to_stop_although_the_blog_exists(story):
    story.log.add(ReaderClosed(at=3.0, reader=0, node=0, code=4404))
    assert broken(story.verdict()) == {"P3"}


# P4


@pytest.mark.parametrize("entry", ["e3", "e6"], ids=["published", "draft"])
def test_a_write_that_is_gone(story, entry):
    del story.items[entry]
    assert "P4" in broken(story.verdict())


def test_an_edit_and_a_retraction_that_are_undone(story):
    story.items["e1"] = (4, 2, "published", "tok1x")
    story.items["e2"] = (5, 2, "published", "tok2x")
    texts = [violation.text for violation in story.verdict().violations if violation.promise == "P4"]
    assert any("an older write" in text for text in texts)
    assert any("write 5 (retract" in text for text in texts)


@pytest.mark.parametrize(
    ("kept_until", "is_killed", "promises"),
    [(0.0, False, {"P4"}), (0.0, True, set()), (0.6, True, {"P4"})],
    ids=["a live node had it", "no node had it", "it is in the copy"],
)
def test_only_what_neither_the_copy_nor_a_live_node_has_may_be_lost(kept_until, is_killed, promises):
    story = Story()
    story.missing = {(1, 1), (0, 1)}
    story.write(0.5)
    story.log.add(StoreLost(at=1.5, kept_until=kept_until))
    if is_killed:
        story.log.add(NodeEnded(at=1.2, node=0))
    story.items.clear()
    story.seq = 0
    verdict = story.verdict()
    assert broken(verdict) == promises
    assert verdict.lost == (not promises)


def test_a_deleted_blog_that_rises_again(story):
    story.write(3.0, "delete_blog", entry="", seq=0, cursor="")
    assert "P4" in broken(story.verdict())


def test_a_key_that_makes_two_entries(story):
    story.log.add(WriteSent(at=3.0, write=1, node=1, kind="create", token="tok1x"))
    story.log.add(WriteAnswered(at=3.1, write=1, node=1, status=201, entry="e9", seq=6, version=1, token="tok1x"))
    assert broken(story.verdict()) == {"P4"}


def test_an_if_match_that_does_not_hold(story):
    for number, at in ((7, 3.0), (8, 3.2)):
        story.log.add(WriteSent(at=at, write=number, node=0, kind="edit", token="", entry="e1", if_match=2))
        story.log.add(WriteAnswered(at=at + 0.1, write=number, node=0, status=200, entry="e1", version=number - 4))
    assert "P4" in broken(story.verdict())


# P5


@pytest.mark.parametrize(("seconds", "promises"), [(0.5, set()), (1.2, {"P5"})])
def test_a_surface_with_a_retracted_body(story, seconds, promises):
    asked_at = 0.95 + seconds
    read = SurfaceRead(at=asked_at, node=1, surface="atom", status=200, until=asked_at, tokens=["tok2x"])
    story.log.add(read)
    assert broken(story.verdict()) == promises


def test_a_node_that_is_cut_off_may_serve_what_it_has(story):
    story.log.add(SurfaceRead(at=3.0, node=1, surface="atom", status=200, until=3.1, tokens=["tok2x"]))
    story.log.add(NodeCutOff(at=0.5, node=0, until=2.0))
    assert broken(story.verdict()) == {"P5"}
    story.log.add(NodeCutOff(at=0.5, node=1, until=2.0))
    assert broken(story.verdict()) == set()


def test_a_reader_that_is_told_too_late_in_calm_times(story):
    story.write(15.0, "retract", "e3", told_after=2.5)
    assert broken(story.verdict()) == {"P5"}


# P6


def test_a_node_that_grows(story):
    for at, size in ((0.5, 10**8), (20.0, 3 * 10**8)):
        story.log.add(ResourcesSeen(at=at, node=0, resident=size, files=20))
    assert broken(story.verdict()) == {"P6"}


# P7


def test_a_seq_that_goes_back_from_one_write_to_the_next(story):
    story.write(3.0, seq=2, cursor="2-t2")
    assert "P7" in broken(story.verdict())


def test_a_retraction_that_is_sent_again_gets_the_same_tombstone_at_a_later_cursor(story):
    story.write(3.0)
    story.log.add(WriteSent(at=4.0, write=20, node=1, kind="retract", token="tok5x", entry="e2"))
    again = WriteAnswered(at=4.1, write=20, node=1, status=200, cursor=story.cursor, entry="e2", seq=5, version=2)
    again.token = "tok5x"
    story.log.add(again)
    assert broken(story.verdict()) == set()


@pytest.mark.parametrize(
    ("at", "status", "begins", "promises"),
    [
        (3.0, 200, "5-t5", set()),
        (3.0, 200, None, {"P7"}),
        (3.0, 503, None, set()),
        (9.0, 503, None, {"P7"}),
    ],
)
def test_a_read_with_the_cursor_of_an_answer(story, at, status, begins, promises):
    story.log.add(CursorRead(at=at, node=1, since="5-t5", status=status, until=at + 0.1, begins=begins))
    assert broken(story.verdict()) == promises


# P8


@pytest.mark.parametrize(("status", "promises"), [(200, {"P8"}), (503, set())])
def test_a_node_that_does_no_write_for_ten_seconds(story, status, promises):
    for number in range(14):
        story.log.add(WriteSent(at=10.0 + number, write=100 + number, node=1, kind="create"))
        story.log.add(WriteAnswered(at=10.2 + number, write=100 + number, node=1, status=503))
        story.log.add(HealthSeen(at=10.0 + number, node=1, status=status, until=10.1 + number))
    assert broken(story.verdict()) == promises


def test_a_node_whose_readers_get_nothing_for_ten_seconds(story):
    story.write(10.0, told_after=12.0)
    for number in range(14):
        story.log.add(HealthSeen(at=10.0 + number, node=0, status=200, until=10.1 + number))
    assert broken(story.verdict()) == {"P3", "P8"}


# Errors


@pytest.mark.parametrize("status", [404, 500])
def test_an_answer_that_no_fault_excuses(story, status):
    story.log.add(WriteSent(at=3.0, write=50, node=0, kind="create", token="tok50x"))
    story.log.add(WriteAnswered(at=3.1, write=50, node=0, status=status))
    assert broken(story.verdict()) == {"error"}


def test_an_entry_that_comes_out_before_it_is_due(story):
    story.log.add(WriteSent(at=3.0, write=50, node=0, kind="schedule", token="tok50x", due_in=20.0))
    story.items["e50"] = (0, 1, "published", "tok50x")
    story.seq, before = 6, story.cursor
    story.items["e50"] = (6, 1, "published", "tok50x")
    for reader in (0, 1):
        story.tell(reader, 5.0, before, story.cursor, story.shown("e50"))
    assert broken(story.verdict(at=END)) == {"error"}
