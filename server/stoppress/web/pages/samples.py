"""A sample blog that uses everything a template can show. It is rendered at the start to check templates."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec.structs import replace

from stoppress.live.items import PublicItem
from stoppress.model import Header, Item
from stoppress.web.pages.view import View

_SAMPLE = msgspec.json.decode(Path(__file__).with_name("sample.json").read_bytes())
_HEADER = msgspec.convert(_SAMPLE["header"], Header)
_ITEMS = [PublicItem(Item(one["id"], 1, one["version"], msgspec.json.encode(one))) for one in _SAMPLE["entries"]]
_ENTRIES = [item.content for item in _ITEMS]

ROWS = [{"header": _HEADER, "updates": 1, "updated_at": _ENTRIES[0].published_at}]
"""The list of blogs."""


def sample_views(language: str) -> Iterator[View]:
    """Return pages that have all that there is, little, and nothing."""
    header, older = replace(_HEADER, language=language), "/blogs/sample/entries?before=x"
    full = View("sample", "0", header, _ENTRIES, _ITEMS, older=older, pinned=_ENTRIES[0], key_events=_ENTRIES[:2])
    yield full
    little = Header(blog="sample", headline="Sample", status="live")
    yield full._replace(header=little, before="x", pinned=_ENTRIES[1], key_events=[])
    for before in (None, "x"):
        yield View("sample", "0", None, [], before=before)
