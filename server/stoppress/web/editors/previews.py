"""Previews: an entry as readers will see it, before it is published. Nothing is stored."""

from __future__ import annotations

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress.access.identity import Identity
from stoppress.access.roles import require
from stoppress.model import Entry, StoredEntry
from stoppress.newsroom.blogs import Blogs
from stoppress.newsroom.entries import Entries, may_see
from stoppress.newsroom.forms import EntryForm
from stoppress.web.editors.auth import Authentication
from stoppress.web.editors.newest_only import NewestOnly
from stoppress.web.editors.resource import Resource, answered, unstored
from stoppress.web.editors.write_limit import WriteLimit
from stoppress.web.editors.writes import read_form
from stoppress.web.pages.markup import Renderer
from stoppress.web.validation import check_query

NEW_ENTRY = "00000000-0000-0000-0000-000000000000"
"""The id that a new entry has in its preview."""


class Preview(Struct):
    """What readers would see if an entry were published now."""

    html: str
    """The whole article, in the blog's language."""
    warnings: list[str]
    entry: StoredEntry


class Previews:
    """The handler of `/api/blogs/{blog}/preview`. `renderer` renders the pages of this node."""

    def __init__(
        self, authentication: Authentication, blogs: Blogs, entries: Entries, renderer: Renderer, limit: WriteLimit
    ) -> None:
        self._authentication = authentication
        self._blogs = blogs
        self._entries = entries
        self._renderer = renderer
        self._limit = limit
        self._turns = NewestOnly()

    def routes(self) -> list[Route]:
        handlers = {"POST": ("write_draft", self.preview)}
        resource = Resource(self._authentication, self._limit, (), handlers, counted=False)  # type: ignore[arg-type]
        return [resource.route("/api/blogs/{blog}/preview")]

    async def preview(self, request: Request, blog: str) -> Response:
        """Answer with the article that an entry, new or as edited, would be."""
        check_query(request, "entry")
        form, who = await read_form(request, EntryForm), request.state.who
        current = await self._current(who, blog, request.query_params.get("entry"))
        header, _ = await self._blogs.get(blog)
        language = self._renderer.texts.language(header.language)

        async def make() -> Preview:
            entry = await self._entries.edits.preview(current, form)
            html = await self._entries.edits.in_thread(lambda: self._article(blog, language, entry))
            return Preview(html, entry.warnings, entry)

        return unstored(answered(request, await self._turns.run(who.id, make)))

    async def _current(self, who: Identity, blog: str, entry_id: str | None) -> StoredEntry:
        if entry_id is None:
            return StoredEntry(id=NEW_ENTRY, version=0, status="draft", created_by=who.id)
        current, _ = await self._entries.get(blog, entry_id)
        if not may_see(who, blog, current):
            require(who, "read_drafts", blog)
        return current

    def _article(self, blog: str, language: str, entry: StoredEntry) -> str:
        shown = msgspec.json.decode(msgspec.json.encode(entry), type=Entry)  # without the fields that readers don't get
        return self._renderer.article(blog, language, shown)
