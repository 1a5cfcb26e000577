"""Slack's markup (mrkdwn) as Markdown.

Slack escapes `&`, `<` and `>` in what people write, and puts links and mentions between `<` and `>`. What is special in
Markdown but not in Slack's markup is escaped, so that it stays as people wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

_CODE = re.compile(r"```(.*?)```|`([^`\n]+)`", re.DOTALL)

_ANGLE = re.compile(r"<([^<>]*)>")

_MARKS = {"*": "**", "_": "*", "~": "~~"}

_SPECIAL = re.compile(r"([\\`*_\[\]#|~])")

_STYLED = re.compile(r"(?<![\w*_~\\])([*_~])(?=\S)((?:(?!\1)[^\n]){1,2000})(?<=\S)\1(?![\w*_~])")

_LINE_BEGIN = re.compile(r"^([ \t]*)([-+=]|\d+[.)])(?=\s|$|[-+=])", re.MULTILINE)

_BULLET = re.compile(r"^[ \t]*[•◦▪][ \t]*", re.MULTILINE)

_BLOCK = "\ue002"
"""Follows a placeholder of a block, which needs no hard breaks around it."""

_MAX_CHARACTERS = 40_000
"""What Slack allows in a message."""


def to_markdown(text: str, name_of: Callable[[str], str]) -> str:
    """Return a message as Markdown; `name_of` gives the name of a user by its id."""
    kept: list[str] = []

    def keep(piece: str) -> str:
        kept.append(piece)
        return f"\ue000{len(kept) - 1}\ue001"

    text = re.sub("[\ue000-\ue002]", "", text[:_MAX_CHARACTERS].replace("\r\n", "\n"))
    text = _CODE.sub(lambda found: keep(_code(found)) + (_BLOCK if found[1] is not None else ""), text)
    text = _ANGLE.sub(lambda found: keep(_angle(found[1], name_of)), text)
    text = _styled(text, keep)
    lines = (_line(line) for line in text.split("\n"))
    return _filled(_joined(list(lines)), kept).strip()


def _code(found: re.Match[str]) -> str:
    if found[1] is None:
        return f"`{unescape(found[2])}`"
    return f"\n```\n{unescape(found[1]).strip(chr(10))}\n```\n"


def _angle(content: str, name_of: Callable[[str], str]) -> str:
    """Return what Slack puts between angle brackets: a link, a mention, a channel, a date."""
    target, _, label = content.partition("|")
    if target.startswith("@"):
        return "@" + _escaped(label or name_of(target[1:]))
    if target.startswith("#"):
        return "\\#" + _escaped(label or target[1:])
    if target.startswith("!"):
        word = label or target[1:].partition("^")[0]
        return _escaped(word) if label else "@" + _escaped(word)
    address = unescape(target)
    if not re.fullmatch(r"(https?://|mailto:)[^\s<>]+", address):
        return _escaped(label or target)
    if not label or label == target:
        return f"<{address}>"
    return f"[{_escaped(label)}](<{address}>)"


def _styled(text: str, keep: Callable[[str], str]) -> str:
    """Replace the marks of bold, italic and struck text, also within each other, by those of Markdown."""
    for _ in range(3):
        text = _STYLED.sub(lambda found: f"{keep(_MARKS[found[1]])}{found[2]}{keep(_MARKS[found[1]])}", text)
    return text


def _line(line: str) -> str:
    quote = re.match(r"&gt;(?:&gt;&gt;)?[ ]?", line)
    rest = (line[quote.end() :] if quote else line).lstrip(" \t")  # four spaces would make it code
    if bullet := _BULLET.match(rest):
        return ("> " if quote else "") + "- " + _escaped(rest[bullet.end() :])
    return ("> " if quote else "") + _LINE_BEGIN.sub(_escape_begin, _escaped(rest))


def _escape_begin(found: re.Match[str]) -> str:
    mark = found[2]
    return f"{found[1]}{mark[:-1]}\\{mark[-1]}"


def _escaped(text: str) -> str:
    text = _SPECIAL.sub(r"\\\1", unescape(text))
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _joined(lines: list[str]) -> str:
    """Join lines: Slack shows each break, so one within a paragraph becomes a hard break."""
    parts = []
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        is_list = line.startswith(("- ", "> - ")) or after.startswith(("- ", "> - "))
        is_block = _BLOCK in line or _BLOCK in after
        is_broken = (
            not is_block
            and bool(line.strip())
            and bool(after.strip())
            and line.startswith("> ") == after.startswith("> ")
        )
        parts.append(line + ("\\" if is_broken and not is_list else ""))
        if line.strip() and after.strip() and line.startswith("> ") and not after.startswith("> "):
            parts.append("")
    return "\n".join(parts).replace(_BLOCK, "")


def _filled(text: str, kept: list[str]) -> str:
    return re.sub("\ue000(\\d+)\ue001", lambda found: kept[int(found[1])], text)
