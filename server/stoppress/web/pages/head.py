"""The head of a page: metadata for search engines, for link previews and for feed readers."""

from __future__ import annotations

from typing import Any

from stoppress.model import Entry, Header, Media
from stoppress.web.pages.structured_data import data_block, live_blog_posting
from stoppress.web.pages.view import View, changed_at, headline, shortened
from stoppress.web.site import Site

_DESCRIPTION_CHARACTERS = 200


def describe(site: Site, view: View) -> dict[str, Any]:
    """Return the head of a page of a blog: the values of `templates/head.html`."""
    header, at = view.header or Header.bare(view.blog), view.at
    title = header.headline
    text = header.standfirst or next((one.text for one in view.entries if one.text), None)
    canonical = f"{site.blog(view.blog)}?before={view.before}" if view.before and not at else site.canonical(header)
    shown = at if at and at.status == "published" else None
    if shown:
        title, text = headline(shown), shown.text or text
    image = _image(view, shown)
    has_size = image and image.width and image.height
    head = _head(site, title, shortened(text or title, _DESCRIPTION_CHARACTERS), canonical)
    head["properties"] |= {
        "og:type": "article",
        "og:url": site.entry(view.blog, at.id) if at else canonical,
        "og:locale": (header.language or "en").replace("-", "_"),
        "og:image": image and site.url(image.url),
        "og:image:width": image.width if image and has_size else None,
        "og:image:height": image.height if image and has_size else None,
        "og:image:alt": image and image.alt,
        "article:published_time": shown.published_at if shown else header.coverage_start or view.began,
        "article:modified_time": changed_at(shown) if shown else max(map(changed_at, view.entries), default=None),
    }
    return head | {
        "robots": _robots(view),
        "newer": None if view.newest else f"/blogs/{view.blog}",
        "older": view.older and f"/blogs/{view.blog}?{view.older.partition('?')[2]}",
        "feeds": {"atom+xml": site.feed(view.blog, "atom"), "feed+json": site.feed(view.blog, "json")},
        "structured": data_block(live_blog_posting(site, view)),
    }


def describe_index(site: Site, page: int = 1) -> dict[str, Any]:
    """Return the head of a page of the list of blogs."""
    address = f"{site.origin}/" + (f"?page={page}" if page > 1 else "")
    return _head(site, "Live blogs", f"Live blogs of {site.publisher}", address)


def _head(site: Site, title: str, description: str, canonical: str) -> dict[str, Any]:
    """Return a head; search engines list the page under its canonical address."""
    properties = {
        "og:type": "website",
        "og:site_name": site.publisher,
        "og:title": title,
        "og:description": description,
        "og:url": canonical,
        "og:locale": "en",
    }
    return {"canonical": canonical, "robots": "max-image-preview:large", "properties": properties, "feeds": {}}


def _robots(view: View) -> str:
    """Return the robots directive. While a blog runs, each new entry moves the pages of older entries: no indexing."""
    passing = view.before and not view.at and not (view.header and view.header.status == "ended")
    return ("noindex, follow, " if passing else "") + "max-image-preview:large, max-snippet:-1"


def _image(view: View, shown: Entry | None) -> Media | None:
    """Return an image of the entry that is shown, of the blog, or of the first entry that has one."""
    media = [*(shown.media if shown else ()), view.header.image if view.header else None]
    media += [one for entry in view.entries for one in entry.media]
    return next((one for one in media if one and one.type == "image"), None)
