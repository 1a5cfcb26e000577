"""What editors write becomes what readers get: Markdown to HTML, HTML to safe HTML, safe HTML to plain text.

It happens once, when an entry is written, and whatever the source was, the sanitiser comes last.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import NamedTuple

import nh3
from markdown_it import MarkdownIt

TAGS = frozenset(
    "a abbr b blockquote br caption cite code dd del dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img ins li "
    "mark ol p pre q s small strong sub sup table tbody td tfoot th thead time tr u ul".split()
)
"""No ids, classes, styles, scripts, forms or frames: an entry cannot touch the page around it."""

ATTRIBUTES = {
    "a": {"href", "title"},
    "abbr": {"title"},
    "blockquote": {"cite"},
    "img": {"src", "alt", "title", "width", "height"},
    "ol": {"start"},
    "q": {"cite"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "time": {"datetime"},
}

BLOCKS = frozenset(
    "blockquote br caption dd dl dt figcaption figure h1 h2 h3 h4 h5 h6 hr li ol p pre table td th tr ul".split()
)
"""Tags that end a line of plain text."""


class Rendered(NamedTuple):
    html: str
    text: str


def from_markdown(markdown: str) -> Rendered:
    """CommonMark with tables and strikethrough; HTML in it is shown, not used."""
    return from_html(MarkdownIt("js-default").render(markdown))


def from_html(html: str) -> Rendered:
    """Any HTML, made safe to be put into a page."""
    safe = nh3.clean(
        html,
        tags=set(TAGS),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    ).strip()
    return Rendered(safe, _plain(safe))


def _plain(html: str) -> str:
    reader = _PlainText()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.pieces).split("\n"))
    return re.sub(r"\n{2,}", "\n", "\n".join(lines)).strip()


class _PlainText(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in BLOCKS:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)
