"""The doctor's checks of the files that pages load: scripts, style sheets and icons."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import NamedTuple

import httpx

from stoppress.tools.doctor.caching import kept_seconds
from stoppress.tools.doctor.finding import Finding, Level, ok, warn
from stoppress.tools.doctor.responses import advice_for, origin_of

_MAX_FILES = 30
_DAY_SECONDS = 86_400
_HASHED = re.compile(r"[.-][0-9a-f]{8,64}\.\w+$")
_OURS = ("/client/", "/static/")
_TYPES = {"script": ("text/javascript", "application/javascript"), "stylesheet": ("text/css",), "icon": ("image/",)}


class _File(NamedTuple):
    address: str
    kind: str
    """`script`, `stylesheet` or `icon`."""
    integrity: str = ""


class _Files(HTMLParser):
    """Collects the files that a page names."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[_File] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        if tag == "script" and "src" in values:
            self.found.append(_File(values["src"], "script", values.get("integrity", "")))
        for kind in {"stylesheet", "icon"} & set(values.get("rel", "").split()) if tag == "link" else ():
            self.found.append(_File(values.get("href", ""), kind, values.get("integrity", "")))


async def check_assets(http: httpx.AsyncClient, pages: list[httpx.Response]) -> AsyncIterator[Finding]:
    """Load the files of the site that its pages name."""
    files = {
        page.url.join(file.address): file
        for page in pages
        for file in _Files(page.text).found
        if origin_of(page.url.join(file.address)) == origin_of(page.url)
    }
    some = list(files.items())[:_MAX_FILES]
    if not some:
        yield warn("assets", "the pages name no script or style sheet of this site; check STOPPRESS_TEMPLATES")
        return
    answers = await asyncio.gather(*(http.get(address, follow_redirects=False) for address, _ in some))
    paths: dict[tuple[Level, str], list[str]] = {}
    for (_, file), answer in zip(some, answers, strict=True):
        if problem := _problem(file, answer):
            paths.setdefault(problem, []).append(answer.url.path)
    for (level, text), affected in paths.items():
        yield Finding(level, "assets", f"{', '.join(affected)}: {text}")
    if not paths:
        yield ok("assets", f"the pages' {len(some)} scripts, style sheets and icons arrive")


def _problem(file: _File, answer: httpx.Response) -> tuple[Level, str] | None:
    """Return what is wrong with a file, and what to do."""
    path, kind = answer.url.path, answer.headers.get("content-type", "")
    if answer.status_code != 200:
        return Level.FAIL, f"the answer is {answer.status_code}; {advice_for(answer.status_code)}"
    if not kind.startswith(_TYPES[file.kind]):
        text = f"the type is {kind or 'missing'}, not {_TYPES[file.kind][0]}"
        return Level.FAIL, f"{text}; make the proxy pass Content-Type"
    if file.integrity and not _is_whole(file.integrity, answer.content):
        return Level.FAIL, "the content was changed, so browsers reject it; make the proxy pass files unchanged"
    kept = kept_seconds(answer)
    if path.startswith(_OURS) and not _HASHED.search(path) and kept > 0:
        text = f"caches may keep it for {kept:g} s, so browsers mix two versions after an upgrade"
        return Level.WARN, f"{text}; make the proxy pass Cache-Control"
    if path.startswith(_OURS) and _HASHED.search(path) and kept < _DAY_SECONDS:
        text = f"caches may keep it for {kept:g} s only, although it never changes"
        return Level.WARN, f"{text}; make the proxy pass Cache-Control"
    return None


def _is_whole(integrity: str, content: bytes) -> bool:
    """Return whether a content has one of the digests of an attribute `integrity`."""
    for part in integrity.split():
        name, _, digest = part.partition("-")
        if name in ("sha256", "sha384", "sha512") and base64.b64decode(digest) == hashlib.new(name, content).digest():
            return True
    return False
