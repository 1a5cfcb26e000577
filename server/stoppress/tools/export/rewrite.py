"""Replace the addresses in documents of the server, and leave the rest as it is."""

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
"""Takes an address and returns its replacement."""

_STYLE_ADDRESS = re.compile(r"url\(\s*([\"']?)([^\"')]+)\1\s*\)")

_ATTRIBUTE = re.compile(r'(\s(href|src|srcset|poster|content)=")([^"]*)"')


class ArchivedPage(HTMLParser):
    """A page for the archive: with the addresses that `change` returns, and without scripts, templates and preloads."""

    def __init__(self, text: str, change: _Map = str) -> None:
        super().__init__(convert_charrefs=False)
        self.links: dict[str, list[str]] = {}
        """The addresses of the page's link elements, by `rel`."""
        self.entries: list[str] = []
        """The ids of the page's entries."""
        self._change = change
        self._pieces: list[str] = []
        self._script: str | None = None  # the type of the script element that the parser is in
        self._templates = 0  # the number of open template elements; only scripts use their content
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
        """Return whether only the JavaScript of the page uses this element."""
        script = tag == "script" and self._script != "application/ld+json"
        return script or (tag == "link" and values.get("rel") == "modulepreload")

    def _attribute(self, found: re.Match[str], values: dict[str, str]) -> str:
        if found[2] == "content" and values.get("property") != "og:url":
            return found[0]
        if found[2] == "srcset":
            candidates = [one.partition(" ") for one in html.unescape(found[3]).split(", ")]
            changed = ", ".join(f"{self._change(address)} {width}" for address, _, width in candidates)
            return f'{found[1]}{html.escape(changed)}"'
        return f'{found[1]}{html.escape(self._change(html.unescape(found[3])))}"'

    def handle_endtag(self, tag: str) -> None:
        if not self._is_live(tag, {}):
            self._put(f"</{tag}>")
        if tag == "script":
            self._script = None
        self._templates -= tag == "template"

    def handle_data(self, data: str) -> None:
        if self._script == "application/ld+json":
            data = data_block(Rewriter(self._change).strings(json.loads(data)))
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


class Rewriter:
    """Replaces the addresses in feeds, structured data and style sheets by what `change` returns."""

    def __init__(self, change: _Map) -> None:
        self._change = change

    def strings(self, value: Any) -> Any:
        """Return a JSON value in which each string that is an address is replaced."""
        match value:
            case str():
                return self._change(value) if value.startswith(("http:", "https:")) else value
            case dict():
                return {name: self.strings(one) for name, one in value.items()}
            case list():
                return [self.strings(one) for one in value]
        return value

    def feed(self, document: bytes, kind: str) -> bytes:
        """Return a feed, `json` or `atom`, with other addresses."""
        if kind == "json":
            changed = self.strings(json.loads(document))
            return json.dumps(changed, ensure_ascii=False, separators=(",", ":")).encode()
        ET.register_namespace("", ATOM)
        ET.register_namespace("at", TOMBSTONES)
        root = ET.fromstring(document)  # noqa: S314, it comes from the server that the user named
        for link in root.iter(f"{{{ATOM}}}link"):
            link.set("href", self._change(link.get("href", "")))
        return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))

    def style(self, document: bytes) -> bytes:
        """Return a style sheet with other addresses."""

        def replace(found: re.Match[str]) -> str:
            return f"url({found[1]}{self._change(found[2])}{found[1]})"

        return _STYLE_ADDRESS.sub(replace, document.decode()).encode()
