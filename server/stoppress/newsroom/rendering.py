"""What editors write becomes what readers get: Markdown to HTML, HTML to safe HTML, safe HTML to plain text.

It happens once, when an entry is written, and whatever the source was, the sanitiser comes last.
"""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser
from typing import NamedTuple

import nh3
from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline

from stoppress.errors import BadInput

TAGS = frozenset(
    "a abbr b blockquote br caption cite code dd del dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img ins li "
    "mark ol p pre q s small strong sub sup table tbody td tfoot th thead time tr u ul".split()
)
"""No ids, classes, styles, scripts, forms or frames: an entry cannot touch the page around it."""

ATTRIBUTES = {
    "a": {"href", "title"},
    "abbr": {"title"},
    "img": {"src", "alt", "title", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "time": {"datetime"},
}
"""Not `cite`: nobody sees it, and the sanitiser does not look at its scheme."""

BLOCKS = frozenset(
    "blockquote br caption dd dl dt figcaption figure h1 h2 h3 h4 h5 h6 hr li ol p pre table td th tr ul".split()
)
"""Tags that end a line of plain text."""


MAX_STEPS = 20_000
"""Places at which the Markdown parser may try its rules: a few for each word with markup, none for plain words."""

MAX_TAGS = 10_000
"""Tags in a body, start and end tags counted; deep nesting costs the square of it."""

MAX_HTML = 500_000
"""Characters of safe HTML: what is left unclosed is opened anew in every paragraph, so it can become longer."""

_FORMATTING = re.compile(r"<(b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/>])[^>]*>", re.IGNORECASE)
"""Start tags that HTML parsers open anew in every paragraph, at most three alike of each
(https://html.spec.whatwg.org/#push-onto-the-list-of-active-formatting-elements)."""


class Rendered(NamedTuple):
    html: str
    text: str


def from_markdown(markdown: str) -> Rendered:
    """CommonMark with tables and strikethrough; HTML in it is shown, not used.

    Raises:
        BadInput: it has so much markup that rendering it would take seconds.
    """
    return _safe(_parser().render(markdown), "markdown")


def from_html(html: str) -> Rendered:
    """Any HTML, made safe to be put into a page. Raises `BadInput` as `from_markdown` does."""
    return _safe(html, "html")


@cache
def _parser() -> MarkdownIt:
    """A parser that gives up where its rules, some of which look far ahead, are tried too often.

    It is made once, because making it takes as long as using it. What it counts is kept in the `env` of each text.
    """
    parser = MarkdownIt("js-default")

    def step(state: StateBlock | StateInline, *_where: object) -> bool:
        steps = state.env["steps"] = state.env.get("steps", 0) + 1
        if steps > MAX_STEPS:
            raise _too_much("markdown")
        return False  # as a rule that does not apply

    def count_blocks(state: StateCore) -> None:
        if len(state.tokens) > MAX_TAGS:
            raise _too_much("markdown")

    alternatives: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    parser.block.ruler.before("table", "step", step, alternatives)
    parser.inline.ruler.before("text", "step", step)
    parser.core.ruler.after("block", "count_blocks", count_blocks)
    return parser


@cache
def _sanitiser() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(TAGS),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )


def _too_much(field: str) -> BadInput:
    return BadInput(f"`{field}` has too much markup for one entry: make several entries of it", field)


def _safe(html: str, field: str) -> Rendered:
    if html.count("<") > MAX_TAGS:
        raise _too_much(field)
    safe = _sanitiser().clean(_FORMATTING.sub(r"<\1>", html)).strip()
    if len(safe) > MAX_HTML:
        raise _too_much(field)
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
