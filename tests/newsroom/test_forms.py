"""Forms: what is set, removed and left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest

from stoppress.errors import BadInput
from stoppress.model import Correction, Header, Link, Person, Source, StoredEntry
from stoppress.newsroom.forms import EntryForm, HeaderForm, moment

NOW = "2020-10-09T06:12:00.000Z"


def an_entry(**fields: object) -> StoredEntry:
    return msgspec.structs.replace(StoredEntry(id="a", version=1, status="draft"), **fields)


def entry_form(json: str) -> EntryForm:
    return msgspec.json.decode(json, type=EntryForm)


def header_form(json: str) -> HeaderForm:
    return msgspec.json.decode(json, type=HeaderForm)


def test_an_absent_field_is_left_as_it_is():
    assert entry_form("{}").fill(an_entry(title="Old", tags=["a"]), NOW).title == "Old"


def test_a_field_that_is_set_replaces_the_old_one_whole():
    filled = entry_form('{"tags": ["b"], "source": {"name": "B"}}').fill(an_entry(tags=["a"]), NOW)
    assert (filled.tags, filled.source) == (["b"], Source("B"))


def test_null_removes_a_field():
    before = an_entry(title="Old", tags=["a"], authors=[Person("A")], source=Source("A"), event_at=NOW)
    form = entry_form('{"title": null, "tags": null, "authors": null, "source": null, "event_at": null}')
    after = form.fill(before, NOW)
    assert (after.title, after.tags, after.authors, after.source, after.event_at) == (None, [], [], None, None)


def test_the_entry_that_a_form_is_applied_to_is_not_changed():
    before = an_entry(title="Old", corrections=[])
    entry_form('{"title": "New", "correction": "Not old."}').fill(before, NOW)
    assert (before.title, before.corrections) == ("Old", [])


@pytest.mark.parametrize("flag", ["key", "pinned", "breaking"])
def test_a_flag_that_nobody_set_is_false(flag: str):
    assert getattr(entry_form("{}").fill(an_entry(), NOW), flag) is False


@pytest.mark.parametrize("flag", ["key", "pinned", "breaking"])
def test_null_makes_a_flag_false(flag: str):
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


def test_null_removes_all_corrections():
    assert entry_form('{"corrections": null}').fill(an_entry(corrections=[_OLD]), NOW).corrections == []


_OLD = Correction("An old one.", "2020-10-08T00:00:00.000Z")


def test_a_blog_without_a_headline_gets_its_name_for_one():
    assert header_form("{}").fill(Header(blog="karabakh", headline="", status="live")).headline == "karabakh"


def test_removing_the_headline_gives_it_the_name_again():
    header = Header(blog="karabakh", headline="Talks", status="live")
    assert header_form('{"headline": null}').fill(header).headline == "karabakh"


def test_a_header_is_filled():
    form = header_form(
        '{"headline": "H", "status": "ended", "language": "en-GB", "timezone": "Europe/Skopje",'
        '"coverage_end": "2020-10-09T20:00:00Z", "related": [{"title": "R", "url": "https://example.org/r"}]}'
    )
    assert form.fill(Header(blog="b", headline="", status="live")) == Header(
        blog="b",
        headline="H",
        status="ended",
        language="en-GB",
        timezone="Europe/Skopje",
        coverage_end="2020-10-09T20:00:00.000Z",
        related=[Link("R", "https://example.org/r")],
    )


@pytest.mark.parametrize("json", ['{"headlin": "x"}', '{"blog": "x"}', '{"seq": 1}', '{"status": null}'])
def test_a_header_has_no_other_fields(json: str):
    with pytest.raises(msgspec.ValidationError):
        header_form(json)


@pytest.mark.parametrize("json", ['{"id": "x"}', '{"text": "x"}', '{"status": "retracted"}', '{"status": null}'])
def test_an_entry_form_has_no_fields_that_are_not_the_editors(json: str):
    with pytest.raises(msgspec.ValidationError):
        entry_form(json)


@pytest.mark.parametrize(
    "json",
    [
        '{"source": {"name": "A", "url": "javascript:alert(1)"}}',
        '{"media": [{"type": "image", "url": "data:image/png,x"}]}',
        '{"authors": [{"name": "A", "url": "//example.org"}]}',
    ],
)
def test_addresses_are_http_addresses(json: str):
    with pytest.raises(msgspec.ValidationError):
        entry_form(json)


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(msgspec.ValidationError, match="event_at"):
        entry_form('{"event_at": "2020-10-09T06:12:00"}')


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


@pytest.mark.parametrize(
    "at",
    [
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=23, minutes=59))),
        datetime(9999, 12, 31, 23, tzinfo=timezone(-timedelta(hours=2))),
    ],
)
def test_a_time_that_leaves_the_calendar_in_utc_is_refused_by_its_field(at: datetime):
    with pytest.raises(BadInput) as refusal:
        moment(at, "event_at")
    assert refusal.value.field == "event_at"


def test_empty_text_is_no_text():
    filled = EntryForm(title="").fill(StoredEntry(id="x", version=1, status="published", title="old"), "now")
    assert filled.title is None
