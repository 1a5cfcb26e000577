"""Who is at which desk, without a network and with a clock of the test's own."""

from __future__ import annotations

from typing import Any

import pytest

from stoppress.desk import presence as module
from stoppress.desk.presence import STALE_SECONDS, BlogPresence, Tab
from stoppress.errors import NotNow


def report(tab: str, seen: float, who: str = "ann", editing: str | None = None, *, is_gone: bool = False) -> Tab:
    return Tab(tab, who, who.title(), editing, seen, seen, is_gone)


def tabs(presence: BlogPresence, now: float) -> list[Any]:
    return [person["tab"] for person in presence.people(now)]


def told(*presences: BlogPresence) -> dict[str, bytes]:
    """Return what nodes tell another one."""
    return {f"node-{number}": presence.record() for number, presence in enumerate(presences)}


def test_a_tab_is_there_until_it_leaves_or_is_silent():
    presence = BlogPresence()
    assert presence.put(report("one", 0)) and presence.put(report("two", 0))
    assert tabs(presence, 1) == ["one", "two"]
    assert not presence.put(report("one", 20)), "nothing new"
    assert presence.put(report("two", 5, is_gone=True))
    assert tabs(presence, 21) == ["one"]
    assert tabs(presence, 20 + STALE_SECONDS) == []
    assert presence.expire(20 + STALE_SECONDS) and len(presence) == 0


def test_since_when_an_entry_is_edited_does_not_change_with_each_report():
    presence = BlogPresence()
    presence.put(report("one", 0, editing="new"))
    presence.put(report("one", 10, editing="new"))
    assert presence.people(11)[0]["at"] == "1970-01-01T00:00:00.000Z"
    presence.put(report("one", 12))
    assert presence.people(13)[0] == {
        "tab": "one",
        "who": "ann",
        "name": "Ann",
        "editing": None,
        "at": "1970-01-01T00:00:12.000Z",
    }


def test_of_reports_to_several_nodes_the_newest_counts():
    here, there, third = BlogPresence(), BlogPresence(), BlogPresence()
    here.put(report("one", 0, editing="new"))
    there.put(report("one", 10, editing=None))
    third.put(report("two", 3))
    here.hear(told(there, third))
    assert [(person["tab"], person["editing"]) for person in here.people(11)] == [("one", None), ("two", None)]
    there.put(report("one", 12, is_gone=True))
    here.hear(told(there))
    assert tabs(here, 13) == [], "it left at another node, and the third node is gone"


def test_the_tabs_of_a_killed_node_are_gone_when_they_are_stale():
    here, there = BlogPresence(), BlogPresence()
    there.put(report("one", 0))
    here.hear(told(there))
    assert tabs(here, STALE_SECONDS - 1) == ["one"]
    assert tabs(here, STALE_SECONDS) == []


def test_nobody_can_report_for_others():
    presence = BlogPresence()
    presence.put(report("one", 0, editing="new"))
    presence.put(report("one", 1, who="bob", is_gone=True))
    assert [(person["who"], person["editing"]) for person in presence.people(2)] == [("ann", "new")]


def test_tabs_are_limited(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MAX_TABS", 5)
    monkeypatch.setattr(module, "MAX_TABS_OF_ONE", 2)
    presence = BlogPresence()
    for number in range(4):
        presence.put(report(f"tab-{number}", number))
    assert tabs(presence, 5) == ["tab-2", "tab-3"], "one editor has only so many"
    for number in range(3):
        presence.put(report("tab", number, who=f"person-{number}"))
    with pytest.raises(NotNow, match="5 tabs"):
        presence.put(report("tab", 9, who="late"))
    other = BlogPresence()
    other.put(report("elsewhere", 9, who="late"))
    presence.hear(told(other))
    assert len(presence.people(9)) == 5 and "elsewhere" in tabs(presence, 9)


def test_a_record_fits_into_the_store_and_one_that_cannot_be_read_is_ignored(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_MAX_RECORD_BYTES", 1_000)
    presence, other = BlogPresence(), BlogPresence()
    for number in range(100):
        presence.put(report("tab", number, who=f"person-{number:03}"))
    assert len(presence.record()) <= 1_000
    other.hear({"a": presence.record(), "b": b'{"of":"another version"}'})
    assert "person-099" in [person["who"] for person in other.people(100)]
