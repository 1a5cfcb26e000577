"""What readers of files return: the header and the entries of a blog, with the line that each begins in."""

from __future__ import annotations

import uuid
from typing import Any, NamedTuple

from stoppress.errors import StartError

_NAMESPACE = uuid.UUID("2b5b3f0e-9a55-4a0b-8f53-0b2f1c6f7d21")
"""Ids of entries that have none of ours are made of this and of what their source calls them (UUID version 5)."""


class Found(NamedTuple):
    """A header or an entry in a file."""

    line: int
    fields: dict[str, Any]
    """As the editors' API takes them, and for an entry its `id`."""


class BlogFile(NamedTuple):
    """What a file has."""

    header: Found | None
    entries: list[Found]
    notes: list[str]
    """Sentences about what was left out."""


class WrongFile(StartError):
    """The file cannot be imported; the message names the line."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")


def made_id(source: str, name: str) -> str:
    """Return the id of an entry that `source` (a feed, a site) calls `name`: the same at each import."""
    return str(uuid.uuid5(_NAMESPACE, f"{source}\n{name}"))


def clipped(text: str, most: int) -> str:
    """Return a text with single spaces, of at most so many characters."""
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"


def people(names: list[tuple[str, str]]) -> list[dict[str, str]]:
    """Return authors from names and addresses, either of which may be empty; each name once, at most 50."""
    found: dict[str, dict[str, str]] = {}
    for name, url in names:
        name = clipped(name, 500)
        if name and name not in found:
            is_url = url.startswith(("http://", "https://")) and len(url) <= 2_000 and " " not in url
            found[name] = {"name": name, **({"url": url} if is_url else {})}
    return list(found.values())[:50]


def tags(words: list[str]) -> list[str]:
    """Return tags from words; each once, at most 50."""
    return [tag for tag in dict.fromkeys(clipped(word, 100) for word in words) if tag][:50]
