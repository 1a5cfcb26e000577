"""The parts of CSS that decide how pasted text reads: is it shown, is it bold, where does a line end."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from stoppress.errors import BadInput

_MAX_CLASSES = 20
"""Maximum number of classes of an element that are looked up."""

_READ_ALOUD_ONLY = frozenset("sr-only visually-hidden visuallyhidden screen-reader-text screen-reader-only".split())
"""Class names that hide text from sight on many sites, whose style sheets are not on the clipboard."""

_MAX_RULES = 200
"""Maximum number of selectors; the other ones are for parts of the page that were not copied, as a rule."""

_MAX_RULES_APPLIED = 100_000
"""Maximum number of rules that are looked at for all elements together."""

_MAX_VALUE = 200
"""Maximum length of a property's value."""

_PROPERTIES = frozenset(
    "background background-clip background-color clip clip-path color content-visibility display font font-size "
    "font-style font-weight height left margin-left margin-top max-height max-width mso-element mso-hide mso-list "
    "opacity overflow overflow-y position right text-decoration text-decoration-line text-indent text-transform top "
    "transform vertical-align visibility white-space white-space-collapse width -webkit-background-clip".split()
)

_SIMPLE = re.compile(r"[.#][a-z_][\w-]*|^[a-z][\w:-]*")
_COMPOUND = re.compile(r"(\*|[a-z][\w:-]*|(?=[.#]))([.#][a-z_][\w-]*)*")
_APPLIES = re.compile(r"\s*@(media\s+(only\s+)?(screen|all)|layer.*)\s*")
"""The at-rules whose rules are for a screen of any size."""

_FAR_PIXELS = -900
"""Text that is moved this far to the left or to the top is outside the page."""

_BLOCK = ("block", "flex", "grid", "list-item", "table", "flow-root", "table-row", "table-caption")
_APART = ("inline-block", "inline-flex", "inline-grid", "inline-table", "table-cell")

Style = Mapping[str, str]
"""Declarations by property. All is in lower case."""


class Look(NamedTuple):
    """The look of the text in an element. Children inherit it."""

    removed: bool = False
    """The element and all in it are not shown, whatever the children's styles say."""
    visible: bool = True
    sized: bool = True
    painted: bool = True
    keeps_lines: bool = False
    """Line ends in the text are shown."""
    case: str = "none"
    children: str = ""
    """The flow of the children of a flexible box or a grid (see `flow`)."""

    @property
    def is_shown(self) -> bool:
        return not self.removed and self.visible and self.sized and self.painted

    def within(self, style: Style) -> Look:
        """Return the look of a child with this style."""
        if not style and not self.children:
            return self
        size, color = style.get("font-size"), style.get("color")
        if "text" in style.get("background-clip", style.get("-webkit-background-clip", "")):
            color = "the background's"
        wrapping = style.get("white-space", style.get("white-space-collapse"))
        return Look(
            removed=self.removed or _is_removed(style),
            visible={"visible": True, "hidden": False, "collapse": False}.get(
                style.get("visibility", ""), self.visible
            ),
            sized=_is_legible(size) if size else self.sized,
            painted=not _is_clear(color, style) if color else self.painted,
            keeps_lines=wrapping.startswith(("pre", "break")) if wrapping else self.keeps_lines,
            case=style.get("text-transform", self.case),
            children={"flex": "block", "grid": "block", "inline-flex": "apart", "inline-grid": "apart"}.get(
                style.get("display", ""), ""
            ),
        )

    def cased(self, text: str) -> str:
        """Return the text in the case that it is shown in."""
        if self.case == "capitalize":
            return re.sub(r"\b[^\W\d_](?<!['’].)", lambda first: first[0].upper(), text)  # noqa: RUF001
        return text.upper() if self.case == "uppercase" else text.lower() if self.case == "lowercase" else text


class _Rule(NamedTuple):
    """A rule for one selector, and the place in which rules override each other."""

    rank: tuple[int, int, int, int]
    names: frozenset[str]
    """The tag, classes and id of the elements that it is for: `p`, `.story`, `#top`."""
    around: frozenset[str]
    """Those that elements around them have."""
    style: Style
    important: Style


