"""Responses made from a blog at one cursor. They are made once for all clients, and the cursor is their ETag.

The cache key contains the current cursor of the replica, so a retracted body is never sent again. It contains nothing
that a client can vary at will: documents are kept with a placeholder for the host.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from email.utils import formatdate
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from stoppress.live.replica import Replica
from stoppress.web.byte_cache import ByteCache
from stoppress.web.negotiation import Wanted, unless_known
from stoppress.web.site import Site, Sites
from stoppress.web.turns import Turns

_KEPT_BYTES = 16 * 1024 * 1024

_KEPT_FOR_HOSTS_BYTES = 4 * 1024 * 1024
"""Bytes of documents for the hosts that were asked for last, so that equal answers share their memory."""

_STALE_FACTOR = 10
"""A shared cache may serve a stale response for this many times `page_max_age` while the server fails."""


class Document(NamedTuple):
    """The functions that make a document. Both look at the replica when they are called."""

    key: tuple[object, ...]
    """Its kind and everything that it depends on, except the blog and its cursor."""
    make: Callable[[Site], bytes]
    prepare: Callable[[], Awaitable[None]] | None = None
    """Does the slow part first, in slices."""


class Documents:
    """Pages, feeds and older entries of blogs.

    Args:
        turns: let one document be made at a time.
        sites: give the addresses in documents.
        fingerprint: changes with everything else that the documents depend on.
        max_age: seconds for which shared caches may keep them; 0: caches must revalidate each time.
    """

    def __init__(self, turns: Turns, sites: Sites, fingerprint: str, max_age: int) -> None:
        self._turns = turns
        self._sites = sites
        self._fingerprint = fingerprint
        self._max_age = max_age
        self._made = ByteCache(_KEPT_BYTES)
        self._filled = ByteCache(_KEPT_FOR_HOSTS_BYTES)

    async def answer(self, request: Request, replica: Replica, headers: dict[str, str], document: Document) -> Response:
        """Answer with a document: the cached one or a new one; 304 if the client has it."""
        headers = {**headers, **self._cache_headers(replica.blog)}
        headers["last-modified"] = formatdate(usegmt=True)  # the age of the page, if a cache keeps it
        etag = f'"{replica.cursor}-{self._fingerprint}"'
        known = Wanted(request.headers).has(etag)
        return unless_known(request, etag, headers, b"" if known else await self.body(request, replica, document))

    async def body(self, request: Request, replica: Replica, document: Document) -> bytes:
        """Return a document. It is as new as the replica was at the call, or newer."""
        site = self._sites.of(request)
        key = (replica.blog, replica.cursor, *document.key)
        filled = self._filled.get((site, key))
        if filled is None:
            body = self._made.get(key)
            if body is None:
                body = await self._turns.make((replica.blog, *document.key), lambda: self._make(replica, document))
            filled = self._filled.get((site, key)) or self._sites.fill(body, site)
            self._filled.put((site, key), filled)
        return filled

    async def _make(self, replica: Replica, document: Document) -> bytes:
        if document.prepare is not None:
            await document.prepare()
        key = (replica.blog, replica.cursor, *document.key)
        body = self._made.get(key)
        if body is None:
            body = document.make(self._sites.any)
            self._made.put(key, body)
        return body

    def _cache_headers(self, blog: str) -> dict[str, str]:
        """Return the headers for caches: how long to keep it, and a tag by which to purge all of a blog."""
        if not self._max_age:
            return {"cache-control": "no-cache"}
        age, name = self._max_age, f"stoppress-{blog}"
        directives = f"s-maxage={age}, stale-while-revalidate={age}, stale-if-error={_STALE_FACTOR * age}"
        return {"cache-control": f"public, max-age=0, {directives}", "cache-tag": name, "surrogate-key": name}
