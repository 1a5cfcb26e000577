from __future__ import annotations

import msgspec
import pytest

from stoppress.live.items import EntryPosition
from stoppress.live.replica import Fit, Replica
from stoppress.model import START, Cursor, Entry, Header
from tests.support.history import History, entry, header


@pytest.fixture
def history() -> History:
    history = History()
    history.commit(header())
    return history


def replica_of(history: History, newest: int = 50) -> Replica:
    replica = Replica("demo", newest)
    replica.absorb(history.read())
    return replica


def ids(items) -> list[int]:
    return [int(item.id[-12:]) for item in items]


def test_it_takes_what_follows_and_says_what_does_not(history):
    replica = replica_of(history)
    first, second = history.commit(entry(1)), history.commit(entry(2))
    assert replica.apply(second) is Fit.GAP
    assert replica.apply(first) is Fit.NEWS
    assert replica.apply(first) is Fit.KNOWN
    assert replica.apply(second) is Fit.NEWS
    assert replica.cursor == history.cursor


def test_sync_sends_what_differs_in_its_newest_state_ascending_by_seq(history):
    history.commit(entry(1), entry(2))
    since = history.cursor
    history.commit(entry(1, text="a"))
    history.commit(entry(3))
    history.commit(entry(1, text="b"))
    replica = replica_of(history)
    part = replica.sync(since, 10**6)
    assert ids(part.entries) == [3, 1]
    assert [getattr(item.content, "text", None) for item in part.entries] == ["text", "b"]
    assert (part.since, part.cursor, part.header, part.more) == (since, history.cursor, None, False)
    assert replica.sync(history.cursor, 10**6).entries == []


def test_a_cursor_with_another_tag_is_unknown_though_its_seq_exists(history):
    history.commit(entry(1))
    replica = replica_of(history)
    assert replica.knows(history.cursor)
    assert not replica.knows(Cursor(history.cursor.seq, "another"))
    assert not replica.knows(Cursor(99, history.cursor.tag))
    assert replica.sync(Cursor(1, "another"), 10**6).since is None


def test_a_reset_has_the_header_and_the_newest_entries_by_publication(history):
    times = ["2026-01-01T00:00:05.000Z", "2026-01-01T00:00:01.000Z", "2026-01-01T00:00:03.000Z"]
    history.commit(*(entry(number, at) for number, at in enumerate(times)))
    part = replica_of(history, newest=2).sync(None, 10**6)
    assert part.since is None
    assert part.header is not None
    assert ids(part.entries) == [0, 2], "ascending by seq; the one of 00:01 is older"
    assert part.older is not None


def test_a_run_of_retracted_entries_leaves_room_for_others(history):
    entries = [entry(n, f"2026-01-01T00:{n // 60:02d}:{n % 60:02d}.000Z") for n in range(600)]
    history.commit(*entries)
    history.commit(*(msgspec.structs.replace(one, status="retracted") for one in entries[30:599]))
    replica = replica_of(history)
    newest, older = replica.page(None, 3)
    assert ids(newest) == list(range(599, 98, -1)), "at most 500 retracted ones"
    assert older is not None
    assert ids(replica.page(EntryPosition.parse(older.partition("before=")[2]), 3)[0]) == list(range(98, 26, -1))
    changed, more = replica.changed_before(102, 3)
    assert (ids(changed), more) == ([29, 28, 27], True)
    assert len(replica.changed_before(None, 3)[0]) == 500


def test_another_history_replaces_everything(history):
    history.commit(entry(1), entry(2))
    replica, another = replica_of(history), History()
    another.commit(header("another"))
    replica.absorb(another.read())
    assert replica.cursor == another.cursor
    assert replica.page(None, 10) == ([], None)
    assert replica.header is not None
    assert replica.header.headline == "another"


def test_a_segment_from_the_middle_of_another_history_is_refused(history):
    replica = replica_of(history)
    after = history.commit(entry(1)).cursor
    history.commit(entry(2))
    with pytest.raises(ValueError, match="does not fit"):
        replica.absorb(history.read(after))


def test_the_history_can_be_given_back_as_a_store_would_give_it(history):
    history.commit(entry(1), entry(2))
    since = history.cursor
    history.commit(entry(1, text="a"))
    assert replica_of(history).segment_after(since) == history.read(since)
    assert msgspec.json.decode(history.read(since).items[0].body)["text"] == "a"


def test_a_cursor_survives_its_text():
    assert Cursor.parse("0") == START
    assert Cursor.parse(str(Cursor(42, "q8Zk3"))) == Cursor(42, "q8Zk3")


def test_key_events_are_in_the_order_of_the_header(history):
    def key(number: int) -> Entry:
        return msgspec.structs.replace(entry(number), key=True)

    def summary(*numbers: int) -> Header:
        return msgspec.structs.replace(header(), summary=[entry(number).id for number in numbers])

    history.commit(*(key(number) for number in range(1, 7)), entry(7))
    replica = replica_of(history)
    assert ids(replica.key_events(3)) == [6, 5, 4]
    for numbers, shown in (
        ((2, 5), [2, 5, 6]),
        ((7, 9, 1), [1, 6, 5]),  # neither an entry that is no key event nor one that does not exist
        ((1, 2, 3, 4), [1, 2, 3, 4]),
        ((), [6, 5, 4]),
    ):
        replica.apply(history.commit(summary(*numbers)))
        assert (ids(replica.key_events(3)), replica.key_events_seq) == (shown, replica.cursor.seq)
    replica.apply(history.commit(summary(2, 5)))
    gone = replica.apply(history.commit(msgspec.structs.replace(entry(2), status="retracted", text=None)))
    assert gone is Fit.NEWS
    assert ids(replica.key_events(3)) == [5, 6, 4]
    replica.apply(history.commit(msgspec.structs.replace(summary(2, 5), headline="other")))
    assert replica.key_events_seq == replica.cursor.seq - 1, "readers do not get what is the same"
