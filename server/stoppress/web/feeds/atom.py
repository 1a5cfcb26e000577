"""Atom: RFC 4287, with tombstones (RFC 6721) and pages (RFC 5005)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree import ElementTree as ET

from stoppress import __version__
from stoppress.model import Entry, Person
from stoppress.web.feeds.feed import Feed
from stoppress.web.pages.view import changed_at, headline

ATOM = "http://www.w3.org/2005/Atom"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"

_NEVER = "1970-01-01T00:00:00.000Z"
"""`updated` of a blog without entries, because Atom requires one."""

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML does not allow (https://www.w3.org/TR/xml/#charsets)."""


def atom(feed: Feed) -> bytes:
    """Return the document. Tombstones precede the entries, where the grammar of RFC 4287 allows extensions."""
    root = ET.Element("feed", {"xmlns": ATOM, "xmlns:at": TOMBSTONES})
    if feed.header.language:
        root.set("xml:lang", feed.header.language)
    _text(root, "id", feed.id)
    _text(root, "title", feed.header.headline)
    if feed.header.standfirst:
        _text(root, "subtitle", feed.header.standfirst)
    _text(root, "updated", max(map(changed_at, feed.entries), default=_NEVER))
    _people(root, feed.header.authors or [Person(feed.site.publisher)])
    _text(root, "generator", "Stoppress", version=__version__)
    _link(root, "alternate", feed.site.canonical(feed.header), "text/html")
    _link(root, "self", feed.site.feed(feed.header.blog, "atom", feed.before), "application/atom+xml")
    if feed.before is not None:
        _link(root, "first", feed.site.feed(feed.header.blog, "atom"), "application/atom+xml")
    if feed.next is not None:
        _link(root, "next", feed.site.feed(feed.header.blog, "atom", feed.next), "application/atom+xml")
    for entry in feed.entries:
        if entry.status == "retracted":
            _tombstone(root, entry)
    for entry in feed.entries:
        if entry.status != "retracted":
            _entry(root, feed, entry)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _entry(root: ET.Element, feed: Feed, entry: Entry) -> None:
    element = ET.SubElement(root, "entry")
    _text(element, "id", f"urn:uuid:{entry.id}")
    _text(element, "title", headline(entry))
    _text(element, "published", entry.published_at or "")
    _text(element, "updated", changed_at(entry))
    _people(element, entry.authors)
    for tag in entry.tags:
        ET.SubElement(element, "category", {"term": _clean(tag)})
    _link(element, "alternate", feed.site.entry(feed.header.blog, entry.id), "text/html")
    _text(element, "content", feed.body(entry), type="html")


def _tombstone(root: ET.Element, entry: Entry) -> None:
    attributes = {"ref": f"urn:uuid:{entry.id}", "when": changed_at(entry)}
    _text(ET.SubElement(root, "at:deleted-entry", attributes), "at:comment", Feed.note(entry))


def _people(parent: ET.Element, people: Iterable[Person]) -> None:
    for person in people:
        author = ET.SubElement(parent, "author")
        _text(author, "name", person.name)
        if person.url:
            _text(author, "uri", person.url)


def _link(parent: ET.Element, rel: str, address: str, kind: str) -> None:
    ET.SubElement(parent, "link", {"rel": rel, "type": kind, "href": _clean(address)})


def _text(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
    ET.SubElement(parent, name, attributes).text = _clean(text)


def _clean(text: str) -> str:
    return _NOT_XML.sub("", text)
