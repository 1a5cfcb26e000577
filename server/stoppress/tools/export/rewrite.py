"""Documents of the server with other addresses in them, and else as they are."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

from stoppress.web.feeds.atom import ATOM, TOMBSTONES
from stoppress.web.pages.structured_data import data_block

_Map = Callable[[str], str]
"""From an address to that which takes its place."""

_ATTRIBUTE = re.compile(r'(\s(href|src|poster|content)=")([^"]*)"')


class ArchivedPage(HTMLParser):
    """What matters to an archive in a page, and the page with other addresses and without what only scripts use.

    Args:
        text: the page.
        change: changes each address; the default leaves them.
    """

    def __init__(self, text: str, change: _Map = str) -> None:
        super().__init__(convert_charrefs=False)
        self.links: dict[str, list[str]] = {}
        """The addresses of the head's links by `rel`."""
        self.entries: list[str] = []
        """The ids of its entries."""
        self._change = change
        self._pieces: list[str] = []
        self._script: str | None = None  # of which kind the script is that the parser is in
        self._templates = 0  # in how many it is: scripts alone use what is in them
        self.feed(text)
        self.close()

    @property
    def html(self) -> str:
        return "".join(self._pieces)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._templates += tag == "template"
        if tag == "script":
            self._script = values.get("type", "")
        if tag == "link":
            self.links.setdefault(values.get("rel", ""), []).append(values.get("href", ""))
        if tag == "article" and values.get("id", "").startswith("entry-"):
            self.entries.append(values["id"].removeprefix("entry-"))
        if not self._is_live(tag, values):
            self._put(_ATTRIBUTE.sub(lambda found: self._attribute(found, values), self.get_starttag_text() or ""))

    handle_startendtag = handle_starttag

    def _is_live(self, tag: str, values: dict[str, str]) -> bool:
        """Whether it is there only for the JavaScript of a page."""
        script = tag == "script" and self._script != "application/ld+json"
        return script or (tag == "link" and values.get("rel") == "modulepreload")

    def _attribute(self, found: re.Match[str], values: dict[str, str]) -> str:
        if found[2] == "content" and values.get("property") != "og:url":
            return found[0]
        return f'{found[1]}{html.escape(self._change(html.unescape(found[3])))}"'

    def handle_endtag(self, tag: str) -> None:
        if not self._is_live(tag, {}):
            self._put(f"</{tag}>")
        if tag == "script":
            self._script = None
        self._templates -= tag == "template"

    def handle_data(self, data: str) -> None:
        if self._script == "application/ld+json":
            data = data_block(change_strings(json.loads(data), self._change))
        if self._script in (None, "application/ld+json"):
            self._put(data)

    def handle_entityref(self, name: str) -> None:
        self._put(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._put(f"&#{name};")

    def handle_comment(self, data: str) -> None:
        self._put(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self._put(f"<!{decl}>")

    def _put(self, text: str) -> None:
        if not self._templates:
            self._pieces.append(text)


def change_strings(value: Any, change: _Map) -> Any:
    """A JSON value with every address in it changed: every string that is one as a whole."""
    match value:
        case str():
            return change(value) if value.startswith(("http:", "https:")) else value
        case dict():
            return {name: change_strings(one, change) for name, one in value.items()}
        case list():
            return [change_strings(one, change) for one in value]
    return value


def change_atom(document: bytes, change: _Map) -> bytes:
    """An Atom document with other addresses in its links."""
    ET.register_namespace("", ATOM)
    ET.register_namespace("at", TOMBSTONES)
    root = ET.fromstring(document)  # noqa: S314, it was asked of the server that is archived
    for link in root.iter(f"{{{ATOM}}}link"):
        link.set("href", change(link.get("href", "")))
    changed: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return changed


def change_style(text: str, change: _Map) -> str:
    """A style sheet with other addresses in it."""
    return re.sub(
        r"url\(\s*([\"']?)([^\"')]+)\1\s*\)", lambda found: f"url({found[1]}{change(found[2])}{found[1]})", text
    )
