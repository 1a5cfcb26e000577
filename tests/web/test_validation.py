"""Errors of bodies that do not fit their form: each names the field, the allowed values and the value that was sent."""

from __future__ import annotations

import re

import msgpack
import msgspec
import pytest
from msgspec import inspect

from stoppress.access.keys import KeyForm
from stoppress.access.people.person import PersonForm
from stoppress.errors import BadInput
from stoppress.newsroom.forms import EntryForm, HeaderForm, RetractionForm
from stoppress.newsroom.imports import ImportForm
from stoppress.web.desk_stream.presence_api import PresenceForm
from stoppress.web.validation import PATTERNS, bad_input
from tests.support.schemathesis_hooks import WRONG_FIELD

TIME = "a time with a time zone, such as 2020-10-09T06:12:00Z"
ADDRESS = "an http:// or https:// address without spaces"


NESTED = [
    (EntryForm, "media", "[%s]", "type, url, alt, caption, credit, width, height, sources, focus"),
    (EntryForm, "source", "%s", "name, url"),
    (EntryForm, "corrections", "[%s]", "text, at"),
    (HeaderForm, "image", "%s", "type, url, alt, caption, credit, width, height, sources, focus"),
    (HeaderForm, "authors", "[%s]", "name, url"),
    (HeaderForm, "related", "[%s]", "title, url"),
]


@pytest.mark.parametrize(("form", "field", "value", "allowed"), NESTED)
def test_an_unknown_field_within_another_names_the_allowed_ones(form: type, field: str, value: str, allowed: str):
    error = refusal(form, b'{"%s": %s}' % (field.encode(), value.encode() % b'{"nam": "x"}'))
    assert str(error).endswith(f"Allowed fields: {allowed}.") and f"Unknown field `nam` in `{field}" in str(error)


def refusal(form: type, body: bytes, *, packed: bool = False) -> BadInput:
    decode = msgspec.msgpack.decode if packed else msgspec.json.decode
    with pytest.raises(msgspec.ValidationError) as error:
        decode(body, type=form)
    return bad_input(error.value, form, lambda: decode(body))


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ('{"title": 7}', "`title` must be text of at most 500 characters or null; got 7."),
        ('{"title": "%s"}' % ("x" * 501), "`title` must be text of at most 500 characters or null; got text"),
        ('{"tags": ["a", ""]}', '`tags[1]` must be text of 1 to 100 characters; got "".'),
        ('{"tags": [%s"a"]}' % ('"a", ' * 50), "`tags` must be a list of at most 50 items or null; got a list"),
        ('{"key": "yes"}', '`key` must be true, false or null; got "yes".'),
        ('{"status": "gone"}', '`status` must be draft, published or scheduled; got "gone".'),
        ('{"event_at": "now"}', f'`event_at` must be {TIME} or null; got "now".'),
        ('{"event_at": "2020-10-09T06:12:00"}', f"`event_at` must be {TIME} or null; got "),
        ('{"source": "TASS"}', '`source` must be an object or null; got "TASS".'),
        ('{"source": {"name": "x", "url": "ftp://x"}}', f"`source.url` must be {ADDRESS} or null; got "),
        (
            '{"media": [{"type": "image", "url": "http://x", "width": 0}]}',
            "`media[0].width` must be a whole number from 1 to 100000 or null; got 0.",
        ),
        ('{"authors": [{}]}', "`authors[0]` needs the field `name`."),
        (
            '{"authors": [{"name": "x", "mail": "y"}]}',
            "Unknown field `mail` in `authors[0]`. Allowed fields: name, url.",
        ),
        ('{"titel": "x"}', "Unknown field `titel`. Allowed fields: markdown, html, title, authors, key, "),
        ("[]", "The body must be an object; got a list of 0 items."),
        ('{"title": 7', "`title` must be text of at most 500 characters or null."),
    ],
)
def test_an_error_names_field_allowed_values_and_value(body: str, detail: str):
    error = refusal(EntryForm, body.encode())
    assert str(error).startswith(detail)
    named = re.search("`(.*?)`", detail)
    assert error.field == (named and named[1])
    assert str(error).endswith(".")
    assert WRONG_FIELD.match(str(error)), "the test of the OpenAPI document would take it for a rule of the newsroom"


def test_a_name_that_is_no_text_is_explained():
    error = refusal(EntryForm, msgpack.packb({7: "x"}), packed=True)
    assert (error.field, str(error)) == (None, "The names of all fields must be text.")


def test_binary_data_is_not_quoted():
    error = refusal(EntryForm, msgpack.packb({"title": b"x"}), packed=True)
    assert str(error) == "`title` must be text of at most 500 characters or null; got binary data."


def test_a_long_name_of_an_unknown_field_is_cut_in_the_text_only():
    error = refusal(RetractionForm, b'{"%s": 1}' % (b"x" * 1_000))
    assert error.field == "x" * 1_000
    assert len(str(error)) < 150


def test_every_pattern_of_a_form_has_words():
    def patterns(kind: object) -> set[str]:
        match kind:
            case inspect.StrType(pattern=str(pattern)):
                return {pattern}
            case inspect.UnionType(types=types):
                return set().union(*map(patterns, types))
            case inspect.ListType(item_type=item):
                return patterns(item)
            case inspect.StructType(fields=fields):
                return set().union(*(patterns(field.type) for field in fields))
        return set()

    forms = (EntryForm, HeaderForm, RetractionForm, KeyForm, PersonForm, PresenceForm, ImportForm)
    assert set().union(*(patterns(inspect.type_info(form)) for form in forms)) == set(PATTERNS)
