"""The editors' API (see docs/reference/protocol.md): maps requests to use cases, and results to responses."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress.errors import BadInput
from stoppress.model import BLOG_NAME, Header, StoredEntry
from stoppress.newsroom.blogs import Blogs
from stoppress.newsroom.commits import Request as WriteRequest
from stoppress.newsroom.commits import Written
from stoppress.newsroom.entries import POSITION, STATUSES, Entries
from stoppress.newsroom.forms import EntryForm, HeaderForm, RetractionForm
from stoppress.web.bodies import answer, number, read_write
from stoppress.web.editors.auth import Keys
from stoppress.web.editors.write_limit import WriteLimit

_DEFAULT_LIMIT, _MAX_LIMIT = 50, 500

_T = TypeVar("_T")


class Api:
    """The handlers of the editors' API.

    Args:
        keys: authorise requests.
        blogs, entries: the use cases.
        limit: limits the rate of writes.
    """

    def __init__(self, keys: Keys, blogs: Blogs, entries: Entries, limit: WriteLimit) -> None:
        self._keys = keys
        self._limit = limit
        self._blogs = blogs
        self._entries = entries

    def routes(self) -> list[Route]:
        blog, entries = "/api/blogs/{blog}", "/api/blogs/{blog}/entries"
        return [
            _resource("/api/blogs", GET=self.list_blogs),
            _resource(blog, GET=self.get_blog, PUT=self.put_blog, PATCH=self.patch_blog, DELETE=self.delete_blog),
            _resource(entries, GET=self.list_entries, POST=self.create_entry),
            _resource(entries + "/{entry}", GET=self.get_entry, PATCH=self.patch_entry, DELETE=self.retract_entry),
        ]

    # Blogs

    async def list_blogs(self, request: Request) -> Response:
        self._keys.authorise(request)
        limit = number(request, "limit", _DEFAULT_LIMIT, _MAX_LIMIT)
        headers = await self._blogs.list_after(request.query_params.get("after", ""), limit + 1)
        content: dict[str, Any] = {"blogs": headers[:limit]}
        if len(headers) > limit:
            content["next"] = f"/api/blogs?after={headers[limit - 1].blog}&limit={limit}"
        return answer(request, content)

    async def get_blog(self, request: Request) -> Response:
        self._keys.authorise(request)
        header, version = await self._blogs.get(_blog(request))
        return answer(request, header, headers=_etag(version))

    async def put_blog(self, request: Request) -> Response:
        blog = _blog(request)
        form, conditions = await self._write(request, HeaderForm)
        if not re.fullmatch(BLOG_NAME, blog):
            raise BadInput(
                "Blog names have 1-100 letters, digits, '-' or '_' and start with a letter or digit; "
                f"got {blog[:120]!r}.",
                "blog",
            )
        written = await self._blogs.put(blog, form, conditions)
        return _written(request, written, 201 if written.version == 1 else 200, f"/api/blogs/{blog}")

    async def patch_blog(self, request: Request) -> Response:
        form, conditions = await self._write(request, HeaderForm)
        return _written(request, await self._blogs.patch(_blog(request), form, conditions))

    async def delete_blog(self, request: Request) -> Response:
        self._limit.count(self._keys.authorise(request))
        await self._blogs.delete(_blog(request))
        return Response(status_code=204)

    # Entries

    async def list_entries(self, request: Request) -> Response:
        self._keys.authorise(request)
        limit = number(request, "limit", _DEFAULT_LIMIT, _MAX_LIMIT)
        status, before = request.query_params.get("status"), request.query_params.get("before")
        if status is not None and status not in STATUSES:
            raise BadInput(f"`status` must be one of {', '.join(STATUSES)}; got {status[:80]!r}.", "status")
        entries = await self._entries.list_all(_blog(request), status)
        if before is not None:
            if not re.fullmatch(POSITION, before):
                raise BadInput(f"`before` must come from a `next` address; got {before[:80]!r}.", "before")
            position = before.partition("_")[::2]
            entries = [entry for entry in entries if Entries.list_position(entry) < position]
        content: dict[str, Any] = {"entries": entries[:limit]}
        if len(entries) > limit:
            query = request.url.include_query_params(before="_".join(Entries.list_position(entries[limit - 1]))).query
            content["next"] = f"{request.url.path}?{query}"
        return answer(request, content)

    async def create_entry(self, request: Request) -> Response:
        form, conditions = await self._write(request, EntryForm)
        written = await self._entries.create(_blog(request), form, conditions)
        assert isinstance(written.content, StoredEntry)
        return _written(request, written, 201, f"{request.url.path}/{written.content.id}")

    async def get_entry(self, request: Request) -> Response:
        self._keys.authorise(request)
        entry, version = await self._entries.get(_blog(request), request.path_params["entry"])
        return answer(request, entry, headers=_etag(version))

    async def patch_entry(self, request: Request) -> Response:
        form, conditions = await self._write(request, EntryForm)
        written = await self._entries.patch(_blog(request), request.path_params["entry"], form, conditions)
        return _written(request, written)

    async def retract_entry(self, request: Request) -> Response:
        form, conditions = await self._write(request, RetractionForm)
        entry_id = request.path_params["entry"]
        written = await self._entries.retract(_blog(request), entry_id, form.note, conditions)
        return _written(request, written) if written.content else Response(status_code=204)

    async def _write(self, request: Request, form: type[_T]) -> tuple[_T, WriteRequest]:
        key = self._keys.authorise(request)
        self._limit.count(key)
        return await read_write(request, key, form)


_Handler = Callable[[Request], Awaitable[Response]]


def _resource(path: str, **handlers: _Handler) -> Route:
    """Return one route for all methods of an address, so that a 405 names all allowed methods."""

    async def handle(request: Request) -> Response:
        return await handlers["GET" if request.method == "HEAD" else request.method](request)

    return Route(path, handle, methods=list(handlers))


def _blog(request: Request) -> str:
    return str(request.path_params["blog"])


def _etag(version: int) -> dict[str, str]:
    return {"etag": f'"{version}"'}


def _written(request: Request, written: Written, status: int = 200, location: str | None = None) -> Response:
    assert isinstance(written.content, StoredEntry | Header)
    headers = {**_etag(written.version), "stoppress-cursor": str(written.cursor)}
    if status == 201 and location:
        headers["location"] = location
    return answer(request, written.content, status, headers)
