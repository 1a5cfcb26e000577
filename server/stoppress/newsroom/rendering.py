"""Rendering of entries: Markdown to HTML, HTML to safe HTML, safe HTML to plain text.

An entry is rendered once, when it is written. The sanitiser always comes last, whatever the source.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from html.parser import HTMLParser
from typing import NamedTuple

import nh3
from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline

from stoppress.errors import BadInput
from stoppress.model import Media
from stoppress.newsroom.html.elements import ATTRIBUTES, TAGS, UNSEEN
from stoppress.newsroom.html.leftovers import Leftovers
from stoppress.newsroom.html.pasted import PastedHtml
from stoppress.newsroom.html.styles import StyleSheet

ALLOWED_TAGS = frozenset(
    "a abbr b blockquote br caption cite code dd del dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img ins li "
    "mark ol p pre q s small strong sub sup table tbody td tfoot th thead time tr u ul".split()
)
"""No scripts, styles, forms or frames, so that an entry cannot affect the page around it."""

ALLOWED_ATTRIBUTES = {
    "a": {"href", "title"},
    "abbr": {"title"},
    "img": {"src", "alt", "title", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "time": {"datetime"},
}
ALLOWED_ATTRIBUTES |= {
    tag: ALLOWED_ATTRIBUTES.get(tag, set()) | {"dir"}
    for tag in "blockquote caption dd dt figcaption h2 h3 h4 h5 h6 li p pre td th".split()
}
"""No `id`, `class` or `style`. No `cite`: it is invisible, and the sanitiser does not check its scheme."""

_LINE_BREAK_TAGS = frozenset(
    "blockquote br caption dd dl dt figcaption figure h1 h2 h3 h4 h5 h6 hr li ol p pre table td th tr ul".split()
)
"""Tags that start a new line of plain text."""

_MAX_PARSER_STEPS = 10_000
"""Maximum positions at which the Markdown parser tries its rules: a few for each word with markup, none for others."""

_MAX_TAGS = 10_000
"""Maximum start and end tags of a body. The cost of deep nesting grows with its square."""

_MAX_WELL_FORMED_TAGS = 25_000
"""Maximum start and end tags of well-formed HTML: of a body, those that parsers add, and those of Markdown."""

_MAX_HTML_CHARACTERS = 500_000
"""Maximum length of safe HTML. It can be longer than its source: parsers reopen unclosed tags in every paragraph."""

_REOPENED = re.compile(r"<(/?)(a|b|big|code|em|font|i|iframe|nobr|s|small|strike|strong|tt|u)(?=[\s/>])", re.IGNORECASE)
"""The beginning of tags that HTML parsers reopen in every paragraph, with all of their attributes, and of frames, whose
content is not HTML (https://html.spec.whatwg.org/#push-onto-the-list-of-active-formatting-elements)."""

_SCHEME = re.compile(r"(?:href|src|data)=[\"']?([a-z][a-z0-9+.-]{1,30}):", re.IGNORECASE)

RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
"""A character of a script that is written from right to left."""

_PARAGRAPH = re.compile("<(blockquote|caption|dd|dt|figcaption|h[2-6]|li|p|pre|td|th)(?=[ >])")


class Rendered(NamedTuple):
    """A rendered body: safe HTML, and the same as plain text."""

    html: str
    text: str
    media: list[Media]
    """The embeds, films and sounds that the HTML had."""
    warnings: list[str]
    """Sentences that name what was left out or changed."""

    @classmethod
    def from_markdown(cls, markdown: str) -> Rendered:
        """Render CommonMark with tables and strikethrough. HTML in it is escaped.

        Raises:
            BadInput: the text has so much markup that rendering it would take seconds.
        """
        return _safe(_parser().render(markdown), "markdown", Leftovers())

    @classmethod
    def from_html(cls, html: str) -> Rendered:
        """Make any HTML safe to insert into a page. Raises `BadInput` as `from_markdown` does."""
        if html.count("<") > _MAX_TAGS:
            raise _too_much_markup("html")
        if html.startswith("Version:"):
            html = html[html.find("<") :]  # of the Windows clipboard
        left = Leftovers()
        rendered = _safe(_well_formed(html), "html", left, StyleSheet(html))
        if re.search("<script", html, re.IGNORECASE) and not left.media:
            left.warn("Left out a script.")
        if re.search("<svg", html, re.IGNORECASE):
            left.warn_of_drawing()
        return rendered


@cache
def _parser() -> MarkdownIt:
    """Return a parser that gives up when its rules, some of which look far ahead, are tried too often.

    Cached, because making the parser takes as long as using it. It counts in the `env` of each text.
    """
    parser = MarkdownIt("js-default")

    def step(state: StateBlock | StateInline, *_where: object) -> bool:
        steps = state.env["steps"] = state.env.get("steps", 0) + 1
        if steps > _MAX_PARSER_STEPS:
            raise _too_much_markup("markdown")
        return False  # this rule never matches

    def count_blocks(state: StateCore) -> None:
        if len(state.tokens) > _MAX_TAGS:
            raise _too_much_markup("markdown")

    alternatives: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    parser.block.ruler.before("table", "step", step, alternatives)
    parser.inline.ruler.before("text", "step", step)
    parser.core.ruler.after("block", "count_blocks", count_blocks)
    return parser


@cache
def _sanitiser() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(ALLOWED_TAGS),
        attributes={tag: set(names) for tag, names in ALLOWED_ATTRIBUTES.items()},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )


def _too_much_markup(field: str) -> BadInput:
    return BadInput(f"`{field}` has too much markup for one entry. Split it into several entries.", field)


def _safe(html: str, field: str, left: Leftovers, sheet: StyleSheet | None = None) -> Rendered:
    """Return what well-formed HTML shows."""
    if html.count("<") > _MAX_WELL_FORMED_TAGS:
        raise _too_much_markup(field)
    shown = PastedHtml(html, sheet or StyleSheet(""), left).html
    if len(shown) > _MAX_HTML_CHARACTERS:
        raise _too_much_markup(field)
    if RIGHT_TO_LEFT.search(shown):
        shown = _PARAGRAPH.sub(r'<\1 dir="auto"', shown)
    safe = _sanitiser().clean(shown)
    return Rendered(safe, _plain(safe), left.media, left.warnings)


def _well_formed(html: str) -> str:
    """Return HTML in which each element ends where parsers end it, without content that is not HTML."""
    schemes = frozenset(map(str.lower, _SCHEME.findall(html)))
    return _lenient(schemes).clean(_REOPENED.sub(r"<\1x--\2", html))


@lru_cache(maxsize=100)
def _lenient(schemes: frozenset[str]) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags={*TAGS, *(f"x--{tag}" for tag in TAGS)},
        clean_content_tags=set(UNSEEN),
        attributes={"*": set(ATTRIBUTES)},
        url_schemes=set(schemes),
        link_rel=None,
    )


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
        if tag in _LINE_BREAK_TAGS:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _LINE_BREAK_TAGS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)
