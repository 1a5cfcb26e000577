"""The drafts that a node keeps while a desk is open: hints may come late, twice or never."""

from __future__ import annotations

import msgspec
import pytest

from stoppress.desk import drafts as module
from stoppress.desk.drafts import DeskDrafts
from stoppress.model import HEADER, Item, StoredEntry


def item(draft_id: str, version: int, seq: int = 0, text: str = "x") -> Item:
    entry = StoredEntry(id=draft_id, version=version, status="draft", html=text, created_by="carl")
    return Item(draft_id, seq, version, msgspec.json.encode(entry))


def removal(draft_id: str, version: int) -> Item:
    return Item(draft_id, 0, version, b"")


def ids(drafts: DeskDrafts) -> list[str]:
    return [draft.item.id for draft in drafts]


def test_each_draft_is_told_once_in_its_newest_state():
    drafts = DeskDrafts()
    drafts.take([item("a", 1), item("b", 1)])
    seen = drafts.number
    assert not drafts.take([item("a", 1)]), "it is known"
    assert drafts.take([item("a", 2)]) and drafts.take([item("a", 3)])
    told = drafts.since(seen)
    assert told is not None
    assert [(draft.item.id, draft.item.version) for draft in told[0]] == [("a", 3)]


def test_late_hints_bring_nothing_back():
    drafts = DeskDrafts()
    drafts.take([item("a", 3)])
    assert not drafts.take([item("a", 2)])
    drafts.take([removal("a", 4)])
    assert not drafts.take([item("a", 3)])
    assert drafts.take([item("published", 4, seq=7)]) and not drafts.take([item("published", 3)])
    assert ids(drafts) == []
    told = drafts.since(0)
    assert told is not None and [one.id for one in told[1]] == ["a", "published"]


def test_the_header_is_not_a_draft():
    assert not DeskDrafts().take([Item(HEADER, 1, 1, b"{}")])


def test_a_comparison_finds_what_hints_have_missed_and_keeps_what_came_meanwhile():
    drafts = DeskDrafts()
    drafts.take([item("same", 1), item("gone", 1), item("edited", 1)])
    asked_at = drafts.number
    drafts.take([item("new", 1)])
    drafts.take([removal("removed", 2)])
    stored = [item("same", 1), item("edited", 5), item("found", 2), item("removed", 1)]
    assert drafts.compare(stored, asked_at)
    assert sorted(ids(drafts)) == ["edited", "found", "new", "same"]
    assert not drafts.compare([*stored[:3], item("new", 1)], drafts.number)


def test_a_draft_that_the_store_has_lost_and_got_again_counts_as_the_store_has_it():
    drafts = DeskDrafts()
    drafts.take([item("a", 9, text="before the loss")])
    assert drafts.compare([item("a", 2, text="after it")], drafts.number)
    assert [draft.entry.html for draft in drafts] == ["after it"]


def test_what_cannot_be_read_is_left_out():
    drafts = DeskDrafts()
    drafts.take([Item("a", 0, 1, b"{"), item("b", 1)])
    assert ids(drafts) == ["b"]


def test_a_desk_that_is_too_far_behind_is_told_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_MAX_REMOVED", 2)
    drafts = DeskDrafts()
    for number in range(5):
        drafts.take([removal(f"draft-{number}", 2)])
    assert drafts.since(0) is None
    assert drafts.since(drafts.number) == ([], [])
