"""What is wrong with messages, whoever got them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stoppress.tools.swarm.frames import BrokenFrames
from stoppress.tools.swarm.ledger import Ledger, UpdateRead


def entry(seq: int, name: str = "", version: int = 1) -> dict[str, Any]:
    return {"id": name or f"e{seq}", "seq": seq, "version": version, "published_at": f"{seq:03d}", "title": f"T{seq}"}


def update(after: int | None, until: int, *entries: dict[str, Any], **more: Any) -> bytes:
    begins = None if after is None else f"{after}-t" if after else "0"
    message = {"type": "update", "blog": "b", "from": begins, "cursor": f"{until}-t", "entries": entries, **more}
    return json.dumps(message).encode().replace(b'{"type', b'{"type', 1)


def missing(ledger: Ledger, *truth: bytes) -> list[int]:
    return [one.seq for one in ledger.audit(truth)]


def ledger_of(*messages: bytes, learned: dict[str, Any] | None = None) -> Ledger:
    """Return a ledger that has learned of an entry and then read messages."""
    ledger = Ledger()
    if learned:
        ledger.learn(json.dumps(learned).encode())
    for message in messages:
        ledger.read(message)
    return ledger


def test_an_update_with_an_item_for_each_change_is_whole():
    ledger = ledger_of(update(1, 3, entry(2), entry(3)))
    assert ledger.unsure == 0


def test_an_entry_that_others_were_told_of_is_missed():
    assert missing(ledger_of(update(1, 2, entry(2)), update(1, 3, entry(3)))) == [2]


def test_an_entry_that_only_the_server_knows_is_missed():
    assert missing(ledger_of(update(1, 3, entry(3))), update(0, 3, entry(2), entry(3))) == [2]


def test_a_state_that_was_replaced_since_is_not_missed():
    ledger = ledger_of(update(1, 2, entry(2, "a")), update(1, 3, entry(3, "a", 2)))
    assert missing(ledger, update(0, 3, entry(3, "a", 2))) == []


def test_an_older_state_of_an_entry_does_not_stand_for_its_newest():
    assert missing(ledger_of(update(1, 3, entry(2, "a"))), update(0, 3, entry(3, "a", 2))) == [3]


def test_a_part_may_lack_what_a_later_part_has_in_a_newer_state():
    ledger = ledger_of(update(1, 2, entry(2, "a")), update(1, 3, entry(3, "b"), more=True))
    assert missing(ledger, update(0, 4, entry(3, "b"), entry(4, "a", 2))) == []


def test_a_part_may_not_lack_what_is_the_newest_state():
    ledger = ledger_of(update(1, 3, entry(3, "b"), more=True))
    assert missing(ledger, update(0, 4, entry(2, "a"), entry(3, "b"), entry(4, "c"))) == [2]


def test_what_is_in_no_part_of_a_catch_up_is_missed_though_it_changed_afterwards():
    ledger = ledger_of(
        update(1, 3, entry(2), entry(3), more=True),
        update(3, 6, entry(5), entry(6), more=True),
        update(6, 7, entry(7)),
        update(7, 8, entry(8, "a", 2)),
        learned=entry(4, "a"),
    )
    assert missing(ledger, update(0, 8, *map(entry, (2, 3, 5, 6, 7)), entry(8, "a", 2))) == [4]


def test_a_newer_state_in_any_later_part_stands_for_an_older_one():
    ledger = ledger_of(
        update(1, 3, entry(3), more=True),
        update(3, 5, entry(4), entry(5), more=True),
        update(5, 7, entry(6), entry(7, "a", 2)),
        learned=entry(2, "a"),
    )
    assert missing(ledger, update(0, 8, *map(entry, (3, 4, 5, 6)), entry(8, "a", 3))) == []


def test_parts_of_which_not_all_came_are_not_accused():
    ledger = Ledger()
    ledger.learn(json.dumps(entry(2, "a")).encode())
    ledger.read(update(3, 4, entry(4)))  # as those got it who were at 3 when nothing was newer
    ledger.read(update(1, 3, entry(3), more=True))
    assert missing(ledger, update(0, 8, entry(3), entry(4), entry(8, "a", 3))) == []
    ledger.read(update(1, 3, entry(3), more=True, older=None))
    ledger.read(update(3, 5, entry(4), entry(5), more=True))
    assert missing(ledger, update(0, 8, *map(entry, (3, 4, 5)), entry(8, "a", 3))) == []


def test_a_reset_lacks_what_is_not_older_than_its_oldest():
    ledger = ledger_of(update(None, 4, entry(2), entry(4), older="/x"))
    assert missing(ledger, update(0, 4, entry(1), entry(2), entry(3), entry(4))) == [3]


def test_a_reset_without_older_pages_has_everything():
    assert missing(ledger_of(update(None, 2, entry(2))), update(0, 2, entry(1), entry(2))) == [1]


@pytest.mark.parametrize("seqs", [(3, 2), (2, 2), (1, 2), (3, 4)])
def test_items_out_of_order_or_place_are_a_fault(seqs: tuple[int, int]):
    message = Ledger().read(update(1, 3, *map(entry, seqs)))
    assert isinstance(message, UpdateRead) and message.fault


def test_two_stories_of_one_change_are_a_contradiction():
    ledger = ledger_of(update(1, 2, entry(2, "a")), update(1, 2, entry(2, "b")))
    assert len(ledger.contradictions) == 1


def test_types_that_are_not_known_are_let_pass_and_broken_ones_are_not():
    assert Ledger().read(b'{"type":"later"}') is None
    for wrong in (b'{"type":"update"}', b"{", b'{"type":"beat","cursor":7}'):
        with pytest.raises(BrokenFrames):
            Ledger().read(wrong)
