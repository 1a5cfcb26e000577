"""A sample blog that uses everything a template can show. It is rendered at the start to check templates."""

from __future__ import annotations

import msgspec

from stoppress.live.items import PublicItem
from stoppress.model import Correction, Entry, Header, Item, Link, Media, Person, Source
from stoppress.web.pages.view import pointer_to

_ID = "00000000-0000-7000-8000-000000000000"
MOMENT = "2020-10-09T06:12:00.000Z"
_LATER = "2020-10-09T07:12:00.000Z"
_ADDRESS = "https://example.org/"

_AUTHORS = [Person("Sample", _ADDRESS), Person("Sample")]
_IMAGE = Media("image", _ADDRESS, alt="x", caption="x", credit="x", width=1, height=1)
_MEDIA = [
    _IMAGE,
    Media("video", _ADDRESS, alt="x"),
    Media("audio", _ADDRESS, alt="x"),
    Media("embed", _ADDRESS),
    Media("embed", "https://vimeo.com/12345"),
]

ENTRIES = [
    Entry(
        id=_ID,
        version=2,
        status="published",
        title="Sample",
        html="<p>x</p>",
        text="x",
        authors=_AUTHORS,
        key=True,
        pinned=True,
        breaking=True,
        tags=["x"],
        source=Source("Sample", _ADDRESS),
        media=_MEDIA,
        published_at=MOMENT,
        updated_at=_LATER,
        event_at=MOMENT,
        corrections=[Correction("x", _LATER)],
    ),
    Entry(id=_ID, version=1, status="published", published_at=MOMENT),
    Entry(id=_ID, version=2, status="retracted", published_at=MOMENT, retracted_at=_LATER, note="x"),
]


ITEMS = [PublicItem(Item(entry.id, 1, entry.version, msgspec.json.encode(entry))) for entry in ENTRIES]


def header(language: str) -> Header:
    return Header(
        blog="sample",
        headline="Sample",
        standfirst="x",
        status="scheduled",
        language=language,
        coverage_start=MOMENT,
        image=_IMAGE,
        authors=_AUTHORS,
        tags=["x"],
        related=[Link("Sample", _ADDRESS)],
    )


CALLS: dict[str, list[tuple[object, ...]]] = {
    "article": [(entry,) for entry in ENTRIES],
    "title": [(header("en"),), (Header(blog="sample", headline="Sample", status="live"),)],
    "pinned_aside": [(pointer_to(entry),) for entry in ENTRIES[:2]] + [(None,)],
    "key_events_nav": [([pointer_to(entry) for entry in ENTRIES[:2]],), ([],)],
    "related_aside": [([Link("Sample", _ADDRESS)],), ([],)],
    "pages_nav": [("before=x", False), (None, True), ("before=x", True)],
}
"""Sample arguments by macro."""
