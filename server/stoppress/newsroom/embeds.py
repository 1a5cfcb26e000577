"""Embeds of known sites. A page loads one only when a reader asks for it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit


class _Frame(NamedTuple):
    """The frame that replaces a link."""

    name: str
    """The site's name."""
    address: str


class _Site(NamedTuple):
    """The frames of a site; one of `addresses` matches the address of a page without its scheme."""

    name: str
    addresses: list[re.Pattern[str]]
    frame: str
    keeps: list[tuple[str, re.Pattern[str]]]
    """The form in which the frame's address repeats another part of the page's address, as in `&start={}`."""


def _sites() -> list[_Site]:
    known = json.loads(Path(__file__).with_name("embeds.json").read_text(encoding="utf-8"))
    return [
        _Site(
            site["name"],
            [re.compile(rf"{address}(?![\w-])", re.ASCII) for address in site["addresses"]],
            site["frame"],
            [(form, re.compile(pattern, re.ASCII)) for form, pattern in site.get("keeps", ())],
        )
        for site in known
    ]


_SITES = _sites()

HOSTS = " ".join(sorted({"https://" + urlsplit(site.frame).netloc for site in _SITES}))
"""For `frame-src` in a content security policy."""

_FACEBOOK_PLUGIN = re.compile(r"(?:[a-z-]+\.)?facebook\.com/(?:v[0-9.]+/)?plugins/\w+\.php\?")
"""Its parameter `href` is the address of a page."""


def frame_of(url: str) -> _Frame | None:
    """Return the frame for the address of a known site's page or frame; None for other addresses."""
    scheme, colon, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    if not colon or scheme.lower() not in ("http", "https"):
        return None
    address = host.lower() + slash + path.replace("&amp;", "&")
    if _FACEBOOK_PLUGIN.match(address):
        inner = parse_qs(urlsplit(url).query).get("href", [""])[0]
        return None if _FACEBOOK_PLUGIN.match(inner.partition("://")[2]) else frame_of(inner)
    for site in _SITES:
        found = next((match for pattern in site.addresses if (match := pattern.match(address))), None)
        if found:
            kept = ((form, pattern.search(address)) for form, pattern in site.keeps)
            extras = "".join(form.replace("{}", _value(match)) for form, match in kept if match)
            return _Frame(
                site.name, site.frame.replace("{id}", found["id"].replace("playlist", "videoseries")) + extras
            )
    return None


def _value(match: re.Match[str]) -> str:
    """Return what a pattern has found; of a time like `1h2m3s`, the seconds."""
    if match.lastgroup != "time":
        return match[1]
    parts = re.findall(r"(\d+)([hms]?)", match["time"])
    return str(sum(int(number) * {"h": 3600, "m": 60}.get(unit, 1) for number, unit in parts))
