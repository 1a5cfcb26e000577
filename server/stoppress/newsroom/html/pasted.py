"""Reads HTML as it is shown: what editors paste from word processors, mail, browsers and other people's sites."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from html.parser import HTMLParser
from typing import NamedTuple

from stoppress.newsroom.embeds import frame_of
from stoppress.newsroom.html.elements import BLOCKS, BOXES, REPLACED, TABLE, VOID
from stoppress.newsroom.html.formatting import formatting
from stoppress.newsroom.html.leftovers import Leftovers
from stoppress.newsroom.html.styles import Look, Style, StyleSheet, flow
from stoppress.newsroom.html.writer import HtmlWriter

_TWEET = frozenset({"twitter-tweet", "twitter-video"})
"""Classes of quotes that contain a link to what they stand for."""

_MAX_SPAN, _MAX_SPANNED_CELLS = 100, 1_000


class _Open(NamedTuple):
    """An open element."""

    tag: str
    attributes: Mapping[str, str] = {}
    look: Look = Look()
    block: str = "p"
    """The tag of its paragraphs."""
    inline: tuple[str, ...] = ()
    """The start tags of its text's formatting."""
    flow: str = "block"
    depth: int | None = None
    """The number of boxes before it; None if it is not one."""
    table: str = ""
    """`table` in a table, `flat` in one whose cells become paragraphs."""
    item: int = 0
    """The level of the list item that this is in a word processor's list of paragraphs."""
    marker: bool = False
    """It contains such an item's bullet or number."""
    closed: bool = False
    """It shows only its summary."""
    tweet: bool = False
    """It is in a quote that has a link to what it quotes, to be embedded."""


