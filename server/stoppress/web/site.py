"""Absolute addresses of a site, for search engines, feed readers and shared links."""

from __future__ import annotations

import re
import secrets
from html import escape, unescape
from typing import NamedTuple
from urllib.parse import urljoin

from starlette.requests import Request

from stoppress.model import Header

_HOST = re.compile(r"([A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")

_RELATIVE = re.compile(r'(<(?:a href|img src)=")(?!https?:|mailto:|//)([^"]*)')


class Site(NamedTuple):
    """The site as one request sees it."""

    origin: str
    """Scheme and host, as in `https://live.example.org`."""
    publisher: str
    """The name of the publisher."""

    def blog(self, blog: str) -> str:
        return f"{self.origin}/blogs/{blog}"

    def canonical(self, header: Header) -> str:
        """Return the blog's canonical address: its header's `url`, or its page here."""
        return header.url or self.blog(header.blog)

    def entry(self, blog: str, entry_id: str) -> str:
        """Return the address of the page at an entry; the page needs no JavaScript."""
        return f"{self.origin}/blogs/{blog}/entries/{entry_id}#entry-{entry_id}"

    def url(self, address: str) -> str:
        """Return an address of media as an absolute one: those of uploaded images begin with `/`."""
        return self.origin + address if address.startswith("/") else address

    def absolute(self, html: str, blog: str) -> str:
        """Return an entry's HTML with absolute addresses."""
        base = self.blog(blog)
        return _RELATIVE.sub(lambda found: found[1] + escape(urljoin(base, unescape(found[2]))), html)

    def feed(self, blog: str, kind: str, before: int | None = None) -> str:
        """Return the address of a feed or, with `before`, of a later page of it; `kind` is `atom` or `json`."""
        return f"{self.origin}/blogs/{blog}.{kind}" + (f"?before={before}" if before is not None else "")


class Sites:
    """The site of each request.

    Args:
        public_url: its origin; empty: that of the request's host.
        publisher: the publisher's name; empty: the host name.
    """

    def __init__(self, public_url: str, publisher: str) -> None:
        self._origin = public_url
        self._publisher = publisher
        placeholder = secrets.token_hex(16)  # nobody can guess it, so no entry contains it
        self.any = Site(public_url or f"https://{placeholder}.invalid", publisher or placeholder)
        """The site in documents that are kept for all hosts; `fill` replaces it."""

    def of(self, request: Request) -> Site:
        host = request.headers.get("host", "")
        origin = self._origin or f"{request.url.scheme}://{host if _HOST.fullmatch(host) else 'localhost'}"
        return Site(origin, self._publisher or re.sub(r"^https?://|:[0-9]+$", "", origin))

    def fill(self, document: bytes, site: Site) -> bytes:
        """Return a document of `any` site as a document of this site."""
        with_origin = document.replace(self.any.origin.encode(), site.origin.encode())
        return with_origin.replace(self.any.publisher.encode(), site.publisher.encode())