class StyleSheet:
    """The rules of a fragment's style elements whose selectors are tags, classes and ids, and the styles of elements.

    Args:
        html: the fragment.
    """

    def __init__(self, html: str) -> None:
        self._rules: dict[str, list[_Rule]] = {}
        self._count = 0
        self._parsed: dict[str, tuple[Style, Style]] = {}
        self._around: Counter[str] = Counter()
        self._applied = 0
        for css in _style_elements(html):
            block = ""  # the at-rule that the rules are in
            for text in _without_comments(css.replace("<!--", "").replace("-->", "")).split("}"):
                *outer, selectors, declarations = ["", *text.split("{")] if "{" in text else ["", "", ""]
                block = " ".join(outer[1:]).strip() or block
                if not selectors:
                    block = ""
                elif not block or _APPLIES.fullmatch(block):
                    self._add(selectors, declarations)

    def _add(self, selectors: str, declarations: str) -> None:
        style, important = declared(declarations)
        for selector in selectors.rpartition(";")[2].lower().split(",") if style or important else ():
            parts = selector.replace(">", " ").split()
            if parts and self._count < _MAX_RULES and all(map(_COMPOUND.fullmatch, parts)):
                compounds = [_SIMPLE.findall(part) for part in parts]
                self._count += 1
                names = [name for part in compounds for name in part]
                ids, classes = (sum(name[0] == mark for name in names) for mark in "#.")
                rank = (ids, classes, len(names), self._count)
                around = frozenset(name for part in compounds[:-1] for name in part)
                rule = _Rule(rank, frozenset(compounds[-1]), around, style, important)
                self._rules.setdefault(compounds[-1][-1] if compounds[-1] else "*", []).append(rule)

    def style(self, tag: str, attributes: Mapping[str, str]) -> Style:
        """Return the style of an element. Raises `BadInput` if the rules are too many for the elements."""
        classes = attributes.get("class", "").lower().split()[:_MAX_CLASSES]
        own = attributes.get("style", "")
        inline = self._parsed.get(own)
        if inline is None:
            inline = self._parsed[own] = declared(own)
        style: dict[str, str] = {"display": "none"} if "hidden" in attributes else {}
        if not _READ_ALOUD_ONLY.isdisjoint(classes):
            style["display"] = "none"
        rules = self._matching(_names(tag, attributes)) if self._rules else []
        for rule in rules:
            style |= rule.style
        style |= inline[0]
        for rule in rules:
            style |= rule.important
        return {**style, **inline[1]}

    def enter(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Begin an element: what follows is in it."""
        if self._rules:
            self._around.update(_names(tag, attributes))

    def leave(self, tag: str, attributes: Mapping[str, str]) -> None:
        """End an element."""
        if self._rules:
            self._around.subtract(_names(tag, attributes))

    def _matching(self, names: set[str]) -> list[_Rule]:
        candidates = [rule for name in (*names, "*") for rule in self._rules.get(name, ())]
        self._applied += len(candidates)
        if self._applied > _MAX_RULES_APPLIED:
            raise BadInput("`html` has too many style rules for its elements. Paste it without styles.", "html")
        found = [rule for rule in candidates if rule.names <= names]
        return sorted(rule for rule in found if all(self._around[name] > 0 for name in rule.around))


def _names(tag: str, attributes: Mapping[str, str]) -> set[str]:
    names = {tag, *(f".{one}" for one in attributes.get("class", "").lower().split()[:_MAX_CLASSES])}
    return names | {f"#{attributes['id'].lower()}"} if "id" in attributes else names


def flow(style: Style, *, is_block: bool) -> str:
    """Return how an element stands in its line: `block`, `apart` (in the line, but not glued to it) or `inline`."""
    display = style.get("display", "block" if is_block else "inline").partition(" ")[0]
    if display in _BLOCK:
        return "block"
    return "apart" if display in _APART or style.get("position") in ("absolute", "fixed") else "inline"


def weight(style: Style) -> bool | None:
    """Return whether the style makes text bold; None if it says nothing."""
    value = style.get("font-weight", "")
    if value.isdecimal():
        return int(value[:5]) >= 600
    return {"bold": True, "bolder": True, "normal": False, "lighter": False}.get(value)


def slant(style: Style) -> bool | None:
    """Return whether the style makes text italic; None if it says nothing."""
    value = style.get("font-style", "").partition(" ")[0]
    return {"italic": True, "oblique": True, "normal": False}.get(value)


def declared(css: str) -> tuple[Style, Style]:
    """Return the declarations of a style attribute or rule: those that others can override, and the important ones."""
    style: dict[str, str] = {}
    important: dict[str, str] = {}
    for one in _without_comments(css).lower().split(";"):
        name, _, value = one.partition(":")
        if name.strip() in _PROPERTIES and len(value) < _MAX_VALUE:
            value, bang, _ = value.partition("!")
            chosen = important if bang else style
            chosen[name.strip()] = value.strip()
            if name.strip() == "font" and " " in value.strip():
                chosen |= _font(value)
    return style, important


def _font(value: str) -> Style:
    """Return the parts of a `font`."""
    words = value.split()
    weight = next((word for word in words if word.startswith("bold") or re.fullmatch("[1-9]00", word)), "normal")
    slant = next((word for word in words if word in ("italic", "oblique")), "normal")
    size = next((word for word in words if word[0].isdecimal() and word != weight), "medium")
    return {"font-weight": weight, "font-style": slant, "font-size": size.partition("/")[0]}


def _style_elements(html: str) -> Iterator[str]:
    """Yield the text of each style element that is not in a comment."""
    lower = html.lower()
    comment, element = lower.find("<!--"), lower.find("<style")
    while element >= 0:
        if 0 <= comment < element:
            end = lower.find("-->", comment)
            if end < 0:
                return
        else:
            begin, end = lower.find(">", element), lower.find("</style", element)
            yield lower[begin + 1 : end if end >= 0 else None]
            if end < 0:
                return
        comment, element = lower.find("<!--", end), lower.find("<style", end)


def _without_comments(css: str) -> str:
    pieces = css.split("/*")
    return pieces[0] + "".join(piece.partition("*/")[2] for piece in pieces[1:])


def _is_removed(style: Style) -> bool:
    get = style.get
    if get("display") == "none" or get("content-visibility") == "hidden" or get("mso-hide") == "all":
        return True
    if (_number(get("opacity")) or 1) <= 0.01 or _number(get("opacity")) == 0:
        return True
    if re.search(r"scale\w*\(0(\.0*)?[,)]|translate\w*\(-\d{4}", get("transform", "")):
        return True
    if get("mso-element", "").startswith("comment"):
        return True  # the remarks in a document
    if re.match(r"(inset\((50|100)%|circle\(0|polygon\(0)", get("clip-path", "")):
        return True
    if get("position") in ("absolute", "fixed"):
        sides = [_number(get(side)) for side in ("left", "top", "right", "bottom")]
        corners = get("clip", "").startswith("rect(") and re.findall(r"\d+(?:\.\d+)?", get("clip", ""))
        if any(side is not None and side <= _FAR_PIXELS for side in sides):
            return True
        if corners and all(float(corner) <= 1 for corner in corners):
            return True
    if any((_number(get(side)) or 0) <= _FAR_PIXELS for side in ("text-indent", "margin-left", "margin-top")):
        return True
    sizes = [_number(get(size)) for size in ("width", "height", "max-width", "max-height")]
    clips = get("overflow", get("overflow-y", "")).startswith(("hidden", "clip"))
    return clips and any(size is not None and size <= 1 for size in sizes)


def _is_legible(size: str) -> bool:
    number = _number(size)
    return number is None or number > 1 or (number > 0 and not size.endswith(("px", "pt")))


def _is_clear(color: str, style: Style) -> bool:
    """Return whether text of this colour cannot be told from its background."""
    if color == "transparent" or re.fullmatch(r"(rgba|hsla)\(.*[,/]\s*0(\.0*)?%?\s*\)", color):
        return True
    is_known = re.match("#|rgb|hsl|white$|black$", color) is not None
    return is_known and color == style.get("background-color", style.get("background"))


def _number(length: str | None) -> float | None:
    """Return the number of a length, in whatever unit."""
    found = re.match(r"[+-]?(\d{1,9}(\.\d{0,9})?|\.\d{1,9})", length or "")
    return float(found[0]) if found else None
