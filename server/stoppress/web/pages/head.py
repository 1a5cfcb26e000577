"""The head of a page: metadata for search engines, for link previews and for feed readers."""

from __future__ import annotations

from typing import NamedTuple

from markupsafe import Markup

from stoppress.model import Entry, Media
from stoppress.web.pages.structured_data import data_block, live_blog_posting
from stoppress.web.pages.view import View, changed_at, headline, shortened
from stoppress.web.site import Site

_DESCRIPTION_CHARACTERS = 200


class _Head(NamedTuple):
    """The values of `templates/head.html`."""

    title: str
    description: str
    canonical: str
    """The address under which search engines list this content."""
    address: str
    """The address of the page itself, for sharing."""
    robots: str
    site: str
    language: str = "en"
    kind: str = "website"
    image: Media | None = None
    published: str | None = None
    modified: str | None = None
    newer: str | None = None
    older: str | None = None
    feeds: tuple[tuple[str, str], ...] = ()
    """The media types and addresses of feeds."""
    structured: Markup | None = None


def describe(site: Site, view: View) -> _Head:
    """Return the head of a page of a blog."""
    header, blog = view.header, site.canonical(view.blog, view.header)
    title = header.headline if header else view.blog
    text = (header.standfirst if header else None) or next((one.text for one in view.entries if one.text), None)
    canonical = address = blog
    if view.before is not None:
        canonical = address = f"{site.blog(view.blog)}?before={view.before}"
    shown = view.at if view.at is not None and view.at.status == "published" else None
    if view.at is not None:
        address = site.entry(view.blog, view.at.id)
    if shown is not None:
        title, text = headline(shown), shown.text or text
    return _Head(
        title=title,
        description=shortened(text or title, _DESCRIPTION_CHARACTERS),
        canonical=canonical,
        address=address,
        robots=_robots(view),
        site=site.publisher,
        language=(header.language if header else None) or "en",
        kind="article",
        image=_image(view, shown),
        published=shown.published_at if shown else (header.coverage_start if header else None) or view.began,
        modified=changed_at(shown) if shown else max(map(changed_at, view.entries), default=None),
        newer=None if view.newest else f"/blogs/{view.blog}",
        older=view.older and f"/blogs/{view.blog}?{view.older.partition('?')[2]}",
        feeds=(
            ("application/atom+xml", site.feed(view.blog, "atom")),
            ("application/feed+json", site.feed(view.blog, "json")),
        ),
        structured=data_block(live_blog_posting(site, view)),
    )


def describe_index(site: Site, page: int = 1) -> _Head:
    """Return the head of a page of the list of blogs."""
    address = f"{site.origin}/" + (f"?page={page}" if page > 1 else "")
    text = f"Live blogs of {site.publisher}"
    return _Head("Live blogs", text, address, address, "max-image-preview:large", site.publisher)


def _robots(view: View) -> str:
    """Return the robots directive. While a blog runs, each new entry moves the pages of older entries: no indexing."""
    settled = view.header is not None and view.header.status == "ended"
    passing = view.before is not None and not settled
    return ("noindex, follow, " if passing else "") + "max-image-preview:large, max-snippet:-1"


def _image(view: View, shown: Entry | None) -> Media | None:
    own = [shown] if shown else []
    first = [one for entry in own for one in entry.media if one.type == "image"]
    of_blog = [view.header.image] if view.header and view.header.image and view.header.image.type == "image" else []
    others = [one for entry in view.entries for one in entry.media if one.type == "image"]
    return next(iter([*first, *of_blog, *others]), None)
