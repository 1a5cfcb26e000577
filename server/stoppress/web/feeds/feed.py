"""The content of a feed, in any format."""

from __future__ import annotations

from typing import NamedTuple
from uuid import NAMESPACE_URL, uuid5

from markupsafe import Markup, escape

from stoppress.live.replica import Replica
from stoppress.model import Entry, Header, Media
from stoppress.web.site import Site

_RETRACTED = "This update was retracted."


class Feed(NamedTuple):
    """A page of a feed."""

    site: Site
    header: Header
    entries: list[Entry]
    """Newest change first."""
    id: str
    """An id of the blog's epoch, the same on every node and under every host name."""
    before: int | None
    """The seq that this page begins before; None: the first page."""
    next: int | None
    """The `before` of the page that follows."""

    @classmethod
    def of(cls, replica: Replica, site: Site, before: int | None, limit: int) -> Feed:
        items, more = replica.changed_before(before, limit)
        identity = uuid5(NAMESPACE_URL, f"stoppress:{replica.blog}:{replica.epoch}")
        return cls(
            site=site,
            header=replica.header or Header.bare(replica.blog),
            entries=[item.content for item in items],
            id=f"urn:uuid:{identity}",
            before=before,
            next=items[-1].seq if more else None,
        )

    @staticmethod
    def note(entry: Entry) -> str:
        """Return the text of a retracted entry."""
        return f"{_RETRACTED} {entry.note}" if entry.note else _RETRACTED

    def body(self, entry: Entry) -> str:
        """Return an entry's HTML, with absolute addresses, and its media, corrections and source."""
        html = self.site.absolute(entry.html or "", self.header.blog)
        pieces = [Markup(html), *(_figure(self.site, one) for one in entry.media)]  # noqa: S704, sanitised when it was written
        pieces += [Markup("<p><strong>Correction:</strong> {}</p>").format(one.text) for one in entry.corrections]
        if entry.source:
            pieces.append(Markup("<p>Source: {}</p>").format(_link(entry.source.url, entry.source.name)))
        return "".join(pieces)


def _figure(site: Site, media: Media) -> Markup:
    address = site.url(media.url)
    if media.type == "image":
        shown = Markup('<img src="{}" alt="{}">').format(address, media.alt or "")
    else:
        shown = _link(address, media.caption or media.alt or address)
    words = [text for text in (media.caption, media.credit) if text and media.type == "image"]
    caption = Markup("<figcaption>{}</figcaption>").format(" · ".join(words)) if words else ""
    return Markup("<figure>{}{}</figure>").format(shown, caption)


def _link(address: str | None, text: str) -> Markup:
    return Markup('<a href="{}">{}</a>').format(address, text) if address else escape(text)
