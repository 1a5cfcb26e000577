"""Where readers find things, as absolute addresses: search engines, feed readers and shared links need those."""

from __future__ import annotations

import re
from typing import NamedTuple

from starlette.requests import Request

from stoppress.model import Header

HOST = re.compile(r"([A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")


class Site(NamedTuple):
    """As one request sees it."""

    origin: str
    """Scheme and host, as in `https://live.example.org`."""
    publisher: str
    """Who publishes the blogs."""

    def blog(self, blog: str) -> str:
        return f"{self.origin}/blogs/{blog}"

    def canonical(self, blog: str, header: Header | None) -> str:
        """Where the blog is found by those who do not know of this server: where its header says, or here."""
        return (header.url if header else None) or self.blog(blog)

    def entry(self, blog: str, entry_id: str) -> str:
        """The page at an entry, whole without JavaScript."""
        return f"{self.origin}/blogs/{blog}/entries/{entry_id}#entry-{entry_id}"

    def feed(self, blog: str, kind: str, before: int | None = None) -> str:
        """A feed, or what follows on it; `kind` is `atom` or `json`."""
        return f"{self.origin}/blogs/{blog}.{kind}" + (f"?before={before}" if before is not None else "")


class Sites:
    """The site of each request.

    Args:
        public_url: its origin; empty: the host that the request names.
        publisher: its publisher; empty: the host's name.
    """

    def __init__(self, public_url: str, publisher: str) -> None:
        self._origin = public_url
        self._publisher = publisher

    def of(self, request: Request) -> Site:
        origin = self._origin or f"{request.url.scheme}://{_host(request)}"
        return Site(origin, self._publisher or re.sub(r"^https?://|:[0-9]+$", "", origin))


def _host(request: Request) -> str:
    host = request.headers.get("host", "")
    return host if HOST.fullmatch(host) else "localhost"
