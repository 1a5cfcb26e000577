"""A page as structured data: a `LiveBlogPosting` in JSON-LD (https://schema.org/LiveBlogPosting)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from markupsafe import Markup

from stoppress.model import Entry, Header, Media, Person
from stoppress.web.pages.view import View, changed_at, headline
from stoppress.web.site import Site

_OBJECTS = {"image": "ImageObject", "video": "VideoObject", "audio": "AudioObject"}
"""schema.org types by kind of media."""


def live_blog_posting(site: Site, view: View) -> dict[str, Any]:
    """Return the blog as a `LiveBlogPosting`; each entry of the page that is not retracted is an update."""
    published = [entry for entry in view.entries if entry.status == "published"]
    header = view.header or Header.bare(view.blog)
    address = site.canonical(header)
    publisher = {"@type": "Organization", "name": site.publisher, "url": site.origin + "/"}
    authors = _people(header.authors) or publisher
    posting = {
        "@context": "https://schema.org",
        "@type": "LiveBlogPosting",
        "@id": address,
        "url": address,
        "mainEntityOfPage": address,
        "headline": header.headline,
        "publisher": publisher,
        "author": authors,
        "datePublished": view.began,
        "dateModified": max(map(changed_at, view.entries), default=None),
        "coverageStartTime": header.coverage_start or view.began,
        "description": header.standfirst,
        "inLanguage": header.language,
        "keywords": header.tags,
        "image": [_media(site, header.image)] if header.image else [],
        "coverageEndTime": (header.coverage_end or view.ended) if header.status == "ended" else None,
        "liveBlogUpdate": [_update(site, header, entry, authors) for entry in published],
    }
    return _filled(posting)


def data_block(data: dict[str, Any]) -> Markup:
    """Encode JSON for a `script` element: nothing in it can end the element or begin another."""
    text = msgspec.json.encode(data).decode()
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704, none of the characters is left that mean anything in HTML


def _update(site: Site, header: Header, entry: Entry, others: Any) -> dict[str, Any]:
    media: dict[str, list[Any]] = {kind: [] for kind in _OBJECTS}
    for one in entry.media:
        if one.type in media:
            media[one.type].append(_media(site, one))
    pictures = [site.url(one.url) for one in (*entry.media, header.image) if one and one.type == "image"]
    # Search engines reject a film without a name, a picture and a date
    film = {"name": headline(entry), "thumbnailUrl": pictures[:1], "uploadDate": entry.published_at}
    media["video"] = [film | video for video in media["video"] if pictures]
    return _filled(
        {
            "@type": "BlogPosting",
            "@id": f"urn:uuid:{entry.id}",
            "url": site.entry(header.blog, entry.id),
            "headline": headline(entry),
            "datePublished": entry.published_at,
            "dateModified": changed_at(entry),
            "author": _people(entry.authors) or others,
            "articleBody": entry.text,
            "keywords": entry.tags,
            **media,
            "correction": [
                {"@type": "CorrectionComment", "text": one.text, "datePublished": one.at} for one in entry.corrections
            ],
        }
    )


def _people(people: Iterable[Person]) -> list[dict[str, Any]]:
    return [_filled({"@type": "Person", "name": person.name, "url": person.url}) for person in people]


def _media(site: Site, media: Media) -> dict[str, Any]:
    return _filled(
        {
            "@type": _OBJECTS.get(media.type, "MediaObject"),
            "url": site.url(media.url),
            "contentUrl": site.url(media.url),
            "name": media.alt if media.type != "image" else None,
            "caption": media.caption or media.alt,
            "creditText": media.credit,
            "width": _pixels(media.width),
            "height": _pixels(media.height),
        }
    )


def _pixels(number: int | None) -> dict[str, Any] | None:
    # E37 is the pixel (UN/CEFACT Recommendation 20)
    return None if number is None else {"@type": "QuantitativeValue", "value": number, "unitCode": "E37"}


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "", [])}
