"""A sample blog that uses everything a template can show. It is rendered at the start to check templates."""

from __future__ import annotations

import msgspec

from stoppress.live.items import PublicItem
from stoppress.model import Correction, Entry, Header, Item, Link, Media, Person, Source
from stoppress.web.pages.view import pointer_to

ID = "00000000-0000-7000-8000-000000000000"
MOMENT = "2020-10-09T06:12:00.000Z"
LATER = "2020-10-09T07:12:00.000Z"
ADDRESS = "https://example.org/"

AUTHORS = [Person("Sample", ADDRESS), Person("Sample")]
IMAGE = Media("image", ADDRESS, alt="x", caption="x", credit="x", width=1, height=1)
MEDIA = [
    IMAGE,
    Media("video", ADDRESS, alt="x"),
    Media("audio", ADDRESS, alt="x"),
    Media("embed", ADDRESS),
    Media("embed", "https://vimeo.com/12345"),
]

ENTRIES = [
    Entry(
        id=ID,
        version=2,
        status="published",
        title="Sample",
        html="<p>x</p>",
        text="x",
        authors=AUTHORS,
        key=True,
        pinned=True,
        breaking=True,
        tags=["x"],
        source=Source("Sample", ADDRESS),
        media=MEDIA,
        published_at=MOMENT,
        updated_at=LATER,
        event_at=MOMENT,
        corrections=[Correction("x", LATER)],
    ),
    Entry(id=ID, version=1, status="published", published_at=MOMENT),
    Entry(id=ID, version=2, status="retracted", published_at=MOMENT, retracted_at=LATER, note="x"),
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
        image=IMAGE,
        authors=AUTHORS,
        tags=["x"],
        related=[Link("Sample", ADDRESS)],
    )


CALLS: dict[str, list[tuple[object, ...]]] = {
    "article": [(entry,) for entry in ENTRIES],
    "title": [(header("en"),), (Header(blog="sample", headline="Sample", status="live"),)],
    "pinned_aside": [(pointer_to(entry),) for entry in ENTRIES[:2]] + [(None,)],
    "key_events_nav": [([pointer_to(entry) for entry in ENTRIES[:2]],), ([],)],
    "related_aside": [([Link("Sample", ADDRESS)],), ([],)],
    "pages_nav": [("before=x", False), (None, True), ("before=x", True)],
}
"""Sample arguments by macro."""
