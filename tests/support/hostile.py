"""Entries and headers with hostile markup in every field."""

from __future__ import annotations

import itertools
from typing import Any

from tests.support.payloads import ELEMENTS, RUN

CONTEXTS = (
    "{it}",
    '"><b>{it}',
    "'><b>{it}",
    "--><!--{it}-->{it}",
    "</textarea></template>{it}",
    "[x](javascript:{run}) {it}",
)

PAYLOADS = [
    context.replace("{it}", element).replace("{run}", RUN)
    for context, element in itertools.islice(itertools.product(CONTEXTS, ELEMENTS), 200)
]


def line_of(payload: str, most: int = 190) -> str:
    return payload.replace("\n", " ").replace("\x0c", " ")[:most]


def everywhere(payload: str, number: int) -> dict[str, Any]:
    """Return an entry with a payload in every field that takes text."""
    line = line_of(payload)
    media = [{"type": kind, "url": "https://example.invalid/x", "caption": payload, "alt": payload, "credit": line}
             for kind in ("embed", "audio")]  # fmt: skip
    return {
        "title": line,
        "html" if number % 2 else "markdown": payload,
        "authors": [{"name": line}],
        "tags": [line[:60]],
        "source": {"name": line},
        "key": True,
        "media": media,
    }


def header_of(payload: str) -> dict[str, Any]:
    """Return a header with a payload in every field that takes text."""
    line = line_of(payload)
    related = [{"title": line, "url": "https://example.org/"}]
    image = {"type": "image", "url": "https://example.invalid/x", "alt": line, "caption": line, "credit": line}
    return {"headline": line, "standfirst": payload, "tags": [line[:60]], "related": related, "image": image}
