"""Use cases for whole blogs: create, change, list and delete them."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from stoppress.access.identity import Identity
from stoppress.access.roles import Action, may
from stoppress.errors import BadInput, BlogDamaged, BlogNotFound
from stoppress.media.names import check_owner
from stoppress.model import BLOG_NAME, HEADER, Item, StoredHeader
from stoppress.newsroom.commits import Committer, Planned, Request, Written
from stoppress.newsroom.forms import HeaderForm
from stoppress.newsroom.pins import Pins
from stoppress.store.port import Store, Write

_MIN_PORTION_BLOGS = 100
"""Minimum number of headers that are read at once: many names may be those of deleted blogs."""


class Blogs:
    """The use cases for whole blogs.

    Args:
        store: keeps the blogs.
        committer: commits writes to the store.
        deleted: called with the name of each deleted blog; returns whether this node had it in memory.
    """

    def __init__(self, store: Store, committer: Committer, deleted: Callable[[str], Awaitable[bool]]) -> None:
        self._store = store
        self._committer = committer
        self._deleted = deleted

    async def list_after(
        self, after: str, limit: int, is_wanted: Callable[[str], bool] = lambda _name: True, q: str = ""
    ) -> list[StoredHeader]:
        """Return at most `limit` headers, sorted by name, of the wanted blogs whose name sorts after `after`.

        Each has all words of `q` in its name or headline; upper and lower case do not matter.
        """
        headers: list[StoredHeader] = []
        words = q.casefold().split()
        names = [name for name in await self._store.names() if name > after and is_wanted(name)]
        portion = max(limit, _MIN_PORTION_BLOGS)
        for begin in range(0, len(names), portion):
            for item in await self._store.headers(names[begin : begin + portion]):
                with contextlib.suppress(BlogDamaged):  # it concerns that blog alone
                    headers += [StoredHeader.of(item)] if item is not None else []
            headers = [header for header in headers if _has(header, words)] if words else headers
            if len(headers) >= limit:
                break
        return headers[:limit]

    async def get(self, blog: str) -> tuple[StoredHeader, int]:
        """Return a blog's header and its version. Raises `BlogNotFound`."""
        item = await self._find(blog)
        if item is None:
            raise BlogNotFound(blog)
        return StoredHeader.of(item), item.version

    async def put(self, blog: str, form: HeaderForm, request: Request) -> Written:
        """Create the blog, or replace its header. A result with version 1 means that it was created.

        Raises:
            PreconditionFailed: `if_match` names another version, or `if_none_match` the current one.
            Forbidden: the sender may not create blogs, or not change who may read them.
            BadInput: the name is not allowed, `pinned` is not a published entry of the blog, or a time is out of range.
        """
        if not re.fullmatch(BLOG_NAME, blog):
            allowed = "Blog names have 1-100 letters, digits, '-' or '_' and start with a letter or digit"
            raise BadInput(f"{allowed}; got {blog[:120]!r}.", "blog")
        blank = StoredHeader(blog=blog, headline="", status="live")
        return await self._write(blog, request, lambda _current: form.fill(blank))

    async def patch(self, blog: str, form: HeaderForm, request: Request) -> Written:
        """Change fields of the header. Raises `BlogNotFound`, `PreconditionFailed` and `BadInput` (see `put`)."""

        def fill(current: StoredHeader | None) -> StoredHeader:
            if current is None:
                raise BlogNotFound(blog)
            return form.fill(current)

        return await self._write(blog, request, fill)

    async def delete(self, blog: str, request: Request = Request()) -> None:  # noqa: B008
        """Delete a blog with all its entries, also if the store has lost it and this node has it in memory.

        Raises:
            BlogNotFound
        """
        try:
            await self._committer.delete(blog, request)
        except BlogNotFound:
            if not await self._deleted(blog):
                raise
        else:
            await self._deleted(blog)

    async def _write(self, blog: str, request: Request, fill: Callable[[StoredHeader | None], StoredHeader]) -> Written:
        async def plan() -> Planned:
            item = await self._find(blog)
            current = StoredHeader.of(item) if item else None
            version = item.version if item else 0
            request.check(version, current)
            action: Action = "change_blog" if current else "create_blog"
            request.require(action, blog)
            header = fill(current)
            check_owner(blog, [header.image] if header.image else [])
            if current and (header.access, header.public_from) != (current.access, current.public_from):
                request.require("change_access", blog)
            pins: list[Write] = []
            before = current.pinned if current else None
            if header.pinned != before:
                if header.pinned and item is None:
                    raise BadInput("`pinned` must be null in a new blog, because it has no entries yet.", "pinned")
                pins += await Pins(self._store).flag_writes(blog, before, pinned=False)
                if header.pinned:
                    pins += await Pins(self._store).flag_writes(blog, header.pinned, pinned=True)
            return Planned(action, [*pins, Write(HEADER, version, msgspec.json.encode(header))])

        return await self._committer.commit(blog, request, plan)

    async def _find(self, blog: str) -> Item | None:
        try:
            return await self._store.item(blog, HEADER)
        except BlogNotFound:
            return None


def header_for(who: Identity, header: StoredHeader) -> StoredHeader:
    """Return a header as an identity may see it in the API: the handover is for editors."""
    return header if may(who, "change_blog", header.blog) else msgspec.structs.replace(header, handover=None)


def _has(header: StoredHeader, words: Sequence[str]) -> bool:
    text = f"{header.blog}\n{header.headline}".casefold()
    return all(word in text for word in words)
