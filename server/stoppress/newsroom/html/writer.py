"""Writes HTML as a person would have typed it: paragraphs, lists, tables and a little formatting, nothing empty."""

from __future__ import annotations

import re
from html import escape

_MAX_DEPTH = 24
"""Maximum depth of lists, quotes and tables; what is deeper stands in the deepest of them."""

_SECTIONS = frozenset({"", "blockquote"})
"""Elements that put all of their text into paragraphs. In others, the first paragraph has no tags of its own."""

_LISTS = ("ul", "ol")

_INVISIBLE = re.compile("[\\0\ufeff]|(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0000-\U000e007f]+")
"""Characters without a glyph: byte order marks and, except in flags, tags (https://www.unicode.org/reports/tr51/)."""

_SPACE = "[ \t\n\r\f]"


class _Box:
    """An element that contains paragraphs. Its start tag is written with the first content."""

    def __init__(self, tag: str, start: str) -> None:
        self.tag = tag
        self.start = start
        self.written = not tag
        self.filled = False


class HtmlWriter:
    """The HTML so far."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._boxes = [_Box("", "")]
        self._block: str | None = None  # the tag of the open paragraph; "" for one without tags
        self._inline: tuple[str, ...] = ()  # the open start tags in it
        self._breaks = 0
        self._space = ""  # what separates the next text from the last
        self._fresh = True  # nothing stands before the next text in its line

    @property
    def html(self) -> str:
        self.leave(1)
        return "".join(self._out)

    @property
    def depth(self) -> int:
        """The number of open boxes."""
        return len(self._boxes)

    def box(self, tag: str, attributes: str = "") -> None:
        """Begin a list, item, quote, table or a part of one."""
        self.end_block()
        top = self._boxes[-1].tag
        if len(self._boxes) > _MAX_DEPTH:
            return
        if tag == "li" and top not in _LISTS:
            self._push("ul", "")
        if tag in _LISTS and top in _LISTS and self._out and self._out[-1] == "</li>":
            self._out.pop()  # a list beside items belongs to the item before it
            self._push("li", "")
            self._boxes[-1].written = self._boxes[-1].filled = True
        self._push(tag, attributes)
        if tag in ("td", "th"):
            self._write_boxes()

    def leave(self, depth: int) -> None:
        """End boxes until `depth` are left."""
        self.end_block()
        while len(self._boxes) > max(depth, 1):
            box = self._boxes.pop()
            if box.written:
                self._out.append(f"</{box.tag}>")

    def end_block(self) -> None:
        """End the paragraph."""
        self._close_inline(0)
        if self._block:
            self._out.append(f"</{self._block}>")
        self._block = None
        self._breaks, self._space, self._fresh = 0, "", True

    def rule(self) -> None:
        """Write a line between paragraphs."""
        self.end_block()
        self._write_boxes()
        self._out.append("<hr>")

    def line_break(self) -> None:
        """End the line. Two line breaks end the paragraph; breaks at either end of it mean nothing."""
        self._breaks += self._block is not None

    def space(self) -> None:
        """Separate what comes before from what follows."""
        self._space = self._space or " "

    def text(self, text: str, block: str, inline: tuple[str, ...]) -> None:
        """Write text. White space is collapsed, except in a `pre`."""
        text = _INVISIBLE.sub("", text)
        if block == "pre":
            if text.strip("\n") or self._block:
                self._begin(block, inline)
                self._out.append(escape(text, quote=False))
            return
        # Editors write two spaces as a space and one that cannot break the line
        text = re.sub(f"{_SPACE}+", " ", text)
        text = re.sub("[ \xa0]{2,}", " ", text)
        words = text.strip(" \xa0")
        if words.strip("\u200b") or (words and self._block is not None):
            self._space = text[0] if text[0] != words[0] else self._space
            self._begin(block, inline)
            self._out.append(escape(words, quote=False))
        if text and text[-1] in " \xa0":
            self._space = text[-1]

    def image(self, attributes: str, block: str, inline: tuple[str, ...]) -> None:
        self._begin(block, inline)
        self._out.append(f"<img{attributes}>")

    def _begin(self, block: str, inline: tuple[str, ...]) -> None:
        """Prepare for content of a paragraph."""
        if self._breaks > 1 and block != "pre":
            self.end_block()
        if self._block is None:
            self._begin_block(block)
        common = 0
        while common < min(len(inline), len(self._inline)) and inline[common] == self._inline[common]:
            common += 1
        self._close_inline(common)
        if self._breaks:
            self._out.append("\n" * self._breaks if block == "pre" else "<br>")
        elif self._space and not self._fresh:
            self._out.append(self._space)
        self._breaks, self._space, self._fresh = 0, "", False
        self._out += [f"<{tag}>" for tag in inline[common:]]
        self._inline = inline

    def _begin_block(self, block: str) -> None:
        if self._boxes[-1].tag in _LISTS:
            self._push("li", "")
        self._write_boxes()
        box = self._boxes[-1]
        self._block = "" if block == "p" and not box.filled and box.tag not in _SECTIONS else block
        box.filled = True
        if self._block:
            self._out.append(f"<{self._block}>")

    def _push(self, tag: str, attributes: str) -> None:
        self._boxes.append(_Box(tag, f"<{tag}{attributes}>"))

    def _write_boxes(self) -> None:
        for box in self._boxes:
            if not box.written:
                box.written = True
                self._out.append(box.start)
        for box in self._boxes[:-1]:
            box.filled = True

    def _close_inline(self, depth: int) -> None:
        self._out += [f"</{tag.partition(' ')[0]}>" for tag in reversed(self._inline[depth:])]
        self._inline = self._inline[:depth]