class PastedHtml(HTMLParser):
    """Reads well-formed HTML.

    Args:
        html: the HTML, in which tags may begin with `x--`.
        sheet: its style sheet.
        left: takes what cannot stand in text.
    """

    def __init__(self, html: str, sheet: StyleSheet, left: Leftovers) -> None:
        super().__init__(convert_charrefs=True)
        self._sheet = sheet
        self._left = left
        self._out = HtmlWriter()
        self._open = [_Open("")]
        self._lists: list[tuple[int, str, int]] = []  # a word processor's: level, tag and depth
        self._item = 0  # level of such an item that has begun and has no text yet
        self._marker = ""
        self._spanned = 0
        self._tweet = ""
        self.feed(html)
        self.close()

    @property
    def html(self) -> str:
        """The HTML as a person would have typed it."""
        return self._out.html

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        tag = tag.removeprefix("x--")
        attributes = {name: _unmarked(value or "") for name, value in attrs}
        style = self._sheet.style(tag, attributes)
        if tag in VOID:
            self._void(tag, attributes, style)
            return
        element = self._element(tag, attributes, style)
        if element.flow == "block":
            self._out.end_block()
        elif element.flow == "apart":
            self._out.space()
        if element.depth is not None:
            element = element._replace(depth=self._box(tag, attributes))
        if element.look.is_shown:
            self._find_media(tag, attributes, element.tweet)
        if tag in REPLACED:
            element = element._replace(look=element.look._replace(removed=True))
        self._open.append(element)
        self._sheet.enter(tag, attributes)

    def handle_endtag(self, tag: str) -> None:
        element = self._open.pop()
        self._sheet.leave(element.tag, element.attributes)
        if element.item and not self._open[-1].item:
            self._item = 0
        if element.depth is not None:
            self._out.leave(element.depth)
            self._lists = [one for one in self._lists if one[2] < element.depth]
        elif element.flow == "block":
            self._out.end_block()
        elif element.flow == "apart":
            self._out.space()
        if element.tag in ("video", "audio"):
            self._left.end_player()
        if element.tag == "blockquote" and self._tweet:
            self._left.embed(self._tweet)
            self._tweet = ""

    def handle_data(self, data: str) -> None:
        element = self._open[-1]
        if element.marker:
            self._marker += data.strip()
            return
        if not element.look.is_shown or element.closed:
            if data.strip() and element.tag not in REPLACED:
                self._left.warn("Left out text that cannot be seen where it was copied from.")
            return
        data = element.look.cased(_unmarked(data).replace("\r\n", "\n"))
        lines = data.split("\n") if element.look.keeps_lines and element.block != "pre" else [data]
        for number, line in enumerate(lines):
            if number:
                self._out.line_break()
            if line.strip(" \t\n\r\f\xa0"):
                self._settle_list()
            self._out.text(line, element.block, element.inline)

    def _element(self, tag: str, attributes: Mapping[str, str], style: Style) -> _Open:
        parent = self._open[-1]
        style = {"white-space": "pre", **style} if tag == "pre" else style
        look = parent.look.within(style)
        stands = flow(style, is_block=tag in BLOCKS or tag in TABLE)
        if tag in TABLE:
            stands = "block"
        elif parent.look.children and stands != "block":
            stands = parent.look.children
        elif tag == "button" and stands == "inline":
            stands = "apart"
        if _is_closed(tag, attributes, parent):
            look = look._replace(removed=True)
        if look.removed:
            stands = "inline"
        table = _table(tag, attributes, parent)
        box = tag in BOXES and stands == "block" and not (tag in TABLE and table == "flat")
        item = 0 if tag in BOXES else self._word_item(style, parent.item, stands)
        return _Open(
            tag=tag,
            attributes=attributes,
            look=look,
            block=_block(tag, attributes, "p" if box else parent.block, look),
            inline=self._inline(tag, attributes, style, look),
            flow=stands,
            depth=0 if box else None,
            table=table,
            item=item,
            marker=parent.marker or (bool(item) and style.get("mso-list") == "ignore"),
            closed=tag == "details" and "open" not in attributes,
            tweet=parent.tweet or not _TWEET.isdisjoint(attributes.get("class", "").split()),
        )

    def _inline(self, tag: str, attributes: Mapping[str, str], style: Style, look: Look) -> tuple[str, ...]:
        parent = self._open[-1]
        address = self._left.link(attributes) if tag == "a" and look.is_shown else None
        is_bold = parent.block.startswith("h") or tag == "th"
        return formatting(parent.inline, tag, {**attributes, "href": address or ""}, style, is_bold=is_bold)

    # Word processors' lists

    def _word_item(self, style: Style, current: int, stands: str) -> int:
        """Return the level of a list item that an element is in; 0 if it is not in one."""
        found = re.match(r"l\d+ level(\d)", style.get("mso-list", ""))
        if found is None or stands != "block":
            return current
        self._item, self._marker = int(found[1]), ""
        return self._item

    def _settle_list(self) -> None:
        """Begin the word processor's list item that the coming text is in, or end the list before it."""
        level, self._item = self._item, 0
        if not level:
            if self._lists and not self._open[-1].item:
                self._leave_lists(0)
            return
        number = re.fullmatch(r"\(?(\d{1,4}|[a-z]{1,5})[.)]", self._marker.lower())
        tag = "ol" if number else "ul"
        self._leave_lists(level)
        if self._lists and self._lists[-1][:2] == (level, tag):
            self._out.leave(self._lists[-1][2] + 1)
        else:
            self._leave_lists(level - 1)
            self._lists.append((level, tag, self._out.depth))
            start = int(number[1]) if number and number[1].isdecimal() else 1
            self._out.box(tag, f' start="{start}"' if start != 1 else "")
        self._out.box("li")

    def _leave_lists(self, level: int) -> None:
        while self._lists and self._lists[-1][0] > level:
            self._out.leave(self._lists.pop()[2])

    # Parts

    def _box(self, tag: str, attributes: Mapping[str, str]) -> int:
        """Begin a box; return the number of boxes before it."""
        if not self._open[-1].item:
            self._leave_lists(0)
        depth = self._out.depth
        shown = ""
        if tag == "ol" and re.fullmatch(r"-?\d{1,5}", attributes.get("start", "")):
            shown = f' start="{int(attributes["start"])}"'
        if tag in ("td", "th"):
            shown = self._spans(attributes)
        if tag == "th" and attributes.get("scope") in ("col", "row", "colgroup", "rowgroup"):
            shown += f' scope="{attributes["scope"]}"'
        self._out.box(BOXES[tag], shown)
        return depth

    def _spans(self, attributes: Mapping[str, str]) -> str:
        spans = {name: _integer(attributes.get(name, "")) for name in ("colspan", "rowspan")}
        spans = {name: min(span, _MAX_SPAN) for name, span in spans.items() if span > 1}
        self._spanned += spans.get("colspan", 1) * spans.get("rowspan", 1) - 1
        if self._spanned > _MAX_SPANNED_CELLS:
            self._left.warn("Left out `colspan` and `rowspan` of table cells: there were too many.")
            return ""
        return "".join(f' {name}="{span}"' for name, span in spans.items())

    def _void(self, tag: str, attributes: Mapping[str, str], style: Style) -> None:
        element = self._open[-1]
        if tag == "source":
            self._left.source(attributes)
        if not element.look.within(style).is_shown or element.closed:
            return
        if tag == "br":
            self._out.line_break()
        elif tag == "hr":
            self._settle_list()
            self._out.rule()
        elif tag == "img":
            self._image(attributes, style, element)
        elif tag == "input" and attributes.get("type") not in ("hidden", "submit", "button", "image"):
            self._left.warn_of_form()
        else:
            self._find_media(tag, attributes)

    def _image(self, attributes: Mapping[str, str], style: Style, element: _Open) -> None:
        sizes = {name: _integer(attributes.get(name, "")) for name in ("width", "height")}
        alt = attributes.get("alt", "")
        if any(attributes.get(name, "").strip() in ("0", "1", "0px", "1px") for name in sizes):
            return  # it counts its readers
        if alt and len(alt) <= 16 and all(ord(one) > 0x2000 and not one.isalnum() for one in alt):
            self.handle_data(alt)  # an emoji
            return
        source = self._left.image(attributes)
        if source:
            self._settle_list()
            shown = {"src": source, "alt": alt, "title": attributes.get("title", "")}
            shown |= {name: str(size) for name, size in sizes.items() if size}
            text = "".join(f' {name}="{escape(value)}"' for name, value in shown.items() if value or name == "alt")
            self._out.image(text, element.block, element.inline)

    def _find_media(self, tag: str, attributes: Mapping[str, str], tweet: bool = False) -> None:
        """Keep the film, sound or embed that an element stands for."""
        if tag in ("video", "audio"):
            self._left.begin_player(tag, attributes)
        elif tag in ("iframe", "embed", "object"):
            self._left.frame(attributes)
        elif tag in ("select", "textarea"):
            self._left.warn_of_form()
        elif tag in ("canvas", "meter", "progress"):
            self._left.warn_of_drawing()
        elif tweet and tag == "a" and frame_of(attributes.get("href", "")):
            self._tweet = attributes["href"]
        else:
            self._left.named_embeds(tag, attributes)


