"""Forms: what is set, removed and left alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest

from stoppress.errors import BadInput
from stoppress.model import Correction, Link, Person, Source, StoredEntry, StoredHeader
from stoppress.newsroom.forms import EntryForm, HeaderForm, moment

NOW = "2020-10-09T06:12:00.000Z"


def an_entry(**fields: object) -> StoredEntry:
    return msgspec.structs.replace(StoredEntry(id="a", version=1, status="draft"), **fields)


def entry_form(text: str) -> EntryForm:
    return msgspec.json.decode(text, type=EntryForm)


def header_form(text: str) -> HeaderForm:
    return msgspec.json.decode(text, type=HeaderForm)


def test_a_field_that_is_set_replaces_the_old_one_whole_and_others_stay():
    form = entry_form('{"tags": ["b"], "source": {"name": "B"}, "title": ""}')
    filled = form.fill(an_entry(tags=["a"], title="Old", event_at=NOW), NOW)
    assert (filled.tags, filled.source, filled.event_at) == (["b"], Source("B"), NOW)
    assert filled.title is None, "empty text is no text"


def test_null_removes_a_field():
    names = ("title", "tags", "authors", "source", "event_at", "corrections")
    lists = {"tags": ["a"], "authors": [Person("A")], "corrections": [_OLD]}
    before = an_entry(title="Old", source=Source("A"), event_at=NOW, **lists)
    after = entry_form(json.dumps(dict.fromkeys(names))).fill(before, NOW)
    assert [getattr(after, name) for name in names] == [None, [], [], None, None, []]


def test_the_entry_that_a_form_is_applied_to_is_not_changed():
    before = an_entry(title="Old", corrections=[])
    entry_form('{"title": "New", "correction": "Not old."}').fill(before, NOW)
    assert (before.title, before.corrections) == ("Old", [])


@pytest.mark.parametrize("flag", ["key", "pinned", "breaking"])
def test_a_flag_is_false_where_nobody_set_it_and_by_null(flag: str):
    assert getattr(entry_form("{}").fill(an_entry(), NOW), flag) is False
    assert getattr(entry_form(f'{{"{flag}": null}}').fill(an_entry(**{flag: True}), NOW), flag) is False


def test_a_correction_is_added_as_of_now():
    filled = entry_form('{"correction": "Two, not three."}').fill(an_entry(corrections=[_OLD]), NOW)
    assert filled.corrections == [_OLD, Correction("Two, not three.", NOW)]


def test_corrections_replace_the_old_ones_and_may_have_their_own_times():
    form = entry_form('{"corrections": [{"text": "a", "at": "2020-10-09T08:00:00+02:00"}, {"text": "b"}]}')
    filled = form.fill(an_entry(corrections=[_OLD]), NOW)
    assert filled.corrections == [Correction("a", "2020-10-09T06:00:00.000Z"), Correction("b", NOW)]


@pytest.mark.parametrize("form", ['{"correction": "x"}', '{"corrections": [%s], "correction": "x"}'])
def test_a_correction_too_many_is_an_error_that_says_what_to_do(form: str):
    form = form.replace("%s", ",".join(['{"text": "a"}'] * 100))
    with pytest.raises(BadInput, match=r"has 100 corrections; 100 is the limit\. Send the list to keep as"):
        entry_form(form).fill(an_entry(corrections=[_OLD] * 100), NOW)


_OLD = Correction("An old one.", "2020-10-08T00:00:00.000Z")


def test_a_blog_without_a_headline_gets_its_name_for_one():
    for text, headline in (("{}", ""), ('{"headline": null}', "Talks")):
        header = StoredHeader(blog="karabakh", headline=headline, status="live")
        assert header_form(text).fill(header).headline == "karabakh"


def test_a_header_is_filled():
    form = header_form(
        '{"headline": "H", "status": "ended", "language": "en-GB", "timezone": "Europe/Skopje",'
        '"coverage_end": "2020-10-09T20:00:00Z", "related": [{"title": "R", "url": "https://example.org/r"}]}'
    )
    assert form.fill(StoredHeader(blog="b", headline="", status="live")) == StoredHeader(
        blog="b",
        headline="H",
        status="ended",
        language="en-GB",
        timezone="Europe/Skopje",
        coverage_end="2020-10-09T20:00:00.000Z",
        related=[Link("R", "https://example.org/r")],
    )


@pytest.mark.parametrize(
    ("at", "kept"),
    [
        (datetime(2020, 10, 9, 8, 12, tzinfo=timezone(timedelta(hours=2))), "2020-10-09T06:12:00.000Z"),
        (datetime(2020, 10, 9, 6, 12, 0, 999_999, tzinfo=UTC), "2020-10-09T06:12:00.999Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00.000Z"),
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), "9999-12-31T23:59:59.000Z"),
    ],
)
def test_times_are_kept_in_utc_with_milliseconds(at: datetime, kept: str):
    assert moment(at, "event_at") == kept
