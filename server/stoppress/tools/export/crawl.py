"""Read a whole blog from a running server, at one cursor, and make the files of its archive."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import Any
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree as ET

import httpx

from stoppress.errors import BlogNotFound, StoppressError
from stoppress.model import BLOG_NAME
from stoppress.tools.export.lines import lines_of
from stoppress.tools.export.names import INDEX, Names
from stoppress.tools.export.rewrite import ArchivedPage, Rewriter
from stoppress.tools.importer.read import ARCHIVE_LINES
from stoppress.web.feeds.atom import ATOM

_ATTEMPTS = 5
"""Attempts to read the blog. Each starts again when the blog changes."""

_MAX_PAGES = 1_000

_BROWSER = {"accept": "text/html", "accept-encoding": "identity"}  # compressed responses have other ETags

_PROGRAM = {"accept": "application/json"}

_REDIRECT = """<!doctype html>
<meta charset="utf-8">
<meta http-equiv="refresh" content="0; url={address}">
<link rel="canonical" href="{address}">
<link rel="icon" href="data:,">
<title>Update</title>
<p><a href="{address}">This update</a></p>
"""


class _BlogChanged(Exception):
    """The blog changed while it was read."""


class Crawl:
    """The reading of one blog; the base URL of `client` is the server's address."""

    def __init__(self, client: httpx.Client, blog: str) -> None:
        self._client = client
        self._blog = blog

    def files(self) -> dict[str, bytes]:
        """Return the content of the archive's files by path, `index.html` first.

        Raises:
            BlogNotFound
            StoppressError: the server cannot be reached, or the blog keeps changing.
        """
        if not re.fullmatch(BLOG_NAME, self._blog):
            raise BlogNotFound(self._blog)
        for _ in range(_ATTEMPTS):
            try:
                return self._attempt()
            except _BlogChanged:
                continue
        raise StoppressError(
            f"blog {self._blog} changed during each of {_ATTEMPTS} attempts to read it; try again when it has ended"
        )

    def _attempt(self) -> dict[str, bytes]:
        etag, pages = self._pages()
        first = ArchivedPage(pages[f"/blogs/{self._blog}"].decode())
        feeds = first.links.get("alternate", [])
        names = Names(self._blog, _origins(self._client, feeds))
        for number, (path, text) in enumerate(pages.items(), 1):
            names.pages[path] = INDEX if number == 1 else f"page-{number}.html"
            names.entries |= dict.fromkeys(ArchivedPage(text.decode()).entries, names.pages[path])
        read: dict[str, bytes] = {}
        for feed in feeds:
            read |= self._feed(names, names.path(feed), etag)
        files = {}
        for path, text in pages.items():
            file = names.pages[path]
            files[file] = ArchivedPage(text.decode(), partial(names.relative, at=file)).html.encode()
        for file, content in read.items():
            files[file] = Rewriter(partial(names.relative, at=file)).feed(content, file.rpartition(".")[2])
        for entry, file in names.entries.items():
            address = f"../{file}#entry-{entry}"
            files[f"entries/{entry}.html"] = _REDIRECT.format(address=address).encode()
        files[ARCHIVE_LINES] = self._lines()
        if self._get(f"/blogs/{self._blog}").headers.get("etag", "") != etag:
            raise _BlogChanged
        return files | self._page_resources(names)

    def _lines(self) -> bytes:
        """Return what readers get of the blog as JSON lines, for an import."""
        header = self._get(f"/blogs/{self._blog}/changes", _PROGRAM).json()["header"]
        entries: list[dict[str, Any]] = []
        path = f"/blogs/{self._blog}/entries?limit=200"
        while path:
            page = self._get(path, _PROGRAM).json()
            entries += page["entries"]
            path = page.get("older", "")
        return lines_of(header, entries)

    def _pages(self) -> tuple[str, dict[str, bytes]]:
        """Return the ETag that all pages have, and the pages by address."""
        pages: dict[str, bytes] = {}
        etag, path = "", f"/blogs/{self._blog}"
        while path:
            answer = self._get(path)
            if etag not in ("", answer.headers.get("etag")):
                raise _BlogChanged
            etag = answer.headers.get("etag", "")
            pages[path] = answer.content
            if len(pages) > _MAX_PAGES:
                raise StoppressError(
                    f"blog {self._blog} has more than {_MAX_PAGES} pages; raise STOPPRESS_NEWEST on the server"
                )
            path = next(iter(ArchivedPage(answer.text).links.get("next", [])), "")
        return etag, pages

    def _feed(self, names: Names, path: str | None, etag: str) -> dict[str, bytes]:
        """Return a feed and its next pages by file name."""
        found: dict[str, bytes] = {}
        kind = "json" if path and urlsplit(path).path.endswith(".json") else "atom"
        while path:
            answer = self._get(path)
            if answer.headers.get("etag") != etag:
                raise _BlogChanged
            number = len(found) + 1
            file = names.pages[path] = f"feed.{kind}" if number == 1 else f"feed-{number}.{kind}"
            found[file] = answer.content
            path = names.path(_next(answer.content, kind))
        return found

    def _page_resources(self, names: Names) -> dict[str, bytes]:
        """Return the server's style sheets, icons and images that pages refer to, and the files that those refer to."""
        found: dict[str, bytes] = {}
        while missing := [(path, file) for path, file in names.files.items() if file not in found]:
            for path, file in missing:
                content = self._get(path).content
                if path.endswith(".css"):
                    content = Rewriter(partial(_relative, names, path)).style(content)
                found[file] = content
        return found

    def _get(self, path: str, headers: dict[str, str] = _BROWSER) -> httpx.Response:
        try:
            answer = self._client.get(path, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise StoppressError(
                f"cannot reach {self._client.base_url}: {error}; check --url and that the server is running"
            ) from None
        if answer.status_code == 404 and path == f"/blogs/{self._blog}":
            raise BlogNotFound(self._blog)
        if answer.status_code in (401, 403):
            raise StoppressError(f"blog {self._blog} is private; give an API key that may read it as STOPPRESS_API_KEY")
        if answer.status_code != 200:
            address = f"{self._client.base_url}{path[1:]}"
            raise StoppressError(f"the server answered {address} with {answer.status_code}; check --url")
        return answer


def _origins(client: httpx.Client, feeds: list[str]) -> tuple[str, ...]:
    asked = str(client.base_url).rstrip("/")
    named = [f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, feeds) if parts.netloc]
    return (asked, *named[:1])


def _relative(names: Names, style_sheet: str, address: str) -> str:
    return names.relative(urljoin(style_sheet, address), style_sheet[1:])


def _next(content: bytes, kind: str) -> str:
    if kind == "json":
        return str(json.loads(content).get("next_url", ""))
    root = ET.fromstring(content)  # noqa: S314, it comes from the server that the user named
    return next((link.get("href", "") for link in root.iter(f"{{{ATOM}}}link") if link.get("rel") == "next"), "")
