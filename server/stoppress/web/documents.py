"""Responses made from a blog at one cursor. They are made once for all clients, and the cursor is their ETag.

The cache key contains the current cursor of the replica, so a retracted body is never sent again.
"""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate

from starlette.requests import Request
from starlette.responses import Response

from stoppress.live.replica import Replica
from stoppress.web.byte_cache import ByteCache
from stoppress.web.negotiation import unless_known

_KEPT_BYTES = 16 * 1024 * 1024

_STALE_FACTOR = 10
"""A shared cache may serve a stale response for this many times `page_max_age` while the server fails."""


class Documents:
    """Pages and feeds of blogs.

    Args:
        fingerprint: changes with everything else that the documents depend on.
        max_age: seconds for which shared caches may keep them; 0: caches must revalidate each time.
    """

    def __init__(self, fingerprint: str, max_age: int) -> None:
        self._fingerprint = fingerprint
        self._max_age = max_age
        self._made = ByteCache(_KEPT_BYTES)

    def answer(
        self,
        request: Request,
        replica: Replica,
        headers: dict[str, str],
        key: tuple[object, ...],
        make: Callable[[], bytes],
    ) -> Response:
        """Answer with a document: the cached one, or what `make` returns; 304 if the client has it.

        Args:
            key: its kind and everything that it depends on, except the blog, its cursor and the fingerprint.
        """
        key = (replica.blog, replica.cursor, *key)

        def cached() -> bytes:
            body = self._made.get(key)
            if body is None:
                body = make()
                self._made.put(key, body)
            return body

        headers = {**headers, **self._cache_headers(replica.blog)}
        headers["last-modified"] = formatdate(usegmt=True)  # the age of the page, if a cache keeps it
        return unless_known(request, f'"{replica.cursor}-{self._fingerprint}"', headers, cached)

    def _cache_headers(self, blog: str) -> dict[str, str]:
        """Return the headers for caches: how long to keep it, and a tag by which to purge all of a blog."""
        if not self._max_age:
            return {"cache-control": "no-cache"}
        age, name = self._max_age, f"stoppress-{blog}"
        directives = f"s-maxage={age}, stale-while-revalidate={age}, stale-if-error={_STALE_FACTOR * age}"
        return {"cache-control": f"public, max-age=0, {directives}", "cache-tag": name, "surrogate-key": name}
