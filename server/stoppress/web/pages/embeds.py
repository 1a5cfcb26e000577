"""Embeds of known sites. A page loads one only when a reader asks for it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

from stoppress.model import Media

_SITES = [
    (site["name"], re.compile(site["address"], re.ASCII), site["frame"])
    for site in json.loads(Path(__file__).with_name("embeds.json").read_text(encoding="utf-8"))
]

HOSTS = " ".join(sorted({"https://" + urlsplit(frame).netloc for _, _, frame in _SITES}))
"""For `frame-src` in a content security policy."""


def frame_of(media: Media | None) -> dict[str, str] | None:
    """Return the name of a known site and the address of a frame, for an embed of it; None for other media."""
    for name, pattern, frame in _SITES if media and media.type == "embed" else ():
        if media and (found := pattern.match(media.url)):
            return {"name": name, "address": frame.replace("{id}", found[1])}
    return None
