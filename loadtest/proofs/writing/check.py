"""What became of everything that was typed."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, NamedTuple

from loadtest.proofs.writing.typist import MARKS, Typist

ALLOWED_SECONDS = 2.0
"""What is younger may be lost."""


class LostAndDouble(NamedTuple):
    """What is wrong after a fault."""

    lost: list[str]
    """Texts, or the part of a text, that are nowhere."""
    double: list[str]
    """Texts that are on the server twice, or there and in the form as well."""


def check(typist: Typist, entries: list[dict[str, Any]], kept: dict[str, Any], fault_at: float) -> LostAndDouble:
    """Compare what was typed with what is there.

    Args:
        typist: has typed and sent.
        entries: all that the server has.
        kept: what the page has, see `look`; its outbox is empty.
        fault_at: the time of the fault, by `time.monotonic`; what was typed just before it may be lost.
    """
    on_server = [entry.get("markdown", "") for entry in entries]
    in_browser = {kept["form"], *kept["drafts"], *kept["returned"]}
    limit = fault_at - ALLOWED_SECONDS * typist.slowness
    lost = [text for text, at in typist.sent.items() if at <= limit and text not in on_server]
    young = [text for text, at in typist.sent.items() if at > limit]
    expected = typist.text_at(limit)
    lost += [text for text in young if text not in on_server and not _is_begun(text, expected, in_browser)]
    anywhere = [*on_server, *in_browser]
    if expected and not any(text.startswith(expected) for text in anywhere):
        lost.append(expected)
    published = {entry.get("markdown", "") for entry in entries if entry["status"] != "draft"}
    marks = Counter(mark for text in on_server for mark in re.findall(MARKS, text))
    double = [mark for mark, count in marks.items() if count > 1]
    double += [text for text in in_browser if text and text in published]
    return LostAndDouble(lost, double)


def _is_begun(text: str, expected: str, in_browser: set[str]) -> bool:
    """Return whether the browser has as much of a text as it must: what was older than the limit."""
    if not text.startswith(expected):
        return True  # typed after the limit
    return any(one.startswith(expected) for one in in_browser)
