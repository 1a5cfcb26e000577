"""The OpenAPI 3.1 description of the editors' API, made from the types that decode requests, and an HTML page of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import msgspec
from jinja2 import Environment, PackageLoader
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress import __version__
from stoppress.model import BLOG_NAME, Header, StoredEntry
from stoppress.newsroom.entries import POSITION, STATUSES
from stoppress.newsroom.forms import EntryForm, HeaderForm, RetractionForm
from stoppress.web.bodies import JSON, MSGPACK
from stoppress.web.pages.assets import Assets
from stoppress.web.security import HTML_HEADERS

_UUID = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"

_ERRORS = {
    "400": "The request is malformed.",
    "401": "The API key is missing or wrong.",
    "404": "The blog or entry does not exist.",
    "409": "The request contradicts the state of the blog, or the Idempotency-Key belongs to another request.",
    "412": "If-Match names another version; the response has the current item.",
    "413": "The body is too large.",
    "415": "The Content-Type is not supported.",
    "422": "A field is unknown or has a wrong value; `field` names it.",
    "429": "Too many writes with this key. Retry after `Retry-After` seconds.",
    "503": "The store cannot commit now. Retry after `Retry-After` seconds.",
}


_SUMMARIES = {
    "listBlogs": "List blogs",
    "getBlog": "Get a blog's header",
    "putBlog": "Create a blog, or replace its header",
    "patchBlog": "Change fields of a blog's header",
    "deleteBlog": "Delete a blog",
    "listEntries": "List entries and drafts, newest first",
    "createEntry": "Create an entry: publish it, or keep it as a draft or scheduled",
    "getEntry": "Get an entry",
    "patchEntry": "Edit, pin or publish an entry",
    "retractEntry": "Retract an entry, or delete a draft",
}


class OpenAPI:
    """The handlers of the OpenAPI document and its HTML page."""

    def routes(self) -> list[Route]:
        return [
            Route("/api/openapi.json", self.document, methods=["GET"]),
            Route("/api/docs", self.page, methods=["GET"]),
        ]

    async def document(self, _request: Request) -> Response:
        return Response(msgspec.json.encode(self.content), media_type="application/json")

    async def page(self, _request: Request) -> Response:
        """Return the document as an HTML page."""
        environment = Environment(loader=PackageLoader("stoppress.web.pages"), autoescape=True)
        html = environment.get_template("api.html").render(api=self.content, style_sheet=Assets().style_sheet)
        return Response(html, 200, HTML_HEADERS, media_type="text/html")

    @cached_property
    def content(self) -> dict[str, Any]:
        forms = (EntryForm, HeaderForm, RetractionForm)
        _, components = msgspec.json.schema_components(
            (*forms, StoredEntry, Header), ref_template="#/components/schemas/{name}"
        )
        components["Problem"] = _PROBLEM
        return {
            "openapi": "3.1.0",
            "info": {"title": "Stoppress editors' API", "version": __version__, "license": _LICENSE},
            "paths": _paths(),
            "components": {
                "schemas": components,
                "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            },
            "security": [{"key": []}],
        }


_LICENSE = {"name": "Apache-2.0", "identifier": "Apache-2.0"}

_PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What happened, and what to do."},
        "field": {"type": "string", "description": "The field or parameter at fault."},
    },
}

_BLOG = {"name": "blog", "in": "path", "required": True, "schema": {"type": "string", "pattern": BLOG_NAME}}
_ENTRY = {"name": "entry", "in": "path", "required": True, "schema": {"type": "string", "pattern": _UUID}}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "description": "The ETag of the version to replace.",
    "schema": {"type": "string", "pattern": '^("[1-9][0-9]{0,14}"|[*])$'},
    "example": '"3"',
}
_ONCE = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Makes a retry safe for 24 hours: the same key and body get the first response again.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}


def _query(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _links(*targets: str, **parameters: str) -> dict[str, Any]:
    return {target: {"operationId": target, "parameters": parameters} for target in targets}


_LINKS = {
    "putBlog": _links(
        *("getBlog", "patchBlog", "deleteBlog", "listEntries", "createEntry"), blog="$response.body#/blog"
    ),
    "createEntry": _links(
        *("getEntry", "patchEntry", "retractEntry"), blog="$request.path.blog", entry="$response.body#/id"
    ),
}
"""OpenAPI links from a created item to the operations on it."""

_LIMIT = _query("limit", "Maximum number of items.", {"type": "integer", "minimum": 1, "maximum": 500, "default": 50})
_WRITE_ERRORS = ("400", "401", "404", "409", "412", "413", "415", "422", "429", "503")


def _paths() -> dict[str, Any]:
    entry = {"$ref": "#/components/schemas/StoredEntry"}
    header = {"$ref": "#/components/schemas/Header"}
    name = _query("after", "Start the list after this name.", {"type": "string"})
    status = _query("status", "List only entries with this status.", {"enum": list(STATUSES)})
    before = _query("before", "Start of the page, from `next`.", {"type": "string", "pattern": POSITION})
    return {
        "/api/blogs": {
            "get": _operation("listBlogs", [name, _LIMIT], {"200": _list("blogs", header)}, ("400", "401", "503")),
        },
        "/api/blogs/{blog}": {
            "parameters": [_BLOG],
            "get": _operation("getBlog", [], {"200": _content(header)}, ("401", "404", "503")),
            "put": _write("putBlog", "HeaderForm", {"200": header, "201": header}),
            "patch": _write("patchBlog", "HeaderForm", {"200": header}),
            "delete": _operation("deleteBlog", [], {"204": _nothing()}, ("401", "404", "429", "503")),
        },
        "/api/blogs/{blog}/entries": {
            "parameters": [_BLOG],
            "get": _operation(
                "listEntries",
                [status, before, _LIMIT],
                {"200": _list("entries", entry)},
                ("400", "401", "404", "422", "503"),
            ),
            "post": _write("createEntry", "EntryForm", {"201": entry}, [_ONCE]),
        },
        "/api/blogs/{blog}/entries/{entry}": {
            "parameters": [_BLOG, _ENTRY],
            "get": _operation("getEntry", [], {"200": _content(entry)}, ("401", "404", "503")),
            "patch": _write("patchEntry", "EntryForm", {"200": entry}),
            "delete": _write("retractEntry", "RetractionForm", {"200": entry, "204": None}),
        },
    }


def _operation(
    name: str, parameters: list[dict[str, Any]], responses: dict[str, Any], errors: tuple[str, ...]
) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    failures = {status: {"description": _ERRORS[status], "content": problem} for status in errors}
    return {
        "operationId": name,
        "summary": _SUMMARIES[name],
        "parameters": parameters,
        "responses": {**responses, **failures},
    }


def _write(
    name: str, form: str, results: dict[str, Any], parameters: Sequence[dict[str, Any]] = (_IF_MATCH, _ONCE)
) -> dict[str, Any]:
    responses = {status: _content(schema, written=True) if schema else _nothing() for status, schema in results.items()}
    if "201" in responses:
        responses["201"]["links"] = _LINKS[name]
    operation = _operation(name, list(parameters), responses, _WRITE_ERRORS)
    schema = {"schema": {"$ref": f"#/components/schemas/{form}"}}
    # The body may also be msgpack with the same maps; the document describes only JSON.
    operation["requestBody"] = {"required": form != "RetractionForm", "content": {JSON[0]: schema}}
    operation["description"] = f"The body may also be {MSGPACK[0]} with the same fields."
    return operation


def _content(schema: dict[str, Any], *, written: bool = False) -> dict[str, Any]:
    headers = {"ETag": {"description": "The version of the item.", "schema": {"type": "string"}}}
    if written:
        cursor = "The cursor of this write: a reader at this cursor or a later one has it."
        headers["Stoppress-Cursor"] = {"description": cursor, "schema": {"type": "string"}}
    return {"description": "Done.", "headers": headers, "content": {JSON[0]: {"schema": schema}}}


def _list(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    page = {
        "type": "object",
        "required": [name],
        "properties": {
            name: {"type": "array", "items": schema},
            "next": {"type": "string", "description": "The address of the next page, if there is one."},
        },
    }
    return {"description": "Done.", "content": {JSON[0]: {"schema": page}}}


def _nothing() -> dict[str, Any]:
    return {"description": "Done. The response has no content."}