def _block(tag: str, attributes: Mapping[str, str], current: str, look: Look) -> str:
    """Return the tag of an element's paragraphs."""
    level = tag[1:] if re.fullmatch("h[1-6]", tag) else attributes.get("aria-level", "")
    if (len(tag) == 2 and tag[0] == "h" and tag[1].isdecimal()) or attributes.get("role") == "heading":
        return f"h{min(max(2, _integer(level)), 6)}"  # the page has an h1
    if tag == "pre":
        return "pre" if look.keeps_lines else "p"
    return current


def _table(tag: str, attributes: Mapping[str, str], parent: _Open) -> str:
    if tag != "table":
        return parent.table
    return "flat" if parent.table or attributes.get("role") in ("presentation", "none") else "table"


def _is_closed(tag: str, attributes: Mapping[str, str], parent: _Open) -> bool:
    """Return whether an element is shown only after a click."""
    if tag == "dialog":
        return "open" not in attributes
    return "popover" in attributes or (parent.closed and tag != "summary")


def _integer(text: str) -> int:
    """Return the number that a text begins with, if it has at most five digits; otherwise 0."""
    found = re.match(r"\s*(\d{1,5})(?!\d|%|\.)", text, re.ASCII)
    return int(found[1]) if found else 0


def _unmarked(value: str) -> str:
    """Undo `x--` in text."""
    return re.sub(r"(</?)x--(?=[a-z])", r"\1", value) if "<" in value else value
