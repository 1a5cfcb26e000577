"""The forms that editors send. A field is set, null (remove the value) or absent (keep the value).

A new item is a form applied to a blank item; an edit is a form applied to the current one (RFC 7396).
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from stoppress.errors import BadInput
from stoppress.model import (
    BlogStatus,
    Correction,
    Header,
    Link,
    Media,
    Paragraph,
    Person,
    Source,
    StoredEntry,
    Tags,
    Url,
    timestamp,
)

Moment = Annotated[datetime, Meta(tz=True)]
Short = Annotated[str, Meta(max_length=500)]
People = Annotated[list[Person], Meta(max_length=50)]

LANGUAGE_PATTERN = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$(?!\n)"
TIMEZONE_PATTERN = r"^[A-Za-z][A-Za-z0-9_+/-]*$(?!\n)"

_T = TypeVar("_T")
Field: TypeAlias = _T | UnsetType | None


class CorrectionForm(Struct, forbid_unknown_fields=True):
    """One of an entry's `corrections`; `at` is the current time if it is left out."""

    text: Paragraph
    at: Moment | None = None


class EntryForm(Struct, kw_only=True, forbid_unknown_fields=True):
    """The fields of an entry, in the body of POST and PATCH."""

    markdown: Field[str] = UNSET
    html: Field[str] = UNSET
    title: Field[Short] = UNSET
    authors: Field[People] = UNSET
    key: Field[bool] = UNSET
    pinned: Field[bool] = UNSET
    breaking: Field[bool] = UNSET
    tags: Field[Tags] = UNSET
    source: Field[Source] = UNSET
    media: Field[Annotated[list[Media], Meta(max_length=50)]] = UNSET
    event_at: Field[Moment] = UNSET
    corrections: Field[Annotated[list[CorrectionForm], Meta(max_length=100)]] = UNSET
    correction: Field[Paragraph] = UNSET
    """Appends one to `corrections`, with the current time."""
    status: Literal["draft", "scheduled", "published"] | UnsetType = UNSET
    publish_at: Field[Moment] = UNSET
    published_at: Field[Moment] = UNSET
    """For entries that were published elsewhere before. It cannot change after publication."""


class RetractionForm(Struct, forbid_unknown_fields=True):
    """The reason for a retraction, in the body of DELETE; readers see it."""

    note: Paragraph | None = None


class HeaderForm(Struct, kw_only=True, forbid_unknown_fields=True):
    """The header of a blog, in the body of PUT and PATCH."""

    headline: Field[Short] = UNSET
    standfirst: Field[Annotated[str, Meta(max_length=5_000)]] = UNSET
    status: BlogStatus | UnsetType = UNSET
    language: Field[Annotated[str, Meta(pattern=LANGUAGE_PATTERN, max_length=35)]] = UNSET
    timezone: Field[Annotated[str, Meta(pattern=TIMEZONE_PATTERN, max_length=64)]] = UNSET
    coverage_start: Field[Moment] = UNSET
    coverage_end: Field[Moment] = UNSET
    url: Field[Url] = UNSET
    image: Field[Media] = UNSET
    authors: Field[People] = UNSET
    tags: Field[Tags] = UNSET
    pinned: Field[Annotated[str, Meta(min_length=1, max_length=36)]] = UNSET
    related: Field[Annotated[list[Link], Meta(max_length=50)]] = UNSET


def fill_header(form: HeaderForm, header: Header) -> Header:
    """Return the header with the form applied. Raises `BadInput` for a time outside the years 1 to 9999 in UTC."""
    filled = _fill(form, header, frozenset())
    filled.headline = filled.headline or header.blog
    return filled


def fill_entry(form: EntryForm, entry: StoredEntry, now: str) -> StoredEntry:
    """Return the entry with the form's plain fields applied; `entries.py` sets body, status and publication times.

    Raises:
        BadInput: a time is outside the years 1 to 9999 in UTC.
    """
    own = frozenset({"markdown", "html", "status", "publish_at", "published_at", "correction", "corrections"})
    filled = _fill(form, entry, own)
    for flag in ("key", "pinned", "breaking"):
        setattr(filled, flag, bool(getattr(filled, flag)))
    if form.corrections is not UNSET:
        filled.corrections = [
            Correction(one.text, moment(one.at, "corrections") if one.at else now) for one in form.corrections or ()
        ]
    if form.correction:
        filled.corrections = [*filled.corrections, Correction(form.correction, now)]
    return filled


_Filled = TypeVar("_Filled", Header, StoredEntry)


def _fill(form: Struct, item: _Filled, leave: frozenset[str]) -> _Filled:
    changes: dict[str, Any] = {}
    blank = _list_fields(type(item))
    for name in form.__struct_fields__:
        value = getattr(form, name)
        if value is UNSET or name in leave:
            continue
        if value is None or value == "":  # HTML forms send an empty text for no value
            value = [] if name in blank else None
        changes[name] = moment(value, name) if isinstance(value, datetime) else value
    return msgspec.structs.replace(item, **changes)


@cache
def _list_fields(kind: type[Struct]) -> frozenset[str]:
    """Return the fields that default to an empty list. Cached: inspecting a struct takes longer than filling it."""
    return frozenset(field.name for field in msgspec.structs.fields(kind) if field.default_factory is list)


def moment(at: datetime, field: str) -> str:
    """Return a time as text, as it is stored. Raises `BadInput` if it is outside the years 1 to 9999 in UTC."""
    try:
        return timestamp(at)
    except OverflowError:
        raise BadInput(f"`{field}` must be within the years 1 to 9999 in UTC; got {at.isoformat()}.", field) from None
