"""Collects what an entry's text cannot contain: media become the entry's media, and warnings name the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

from stoppress.model import URL_PATTERN, Media
from stoppress.newsroom.embeds import frame_of

_MAX_WARNINGS = 20
_MAX_MEDIA = 50

_BASE = "/blogs/blog"
"""Addresses without a path of their own are relative to the page of a blog."""


class Leftovers:
    """The media and warnings so far."""

    def __init__(self) -> None:
        self.media: list[Media] = []
        self.warnings: list[str] = []
        self._frames: set[str] = set()
        self._player = ""  # the tag of an open player whose address is not known yet

    def warn(self, warning: str) -> None:
        if warning not in self.warnings and len(self.warnings) < _MAX_WARNINGS:
            self.warnings.append(warning)

    def warn_of_form(self) -> None:
        self.warn("Left out a form: readers cannot send anything from an entry.")

    def warn_of_drawing(self) -> None:
        self.warn("Left out a drawing that is part of the page. Upload a picture of it, and send its address.")

    def link(self, attributes: Mapping[str, str]) -> str | None:
        """Return the address of a link if it can be kept."""
        href = attributes.get("href", "")
        address = addressed(href, ("http", "https", "mailto"))
        if address is None and href.strip():
            self.warn(f"Left out the address of a link{_shown(href)}: links lead to http, https and mailto addresses.")
        return address

    def image(self, attributes: Mapping[str, str]) -> str | None:
        """Return the address of an image if it can be kept."""
        candidates = attributes.get("srcset", "").split() or [""]
        for source in (attributes.get("src", ""), attributes.get("data-src", ""), candidates[0]):
            if address := addressed(source, ("http", "https")):
                return address
        named = _shown(attributes.get("src", ""))
        self.warn(f"Left out an image{named}: it is not on the web. Upload it, and send its address.")
        return None

    def frame(self, attributes: Mapping[str, str]) -> None:
        """Keep the embed that an iframe shows."""
        source = next((attributes[name] for name in ("src", "data", "data-src") if attributes.get(name)), "")
        if not self.embed(source):
            named = _shown(source)
            self.warn(f"Left out a frame{named}: only frames of known sites become embeds. Send a link instead.")

    def named_embeds(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Keep the embeds whose addresses an element has for a script that would show them."""
        names = [name for name in ("data-oembed-url", "data-instgrm-permalink", "data-href") if name in attributes]
        names += ["url"] if tag == "oembed" else ["cite"] if "tiktok-embed" in attributes.get("class", "") else []
        for name in names:
            self.embed(attributes.get(name, ""))
        video = attributes.get("videoid", attributes.get("data-videoid"))
        if video:
            self.embed(f"https://www.youtube.com/watch?v={video}")

    def embed(self, source: str) -> bool:
        """Keep an embed; return false if it is not one of a known site."""
        address = _on_web(source)
        frame = frame_of(address) if address else None
        if address and frame and frame.address not in self._frames:
            self._frames.add(frame.address)
            self._add(Media(type="embed", url=address))
        return frame is not None

    def begin_player(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._player = tag
        self.source(attributes)

    def source(self, attributes: Mapping[str, str]) -> None:
        """Keep the film or sound of the open player."""
        address = _on_web(attributes.get("src", ""))
        if self._player and address:
            self._add(Media(type="video" if self._player == "video" else "audio", url=address))
            self._player = ""

    def _add(self, media: Media) -> None:
        if len(self.media) < _MAX_MEDIA:
            self.media.append(media)
        else:
            self.warn(f"Left out media: an entry takes {_MAX_MEDIA} from its text.")

    def end_player(self) -> None:
        if self._player:
            self.warn(f"Left out {self._player}: it has no http or https address.")
            self._player = ""


def addressed(value: str, schemes: tuple[str, ...]) -> str | None:
    """Return an address as browsers understand it: absolute with one of `schemes`, or beginning with `/` or `#`."""
    value = re.sub(r"[\t\n\r]", "", value).strip("".join(map(chr, range(33))))
    if value.startswith(("/", "\\")) or re.match("https?:", value, re.IGNORECASE):
        path, *rest = re.split(r"(?=[?#])", value, maxsplit=1)
        value = path.replace("\\", "/") + "".join(rest)
    if value.startswith("//"):
        value = f"https:{value}"
    try:
        parts = urlsplit(value)
        if not parts.scheme:
            return value if value.startswith("#") else urljoin(_BASE, value) if value else None
    except ValueError:
        return None
    if parts.scheme not in schemes or not (parts.netloc or parts.scheme == "mailto"):
        return None
    return value


def _on_web(value: str) -> str | None:
    """Return an address that a medium may have."""
    address = addressed(value, ("http", "https"))
    return address if address and len(address) <= 2_000 and re.search(URL_PATTERN, address) else None


def _shown(address: str) -> str:
    """Return the beginning of an address, for a warning."""
    address = " ".join(address.split())
    return f" ({address[:60]}{'…' if len(address) > 60 else ''})" if address else ""
