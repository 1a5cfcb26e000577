"""The editors' API (see docs/reference/protocol.md): maps requests to use cases, and results to responses."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress.access.roles import Action, require
from stoppress.errors import BadInput, BadQuery
from stoppress.model import StoredEntry
from stoppress.newsroom.blogs import Blogs, header_for
from stoppress.newsroom.commits import Request as WriteRequest
from stoppress.newsroom.commits import Written
from stoppress.newsroom.desk.retractions import Retractions, RetractionsForm
from stoppress.newsroom.desk.search import EntryFilter, EntryLists
from stoppress.newsroom.entries import POSITION, STATUSES, Entries, may_see
from stoppress.newsroom.forms import EntryForm, HeaderForm, RetractionForm
from stoppress.newsroom.imports import ImportForm, Imports
from stoppress.newsroom.past import PastReader
from stoppress.store.past.port import ACT_ID
from stoppress.web.editors.auth import Authentication
from stoppress.web.editors.resource import Handler, Resource, answered
from stoppress.web.editors.write_limit import WriteLimit
from stoppress.web.editors.writes import read_write
from stoppress.web.negotiation import Wanted
from stoppress.web.validation import number

_DEFAULT_LIMIT, _MAX_LIMIT = 50, 500

_FILTERS = {"q": 200, "source": 500, "tag": 100, "author": 500, "status": 20}
"""What a list of entries can be asked for, and the maximum length of each value."""

_DEFAULT_VERSIONS, _MAX_VERSIONS = 10, 50


class UseCases(NamedTuple):
    """What the handlers ask to be done."""

    blogs: Blogs
    entries: Entries
    imports: Imports
    lists: EntryLists
    retractions: Retractions
    past: PastReader


class Api:
    """The handlers of the editors' API."""

    def __init__(self, authentication: Authentication, use_cases: UseCases, limit: WriteLimit) -> None:
        self._authentication = authentication
        self._limit = limit
        self._blogs, self._entries, self._imports, self._lists, self._retractions, self._past = use_cases

    def routes(self) -> list[Route]:
        blog, entries = "/api/blogs/{blog}", "/api/blogs/{blog}/entries"
        return [
            self._resource("/api/blogs", ("q", "after", "limit"), GET=("read_blogs", self.list_blogs)),
            self._resource(
                blog,
                GET=("read_blogs", self.get_blog),
                PUT=("change_blog", self.put_blog),
                PATCH=("change_blog", self.patch_blog),
                DELETE=("delete_blog", self.delete_blog),
            ),
            self._resource(
                entries,
                (*_FILTERS, "before", "limit"),
                GET=("read_blogs", self.list_entries),
                POST=("write_draft", self.create_entry),
            ),
            self._resource(
                entries + "/{entry}",
                GET=("read_blogs", self.get_entry),
                PUT=("import_entries", self.import_entry),
                PATCH=("write_draft", self.patch_entry),
                DELETE=("write_draft", self.retract_entry),
            ),
            self._resource(f"{blog}/retractions", POST=("retract", self.retract_entries)),
            self._resource(entries + "/{entry}/versions", ("before", "limit"), GET=("read_blogs", self.list_versions)),
            self._resource("/api/audit", ("blog", "after", "before", "limit"), GET=("read_audit", self.list_acts)),
        ]

    def _resource(self, path: str, query: tuple[str, ...] = (), **handlers: tuple[Action, Handler]) -> Route:
        """Return one route for all methods of an address, so that a 405 names all allowed methods.

        Args:
            path: the address.
            query: the parameters that GET takes.
            handlers: by method, the action that the sender must be allowed to do at least, and the handler.
        """
        return Resource(self._authentication, self._limit, query, handlers).route(path)

    # Blogs

    async def list_blogs(self, request: Request) -> Response:
        limit = number(request, "limit", _DEFAULT_LIMIT, _MAX_LIMIT)
        after, who = request.query_params.get("after", ""), request.state.who
        q = _text(request, "q", 200)
        headers = await self._blogs.list_after(after, limit + 1, who.is_for, q)
        content: dict[str, Any] = {"blogs": [header_for(who, header) for header in headers[:limit]]}
        if len(headers) > limit:
            query = request.url.include_query_params(after=headers[limit - 1].blog, limit=limit).query
            content["next"] = f"/api/blogs?{query}"
        return answered(request, content)

    async def get_blog(self, request: Request, blog: str) -> Response:
        header, version = await self._blogs.get(blog)
        return _item(request, header_for(request.state.who, header), version)

    async def put_blog(self, request: Request, blog: str) -> Response:
        form, conditions = await read_write(request, HeaderForm)
        written = await self._blogs.put(blog, form, conditions)
        return _written(request, written, f"/api/blogs/{blog}" if written.version == 1 else None)

    async def patch_blog(self, request: Request, blog: str) -> Response:
        return _written(request, await self._blogs.patch(blog, *await read_write(request, HeaderForm)))

    async def delete_blog(self, request: Request, blog: str) -> Response:
        await self._blogs.delete(blog, WriteRequest(who=request.state.who, origin=request.state.origin))
        return Response(status_code=204)

    # Entries

    async def list_entries(self, request: Request, blog: str) -> Response:
        limit, before = number(request, "limit", _DEFAULT_LIMIT, _MAX_LIMIT), request.query_params.get("before")
        if before is not None and not re.fullmatch(POSITION, before):
            raise BadQuery(f"`before` must come from a `next` address; got {before[:80]!r}.", "before")
        first, _, last = (before or "").partition("_")
        position = (first, last) if before is not None else None
        page = await self._lists.page(request.state.who, blog, _filter(request), position, limit)
        content: dict[str, Any] = {"entries": page.entries}
        if page.has_more:
            query = request.url.include_query_params(before="_".join(Entries.list_position(page.entries[-1]))).query
            content["next"] = f"{request.url.path}?{query}"
        return answered(request, content)

    async def create_entry(self, request: Request, blog: str) -> Response:
        written = await self._entries.create(blog, *await read_write(request, EntryForm))
        assert isinstance(written.content, StoredEntry)
        return _written(request, written, f"{request.url.path}/{written.content.id}")

    async def get_entry(self, request: Request, blog: str, entry: str) -> Response:
        found, version = await self._entries.get(blog, entry)
        if not may_see(request.state.who, blog, found):
            require(request.state.who, "read_drafts", blog)
        return _item(request, found, version)

    async def patch_entry(self, request: Request, blog: str, entry: str) -> Response:
        return _written(request, await self._entries.patch(blog, entry, *await read_write(request, EntryForm)))

    async def import_entry(self, request: Request, blog: str, entry: str) -> Response:
        written = await self._imports.put(blog, entry, *await read_write(request, ImportForm))
        return _written(request, written, None if written.replayed else request.url.path)

    async def retract_entry(self, request: Request, blog: str, entry: str) -> Response:
        form, conditions = await read_write(request, RetractionForm)
        return _written(request, await self._entries.retract(blog, entry, form.note, conditions))

    async def retract_entries(self, request: Request, blog: str) -> Response:
        done = await self._retractions.retract(blog, *await read_write(request, RetractionsForm))
        answer = answered(request, {"entries": done.entries, "pending": done.pending, "more": done.has_more})
        answer.headers["stoppress-cursor"] = str(done.cursor)
        if done.replayed:
            answer.headers["idempotency-replayed"] = "true"
        return answer

    # The past

    async def list_versions(self, request: Request, blog: str, entry: str) -> Response:
        limit = number(request, "limit", _DEFAULT_VERSIONS, _MAX_VERSIONS)
        before = number(request, "before", 0, 10**9 - 1) or None
        versions, more = await self._past.versions(request.state.who, blog, entry, before=before, limit=limit)
        content: dict[str, Any] = {"versions": versions}
        if more and versions:
            content["next"] = f"{request.url.path}?before={versions[-1].version}&limit={limit}"
        return answered(request, content)

    async def list_acts(self, request: Request) -> Response:
        limit = number(request, "limit", _DEFAULT_LIMIT, _MAX_LIMIT)
        blog, after, before = (request.query_params.get(name) for name in ("blog", "after", "before"))
        for name, value in (("after", after), ("before", before)):
            if value is not None and not re.fullmatch(ACT_ID, value):
                raise BadQuery(f"`{name}` must be the `id` of an act, or 0; got {value[:80]!r}.", name)
        acts = await self._past.acts(request.state.who, blog or None, after=after, before=before, limit=limit + 1)
        content: dict[str, Any] = {"acts": acts[:limit]}
        if len(acts) > limit:
            direction = "before" if after is None else "after"
            query = request.url.include_query_params(**{direction: acts[limit - 1].id}).query
            content["next"] = f"{request.url.path}?{query}"
        return answered(request, content)


