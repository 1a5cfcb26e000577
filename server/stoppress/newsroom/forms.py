"""The forms that editors send. A field is set, null (remove the value) or absent (keep the value).

A new item is a form applied to a blank item; an edit is a form applied to the current one (RFC 7396).
"""

from __future__ import annotations

import zoneinfo
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from stoppress.errors import BadInput
from stoppress.model import (
    Access,
    BlogStatus,
    Correction,
    Link,
    Media,
    Paragraph,
    Person,
    Source,
    StoredEntry,
    StoredHeader,
    Tags,
    Url,
    timestamp,
)

_Moment = Annotated[datetime, Meta(tz=True)]
_Short = Annotated[str, Meta(max_length=500)]
_EntryId = Annotated[str, Meta(min_length=1, max_length=36)]
_People = Annotated[list[Person], Meta(max_length=50)]

LANGUAGE_PATTERN = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$(?!\n)"
TIMEZONE_PATTERN = r"^[A-Za-z][A-Za-z0-9_+/-]*$(?!\n)"

_MAX_CORRECTIONS = 100

_T = TypeVar("_T")
_Field: TypeAlias = _T | UnsetType | None


class _CorrectionForm(Struct, forbid_unknown_fields=True):
    """One of an entry's `corrections`; `at` is the current time if it is left out."""

    text: Paragraph
    at: _Moment | None = None


class EntryForm(Struct, kw_only=True, forbid_unknown_fields=True):
    """The fields of an entry, in the body of POST and PATCH."""

    markdown: _Field[str] = UNSET
    html: _Field[str] = UNSET
    title: _Field[_Short] = UNSET
    authors: _Field[_People] = UNSET
    key: _Field[bool] = UNSET
    pinned: _Field[bool] = UNSET
    breaking: _Field[bool] = UNSET
    tags: _Field[Tags] = UNSET
    source: _Field[Source] = UNSET
    media: _Field[Annotated[list[Media], Meta(max_length=50)]] = UNSET
    event_at: _Field[_Moment] = UNSET
    corrections: _Field[Annotated[list[_CorrectionForm], Meta(max_length=_MAX_CORRECTIONS)]] = UNSET
    correction: _Field[Paragraph] = UNSET
    """Appends one to `corrections`, with the current time."""
    status: Literal["draft", "scheduled", "published"] | UnsetType = UNSET
    submitted: _Field[bool] = UNSET
    """Whether the author of a draft asks the editors to publish it. A published entry has none."""
    remark: _Field[Annotated[str, Meta(max_length=5_000)]] = UNSET
    """Why an editor sends a submission back to its author. A draft that is submitted again loses it."""
    publish_at: _Field[_Moment] = UNSET
    expires_at: _Field[_Moment] = UNSET
    """When the server retracts the entry by itself."""
    published_at: _Field[_Moment] = UNSET
    """For entries that were published elsewhere before. It cannot change after publication."""

    def fill(self, entry: StoredEntry, now: str) -> StoredEntry:
        """Return the entry with the plain fields applied; `entries.py` sets body, status and publication times.

        Raises:
            BadInput: a time is outside the years 1 to 9999 in UTC, or there are too many corrections.
        """
        own = frozenset({"markdown", "html", "status", "publish_at", "published_at", "correction", "corrections"})
        filled = _fill(self, entry, own)
        for flag in ("key", "pinned", "breaking"):
            setattr(filled, flag, bool(getattr(filled, flag)))
        filled.submitted = filled.submitted or None
        if filled.submitted and not self.remark:
            filled.remark = None
        if self.corrections is not UNSET:
            filled.corrections = [
                Correction(one.text, moment(one.at, "corrections") if one.at else now) for one in self.corrections or ()
            ]
        if self.correction:
            if len(filled.corrections) >= _MAX_CORRECTIONS:
                limit = f"The entry has {len(filled.corrections)} corrections; {_MAX_CORRECTIONS} is the limit."
                raise BadInput(f"{limit} Send the list to keep as `corrections`.", "correction")
            filled.corrections = [*filled.corrections, Correction(self.correction, now)]
        return filled


class RetractionForm(Struct, forbid_unknown_fields=True):
    """The reason for a retraction, in the body of DELETE; readers see it."""

    note: Paragraph | None = None


class HeaderForm(Struct, kw_only=True, forbid_unknown_fields=True):
    """The header of a blog, in the body of PUT and PATCH."""

    headline: _Field[_Short] = UNSET
    standfirst: _Field[Annotated[str, Meta(max_length=5_000)]] = UNSET
    status: BlogStatus | UnsetType = UNSET
    language: _Field[Annotated[str, Meta(pattern=LANGUAGE_PATTERN, max_length=35)]] = UNSET
    timezone: _Field[Annotated[str, Meta(pattern=TIMEZONE_PATTERN, max_length=64)]] = UNSET
    coverage_start: _Field[_Moment] = UNSET
    coverage_end: _Field[_Moment] = UNSET
    url: _Field[Url] = UNSET
    image: _Field[Media] = UNSET
    authors: _Field[_People] = UNSET
    tags: _Field[Tags] = UNSET
    pinned: _Field[_EntryId] = UNSET
    summary: _Field[Annotated[list[_EntryId], Meta(max_length=100)]] = UNSET
    """The order of the key events; those that are not named follow."""
    related: _Field[Annotated[list[Link], Meta(max_length=50)]] = UNSET
    access: _Field[Access] = UNSET
    public_from: _Field[_Moment] = UNSET
    """Only for a blog with `access` token. A blog that becomes public loses it."""
    handover: _Field[Annotated[str, Meta(max_length=5_000)]] = UNSET
    """A note for the next shift, which only editors see."""

    def fill(self, header: StoredHeader) -> StoredHeader:
        """Return the header with the form applied.

        Raises:
            BadInput: a time is outside the years 1 to 9999 in UTC, the time zone does not exist, `summary` names an
                entry twice, or a public blog gets `public_from`.
        """
        known = _timezones()
        if self.timezone and known and self.timezone not in known:
            raise BadInput(
                f"`timezone` must be a name of the IANA database, such as Europe/Skopje; got {self.timezone!r}.",
                "timezone",
            )
        if self.summary and len(set(self.summary)) < len(self.summary):
            raise BadInput("`summary` must name each entry once. Leave out the repeated ids.", "summary")
        filled = _fill(self, header, frozenset())
        filled.headline = filled.headline or header.blog
        filled.access = filled.access or "public"
        if filled.access == "public":
            if self.public_from:
                raise BadInput("`public_from` needs `access` token; a public blog is open already.", "public_from")
            filled.public_from = None
        return filled


@cache
def _timezones() -> set[str]:
    """Return the names of all time zones; an empty set if the system has no database of them."""
    return zoneinfo.available_timezones()


_Filled = TypeVar("_Filled", StoredHeader, StoredEntry)


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
