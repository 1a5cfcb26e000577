"""RSS 2.0 (and 0.9x) and Atom (RFC 4287, with the tombstones of RFC 6721)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from stoppress.newsroom.imports import ENTRY_ID
from stoppress.tools.importer.found import BlogFile, Found, WrongFile, clipped, made_id, people, tags
from stoppress.tools.importer.safe_xml import Element
from stoppress.web.feeds.atom import ATOM, TOMBSTONES

_A, _T = f"{{{ATOM}}}", f"{{{TOMBSTONES}}}"
_ENCODED = "{http://purl.org/rss/1.0/modules/content/}encoded"
_CREATOR = "{http://purl.org/dc/elements/1.1/}creator"

_WHOLE = frozenset(("item", f"{_A}entry", f"{_T}deleted-entry", f"{_A}author"))

_KINDS = ("image", "video", "audio")

_OWN_ID = "urn:uuid:"


def is_whole(name: str) -> bool:
    """Return whether `read_feed` needs an element with all that is in it."""
    return name in _WHOLE


def read_feed(parts: Iterable[Element]) -> BlogFile:
    """Return the content of a feed. Raises `WrongFile`."""
    header: dict[str, Any] = {}
    authors: list[tuple[str, str]] = []
    found: list[tuple[Element, str]] = []
    for part in parts:
        if part.name in ("item", f"{_A}entry", f"{_T}deleted-entry"):
            found.append((part, part.name))
        elif part.name == f"{_A}author":
            authors.append((part.first(f"{_A}name"), part.first(f"{_A}uri")))
        else:
            _note(header, part)
    source = header.pop("source", "")
    if authors:
        header["authors"] = people(authors)
    entries: list[Found] = []
    notes: list[str] = []
    for element, name in found:
        fields = {"item": _item, f"{_A}entry": _entry}.get(name, _tombstone)(element)
        fields["id"] = _id(fields.pop("guid"), source)
        if fields.get("status") != "retracted" and not (fields.get("html") or fields.get("title")):
            notes.append(f"Line {element.line}: the entry is empty and was left out.")
            continue
        entries.append(Found(element.line, fields))
    entries.sort(key=lambda one: one.fields.get("published_at") or "")
    return BlogFile(Found(1, header) if header else None, entries, notes)


def _note(header: dict[str, Any], part: Element) -> None:
    """Take a leaf outside entries into the header. `source` is what tells entries of this feed from those of others."""
    text = part.text.strip()
    if part.name in ("title", f"{_A}title") and text:
        header.setdefault("headline", clipped(text, 500))
    elif part.name in ("description", f"{_A}subtitle") and text:
        header.setdefault("standfirst", clipped(text, 5_000))
    elif part.name == "language" and re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*", text):
        header.setdefault("language", text)
    elif part.name in ("link", f"{_A}id") and text:
        header.setdefault("source", text)


def _item(item: Element) -> dict[str, Any]:
    """Return an item of RSS."""
    link = item.first("link")
    names = [one.text for one in item.all(_CREATOR)] or [_rss_author(one.text) for one in item.all("author")]
    media = [_media(one.attributes.get("url", ""), one.attributes.get("type", "")) for one in item.all("enclosure")]
    published = item.first("pubDate")
    return _filled(
        guid=item.first("guid") or link or f"{item.first('title')} {published}",
        title=clipped(item.first("title"), 500),
        html=item.first(_ENCODED, "description"),
        published_at=_rfc822(item.line, published),
        authors=people([(name, "") for name in names]),
        tags=tags([one.text for one in item.all("category")]),
        media=[one for one in media if one],
    )


def _entry(entry: Element) -> dict[str, Any]:
    """Return an entry of Atom."""
    links = [one.attributes for one in entry.all(f"{_A}link")]
    media = [_media(one.get("href", ""), one.get("type", "")) for one in links if one.get("rel") == "enclosure"]
    updated = _moment(entry.line, entry.first(f"{_A}updated"))
    published = _moment(entry.line, entry.first(f"{_A}published")) or updated
    bodies = [*entry.all(f"{_A}content"), *entry.all(f"{_A}summary")]
    authors = [(one.first(f"{_A}name"), one.first(f"{_A}uri")) for one in entry.all(f"{_A}author")]
    words = [one.attributes.get("label") or one.attributes.get("term", "") for one in entry.all(f"{_A}category")]
    return _filled(
        guid=entry.first(f"{_A}id"),
        title=clipped(entry.first(f"{_A}title"), 500),
        html=next((html for one in bodies if (html := _body(one))), ""),
        published_at=published,
        updated_at=updated if published and updated and updated > published else None,
        authors=people(authors),
        tags=tags(words),
        media=[one for one in media if one],
    )


def _tombstone(element: Element) -> dict[str, Any]:
    when = _moment(element.line, element.attributes.get("when", ""))
    note = element.first(f"{_T}comment")
    fields = {"guid": element.attributes.get("ref", ""), "status": "retracted", "published_at": when}
    return _filled(**fields, retracted_at=when, note=clipped(note, 5_000))


def _filled(**fields: Any) -> dict[str, Any]:
    return {"guid": fields["guid"], **{name: value for name, value in fields.items() if value}}


def _body(content: Element) -> str:
    kind = content.attributes.get("type", "text")
    if kind == "xhtml":
        return "".join(one.html() for one in content.children)
    text = content.text.strip()
    if kind in ("html", "text/html"):
        return text
    return "" if kind not in ("text", "text/plain") or not text else f"<p>{_escaped(text)}</p>"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _media(url: str, kind: str) -> dict[str, str] | None:
    kind = kind.partition("/")[0]
    is_address = urlsplit(url).scheme in ("http", "https") and not re.search(r"\s", url)
    return {"type": kind, "url": url} if kind in _KINDS and is_address else None


def _rss_author(text: str) -> str:
    """Return the name in `mail@example.org (Name)`. A mail address alone is nobody's name to publish."""
    name = re.search(r"\(([^()]+)\)", text)
    return name[1] if name else ("" if "@" in text else text)


def _id(guid: str, source: str) -> str:
    own = guid.removeprefix(_OWN_ID)
    return own if re.fullmatch(ENTRY_ID, own) else made_id(source, guid)


def _rfc822(line: int, text: str) -> str | None:
    if not text:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return _moment(line, text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def _moment(line: int, text: str) -> str | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise WrongFile(line, f"{text[:60]!r} is not a time, such as 2020-10-09T06:12:00Z") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
