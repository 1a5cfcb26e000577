"""The list of blogs at the desk, and the search in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from starlette.requests import Request

from stoppress.access.identity import Identity
from stoppress.model import StoredHeader
from stoppress.newsroom.catalogue import Catalogue
from stoppress.web.validation import number

PER_PAGE = 50

_MAX_PAGES = 1_000
_MAX_SEARCH_CHARACTERS = 200

_ORDER = ("live", "paused", "scheduled", "ended")


class FoundBlogs(NamedTuple):
    """A page of the list."""

    headers: Sequence[StoredHeader]
    total: int
    """The number of blogs on all pages."""
    q: str
    """The words of the search; empty: none."""
    page: int
    has_more: bool


class BlogList:
    """Finds blogs.

    Args:
        catalogue: the headers of all blogs.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    async def find(self, request: Request, who: Identity) -> FoundBlogs:
        """Return the blogs of a person whose name or headline contains every word of `q`, live ones first.

        Raises:
            BadQuery: `page` is not a whole number.
            StoreUnavailable
        """
        page = number(request, "page", 1, _MAX_PAGES)
        q = request.query_params.get("q", "").strip()[:_MAX_SEARCH_CHARACTERS]
        words = q.casefold().split()
        known = [header for header in await self._catalogue.headers() if who.is_for(header.blog)]
        found = [header for header in known if _has(header, words)] if words else known
        found.sort(key=lambda header: header.coverage_start or "", reverse=True)
        found.sort(key=lambda header: _ORDER.index(header.status))
        begin = (page - 1) * PER_PAGE
        return FoundBlogs(found[begin : begin + PER_PAGE], len(found), q, page, len(found) > begin + PER_PAGE)


def _has(header: StoredHeader, words: Sequence[str]) -> bool:
    text = f"{header.blog} {header.headline} {' '.join(header.tags)}".casefold()
    return all(word in text for word in words)
