"""Reads all of a blog from a running server, as of one cursor, and makes the files of its archive."""

from __future__ import annotations

import json
import re
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree as ET

import httpx

from stoppress.errors import BlogNotFound, StoppressError
from stoppress.model import BLOG_NAME
from stoppress.tools.export.names import INDEX, Names
from stoppress.tools.export.rewrite import ArchivedPage, change_atom, change_strings, change_style
from stoppress.web.feeds.atom import ATOM

_ATTEMPTS = 5
"""How often it is begun anew because the blog has changed meanwhile."""

_MAX_PAGES = 1_000

_BROWSER = {"accept": "text/html", "accept-encoding": "identity"}  # each coding has an ETag of its own

_REDIRECT = """<!doctype html>
<meta charset="utf-8">
<meta http-equiv="refresh" content="0; url={address}">
<link rel="canonical" href="{address}">
<link rel="icon" href="data:,">
<title>Update</title>
<p><a href="{address}">This update</a></p>
"""


class _BlogChanged(Exception):
    """The blog was written to while it was read."""


class Crawl:
    """One archive.

    Args:
        client: asks the server, by its base URL.
        blog: the blog's name.
    """

    def __init__(self, client: httpx.Client, blog: str) -> None:
        self._client = client
        self._blog = blog

    def files(self) -> dict[str, bytes]:
        """The archive's files by their paths, `index.html` first.

        Raises:
            BlogNotFound
            StoppressError: the server cannot be reached, or the blog never stands still.
        """
        if not re.fullmatch(BLOG_NAME, self._blog):
            raise BlogNotFound(self._blog)
        for _ in range(_ATTEMPTS):
            try:
                return self._attempt()
            except _BlogChanged:
                continue
        raise StoppressError(f"{self._blog} changed {_ATTEMPTS} times while it was read: try again when it has ended")

    def _attempt(self) -> dict[str, bytes]:
        etag, pages = self._pages()
        first = ArchivedPage(pages[f"/blogs/{self._blog}"].decode())
        feeds = first.links.get("alternate", [])
        names = Names(self._blog, _origins(self._client, feeds))
        for number, (path, text) in enumerate(pages.items(), 1):
            names.pages[path] = INDEX if number == 1 else f"page-{number}.html"
            names.entries |= dict.fromkeys(ArchivedPage(text.decode()).entries, names.pages[path])
        read = {path: self._feed(names, path, etag) for path in map(names.path, feeds) if path}
        files = {names.pages[path]: _page(names, names.pages[path], text) for path, text in pages.items()}
        for documents in read.values():
            files |= {file: _feed(names, file, content) for file, content in documents.items()}
        for entry, file in names.entries.items():
            address = f"../{file}#entry-{entry}"
            files[f"entries/{entry}.html"] = _REDIRECT.format(address=address).encode()
        return files | self._made_of(names)

    def _pages(self) -> tuple[str, dict[str, bytes]]:
        """The ETag that all pages have, and the pages by their addresses."""
        pages: dict[str, bytes] = {}
        etag, path = "", f"/blogs/{self._blog}"
        while path:
            answer = self._get(path)
            if etag not in ("", answer.headers.get("etag")):
                raise _BlogChanged
            etag = answer.headers.get("etag", "")
            pages[path] = answer.content
            if len(pages) > _MAX_PAGES:
                raise StoppressError(f"{self._blog} has more than {_MAX_PAGES} pages: set STOPPRESS_NEWEST higher")
            path = next(iter(ArchivedPage(answer.text).links.get("next", [])), "")
        return etag, pages

    def _feed(self, names: Names, path: str | None, etag: str) -> dict[str, bytes]:
        """A feed and what follows on it, by the names of their files."""
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

    def _made_of(self, names: Names) -> dict[str, bytes]:
        """Style sheets, icons and images of the server that pages name, and what those name."""
        found: dict[str, bytes] = {}
        while missing := [(path, file) for path, file in names.files.items() if file not in found]:
            for path, file in missing:
                content = self._get(path).content
                found[file] = _style(names, path, content) if path.endswith(".css") else content
        return found

    def _get(self, path: str) -> httpx.Response:
        try:
            answer = self._client.get(path, headers=_BROWSER)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise StoppressError(f"cannot reach {self._client.base_url}: {error}") from None
        if answer.status_code == 404 and path == f"/blogs/{self._blog}":
            raise BlogNotFound(self._blog)
        if answer.status_code != 200:
            raise StoppressError(f"{self._client.base_url}{path[1:]} was answered with {answer.status_code}")
        return answer


def _origins(client: httpx.Client, feeds: list[str]) -> tuple[str, ...]:
    asked = str(client.base_url).rstrip("/")
    named = [f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, feeds) if parts.netloc]
    return (asked, *named[:1])


def _page(names: Names, file: str, text: bytes) -> bytes:
    return ArchivedPage(text.decode(), lambda address: names.relative(address, file)).html.encode()


def _style(names: Names, path: str, content: bytes) -> bytes:
    def change(address: str) -> str:
        return names.relative(urljoin(path, address), path[1:])

    return change_style(content.decode(), change).encode()


def _feed(names: Names, file: str, content: bytes) -> bytes:
    def change(address: str) -> str:
        return names.relative(address, file)

    if file.endswith(".json"):
        changed = change_strings(json.loads(content), change)
        return json.dumps(changed, ensure_ascii=False, separators=(",", ":")).encode()
    return change_atom(content, change)


def _next(content: bytes, kind: str) -> str:
    if kind == "json":
        return str(json.loads(content).get("next_url", ""))
    root = ET.fromstring(content)  # noqa: S314, it was asked of the server that is archived
    return next((link.get("href", "") for link in root.iter(f"{{{ATOM}}}link") if link.get("rel") == "next"), "")
