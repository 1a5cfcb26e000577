"""Rendering of entries: Markdown to HTML, HTML to safe HTML, safe HTML to plain text.

An entry is rendered once, when it is written. The sanitiser always comes last, whatever the source.
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
"""No `id`, `class` or `style`. No `cite`: it is invisible, and the sanitiser does not check its scheme."""

_LINE_BREAK_TAGS = frozenset(
    "blockquote br caption dd dl dt figcaption figure h1 h2 h3 h4 h5 h6 hr li ol p pre table td th tr ul".split()
)
"""Tags that start a new line of plain text."""

_MAX_PARSER_STEPS = 20_000
"""Maximum positions at which the Markdown parser tries its rules: a few for each word with markup, none for others."""

_MAX_TAGS = 10_000
"""Maximum start and end tags of a body. The cost of deep nesting grows with its square."""

_MAX_HTML_CHARACTERS = 500_000
"""Maximum length of safe HTML. It can be longer than its source: parsers reopen unclosed tags in every paragraph."""

_FORMATTING = re.compile(r"<(b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/>])", re.IGNORECASE)
"""The beginning of start tags that HTML parsers reopen in every paragraph, at most three identical ones of each
(https://html.spec.whatwg.org/#push-onto-the-list-of-active-formatting-elements)."""


class Rendered(NamedTuple):
    """A rendered body: safe HTML, and the same as plain text."""

    html: str
    text: str

    @classmethod
    def from_markdown(cls, markdown: str) -> Rendered:
        """Render CommonMark with tables and strikethrough. HTML in it is escaped.

        Raises:
            BadInput: the text has so much markup that rendering it would take seconds.
        """
        return _safe(_parser().render(markdown), "markdown")

    @classmethod
    def from_html(cls, html: str) -> Rendered:
        """Make any HTML safe to insert into a page. Raises `BadInput` as `from_markdown` does."""
        return _safe(html, "html")


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


def _safe(html: str, field: str) -> Rendered:
    if html.count("<") > _MAX_TAGS:
        raise _too_much_markup(field)
    safe = _sanitiser().clean(_plain_formatting(html)).strip()
    if len(safe) > _MAX_HTML_CHARACTERS:
        raise _too_much_markup(field)
    return Rendered(safe, _plain(safe))


def _plain_formatting(html: str) -> str:
    """Return HTML whose formatting tags have no attributes. It looks at each character a bounded number of times."""
    pieces: list[str] = []
    end = 0
    for tag in _FORMATTING.finditer(html):
        if tag.start() < end:
            continue  # within the tag before it
        close = html.find(">", tag.end())
        if close < 0:
            break
        pieces += (html[end : tag.start()], f"<{tag[1]}>")
        end = close + 1
    return "".join((*pieces, html[end:]))


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
