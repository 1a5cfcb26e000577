"""Use cases for whole blogs: create, change, list and delete them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import msgspec

from stoppress.errors import BadInput, BlogNotFound
from stoppress.model import BLOG_NAME, HEADER, Header, Item
from stoppress.newsroom.commits import Committer, Request, Written
from stoppress.newsroom.forms import HeaderForm
from stoppress.newsroom.pins import Pins
from stoppress.store.port import Store, Write


class Blogs:
    """The use cases for whole blogs; `deleted` is called with the name of each deleted blog."""

    def __init__(self, store: Store, committer: Committer, deleted: Callable[[str], Awaitable[None]]) -> None:
        self._store = store
        self._committer = committer
        self._deleted = deleted

    async def list_after(self, after: str, limit: int) -> list[Header]:
        """Return at most `limit` headers, sorted by name, of the blogs whose name sorts after `after`."""
        headers: list[Header] = []
        for name in (name for name in await self._store.blogs() if name > after):
            item = await self._find(name)
            if item is not None:
                headers.append(Header.of(item))
            if len(headers) == limit:
                break
        return headers

    async def get(self, blog: str) -> tuple[Header, int]:
        """Return a blog's header and its version. Raises `BlogNotFound`."""
        item = await self._find(blog)
        if item is None:
            raise BlogNotFound(blog)
        return Header.of(item), item.version

    async def put(self, blog: str, form: HeaderForm, request: Request) -> Written:
        """Create the blog, or replace its header. A result with version 1 means that it was created.

        Raises:
            PreconditionFailed: `if_match` names another version, or `if_none_match` the current one.
            BadInput: the name is not allowed, `pinned` is not a published entry of the blog, or a time is out of range.
        """
        if not re.fullmatch(BLOG_NAME, blog):
            allowed = "Blog names have 1-100 letters, digits, '-' or '_' and start with a letter or digit"
            raise BadInput(f"{allowed}; got {blog[:120]!r}.", "blog")
        blank = Header(blog=blog, headline="", status="live")
        return await self._write(blog, request, lambda _current: form.fill(blank))

    async def patch(self, blog: str, form: HeaderForm, request: Request) -> Written:
        """Change fields of the header. Raises `BlogNotFound`, `PreconditionFailed` and `BadInput` (see `put`)."""

        def fill(current: Header | None) -> Header:
            if current is None:
                raise BlogNotFound(blog)
            return form.fill(current)

        return await self._write(blog, request, fill)

    async def delete(self, blog: str) -> None:
        """Delete a blog with all its entries. Raises `BlogNotFound`."""
        await self._committer.delete(blog)
        await self._deleted(blog)

    async def _write(self, blog: str, request: Request, fill: Callable[[Header | None], Header]) -> Written:
        async def plan() -> list[Write]:
            item = await self._find(blog)
            current = Header.of(item) if item else None
            version = item.version if item else 0
            request.check(version, current)
            header = fill(current)
            pins: list[Write] = []
            before = current.pinned if current else None
            if header.pinned != before:
                if header.pinned and item is None:
                    raise BadInput("`pinned` must be null in a new blog, because it has no entries yet.", "pinned")
                pins += await Pins(self._store).flag_writes(blog, before, pinned=False)
                if header.pinned:
                    pins += await Pins(self._store).flag_writes(blog, header.pinned, pinned=True)
            return [*pins, Write(HEADER, version, msgspec.json.encode(header))]

        return await self._committer.commit(blog, request, plan)

    async def _find(self, blog: str) -> Item | None:
        try:
            return await self._store.item(blog, HEADER)
        except BlogNotFound:
            return None
