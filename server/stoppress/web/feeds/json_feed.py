"""JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/)."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable
from typing import Any

import msgspec

from stoppress.model import Entry, Media, Person
from stoppress.web.feeds.feed import Feed
from stoppress.web.pages.view import changed_at


def json_feed(feed: Feed) -> bytes:
    """Return the document. A retracted entry keeps an item, which says only that it was retracted."""
    header = feed.header
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": header.headline,
        "home_page_url": feed.site.canonical(header),
        "feed_url": feed.site.feed(feed.header.blog, "json", feed.before),
        "next_url": None if feed.next is None else feed.site.feed(feed.header.blog, "json", feed.next),
        "description": header.standfirst,
        "language": header.language,
        "authors": _people(header.authors or [Person(feed.site.publisher)]),
        "items": [_item(feed, entry) for entry in feed.entries],
    }
    return msgspec.json.encode({name: value for name, value in document.items() if value is not None})


def _item(feed: Feed, entry: Entry) -> dict[str, Any]:
    images = [feed.site.url(media.url) for media in entry.media if media.type == "image"]
    item = {
        "id": f"urn:uuid:{entry.id}",
        "url": feed.site.entry(feed.header.blog, entry.id),
        "title": entry.title,
        "date_published": entry.published_at,
        "date_modified": changed_at(entry),
        "image": images[0] if images else None,
        "authors": _people(entry.authors),
        "tags": entry.tags,
        "attachments": [one for media in entry.media if (one := _attachment(feed, media))],
    }
    item |= {"content_text": Feed.note(entry)} if entry.status == "retracted" else {"content_html": feed.body(entry)}
    return {name: value for name, value in item.items() if value not in (None, [])}


def _attachment(feed: Feed, media: Media) -> dict[str, Any] | None:
    """Return video or audio as an attachment; None if its address does not tell its type, which the format requires."""
    kind = mimetypes.guess_type(media.url)[0]
    if media.type not in ("video", "audio") or kind is None:
        return None
    return {"url": feed.site.url(media.url), "mime_type": kind, **({"title": media.caption} if media.caption else {})}


def _people(people: Iterable[Person]) -> list[dict[str, str]]:
    return [{"name": person.name, **({"url": person.url} if person.url else {})} for person in people]