def _filter(request: Request) -> EntryFilter:
    """Return what the query asks for. Raises `BadInput` and `BadQuery`."""
    asked = {name: _text(request, name, length) for name, length in _FILTERS.items()}
    status = asked["status"]
    if "status" in request.query_params and status not in STATUSES:
        raise BadInput(f"`status` must be one of {', '.join(STATUSES)}; got {status[:80]!r}.", "status")
    return EntryFilter(**asked)


def _text(request: Request, name: str, length: int) -> str:
    """Return a parameter without space around it, "" if there is none. Raises `BadQuery` if it is too long."""
    text = request.query_params.get(name, "").strip()
    if len(text) > length:
        raise BadQuery(f"`{name}` must have at most {length} characters; got {len(text)}.", name)
    return text


def _written(request: Request, written: Written, location: str | None = None) -> Response:
    """Return 200, or 201 if the item is new and has this location, or 204 if the write removed it."""
    answer = _item(request, written.content, written.version) if written.content else Response(status_code=204)
    answer.headers["stoppress-cursor"] = str(written.cursor)
    if written.replayed:
        answer.headers["idempotency-replayed"] = "true"
    if location:
        answer.status_code = 201
        answer.headers["location"] = location
    return answer


def _item(request: Request, content: Any, version: int) -> Response:
    etag = f'"{version}"'
    is_known = request.method in ("GET", "HEAD") and Wanted(request.headers).has(etag)
    answer = Response(None, 304) if is_known else answered(request, content)
    answer.headers["etag"] = etag
    return answer
