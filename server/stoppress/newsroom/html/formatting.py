"""The formatting of text, from tags and styles: start tags, outermost first, each at most once."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from stoppress.newsroom.html.elements import INLINE
from stoppress.newsroom.html.styles import Style, slant, weight

_ATTRIBUTES = {"a": ("href", "title"), "abbr": ("title",), "time": ("datetime",)}


def formatting(
    outer: tuple[str, ...], tag: str, attributes: Mapping[str, str], style: Style, *, is_bold: bool
) -> tuple[str, ...]:
    """Return the formatting of the text in an element.

    Args:
        outer: the formatting around the element.
        tag, attributes, style: the element's.
        is_bold: the text is bold in any case, as in headings.
    """
    starts = {start.partition(" ")[0]: start for start in outer}
    if tag == "a":
        starts.pop("a", None)
    if tag in INLINE and (tag != "a" or attributes["href"]):
        starts[INLINE[tag]] = INLINE[tag] + "".join(
            f' {name}="{escape(attributes[name])}"' for name in _ATTRIBUTES.get(tag, ()) if attributes.get(name)
        )
    if not style:
        return tuple(starts.values())
    lines = style.get("text-decoration", style.get("text-decoration-line", ""))
    for wanted, names in (
        (weight(style), ("b", "strong")),
        (slant(style), ("i", "em")),
        ("line-through" in lines or None, ("s", "del")),
        ("underline" in lines or None, ("u", "ins", "a")),
        (style.get("vertical-align") == "super" or None, ("sup",)),
        (style.get("vertical-align") == "sub" or None, ("sub",)),
    ):
        if wanted is False:
            starts = {name: start for name, start in starts.items() if name not in names}
        elif wanted and starts.keys().isdisjoint(names) and not (is_bold and names[0] == "b"):
            starts[names[0]] = names[0]
    return tuple(starts.values())
