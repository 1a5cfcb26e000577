"""JSON lines: one object on each line.

`{"header": {...}}` is the header of the blog, `{"entry": {...}}` an entry, and any other object is an entry as well.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from stoppress.newsroom.imports import ENTRY_ID
from stoppress.tools.importer.found import BlogFile, Found, WrongFile, made_id

_MAX_LINE_CHARACTERS = 16 * 1024 * 1024

_OURS = {"seq", "blog"}
"""Fields of headers that no form has."""


def read_lines(lines: Iterable[str]) -> BlogFile:
    """Return the content of a file. Raises `WrongFile`."""
    header: Found | None = None
    entries: list[Found] = []
    seen: Counter[str] = Counter()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        content = _object(number, line)
        if content.keys() == {"header"}:
            if header is not None:
                raise WrongFile(number, f"a second header; the first is in line {header.line}. Remove one")
            fields = _inner(number, content, "header")
            header = Found(number, {name: value for name, value in fields.items() if name not in _OURS})
        else:
            fields = _inner(number, content, "entry") if content.keys() == {"entry"} else content
            entries.append(Found(number, fields | {"id": _id(number, fields, seen)}))
    return BlogFile(header, entries, [])


def _object(number: int, line: str) -> dict[str, Any]:
    if len(line) > _MAX_LINE_CHARACTERS:
        raise WrongFile(number, f"it has more than {_MAX_LINE_CHARACTERS} characters; is it JSON lines?")
    try:
        content = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise WrongFile(number, f"it is not JSON: {error}") from None
    if not isinstance(content, dict):
        raise WrongFile(number, f'it must be a JSON object, as in {{"markdown": "..."}}; got {line.strip()[:60]}')
    return content


def _inner(number: int, content: dict[str, Any], name: str) -> dict[str, Any]:
    fields = content[name]
    if not isinstance(fields, dict):
        raise WrongFile(number, f"`{name}` must be an object; got {json.dumps(fields)[:60]}")
    return fields


def _id(number: int, fields: dict[str, Any], seen: Counter[str]) -> str:
    """Return the id of an entry: its own, or one that follows from its own, or else from its content."""
    own = fields.get("id")
    if own is not None and not isinstance(own, str | int):
        raise WrongFile(number, f"`id` must be text or a number; got {json.dumps(own)[:60]}")
    if isinstance(own, str) and re.fullmatch(ENTRY_ID, own):
        return own
    if own is not None and own != "":
        return made_id("lines", str(own))
    digest = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
    seen[digest] += 1  # an entry may occur twice with equal words
    return made_id("lines", f"{digest} {seen[digest]}")
