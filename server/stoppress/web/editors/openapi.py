"""The OpenAPI 3.1 descriptions of the editors' API and of the readers' addresses, and an HTML page of both.

`openapi.json` describes the operations, `openapi_newsroom.json` those of newsrooms, and those of other rooms theirs.
In all of them, `$shared` stands for a part that several have in common, and `$errors` lists error responses. The types
that decode requests give the schemas, and `$fields` describes their fields.
"""

from __future__ import annotations

import json
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, PackageLoader
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress import __version__
from stoppress.access.key_checks import ApiKey
from stoppress.access.keys import KeyForm, NewKey
from stoppress.access.people.person import KnownPerson, PasswordForm, PersonForm
from stoppress.access.people.sessions import Session
from stoppress.model import BLOG_NAME, Entry, Header, StoredEntry, StoredHeader
from stoppress.newsroom.desk.retractions import RetractionsForm
from stoppress.newsroom.entries import POSITION, STATUSES
from stoppress.newsroom.forms import EntryForm, HeaderForm, RetractionForm
from stoppress.newsroom.imports import ImportForm
from stoppress.newsroom.past import EntryVersion
from stoppress.store.past.port import ACT_ID, Act
from stoppress.web.desk_stream.presence_api import PresenceForm
from stoppress.web.desk_stream.shown import DeskEntry
from stoppress.web.editors.previews import Preview
from stoppress.web.integrations.webhooks_api import SentAgain
from stoppress.web.media.images_api import Uploaded
from stoppress.web.pages.assets import Assets
from stoppress.web.people.sessions_api import CurrentSession, SignInForm
from stoppress.web.security import HTML_HEADERS
from stoppress.web.site import Sites
from stoppress.web.validation import PATTERNS
from stoppress.webhooks.hook import DeadEvent, NewWebhook, WebhookForm, WebhookState

_ORIGIN = "http://ORIGIN"

_TYPES = {
    "editors": (
        *(EntryForm, ImportForm, HeaderForm, RetractionForm, RetractionsForm),
        *(StoredEntry, StoredHeader, EntryVersion, Act),
        *(KeyForm, ApiKey, NewKey, Preview, DeskEntry, PresenceForm, Uploaded),
        *(WebhookForm, NewWebhook, WebhookState, DeadEvent, SentAgain),
        *(PersonForm, PasswordForm, KnownPerson, SignInForm, CurrentSession, Session),
    ),
    "readers": (Entry, Header),
}


class OpenAPI:
    """The handlers of the OpenAPI documents and their HTML page. `sites` gives the address in its examples."""

    def __init__(self, sites: Sites) -> None:
        self._sites = sites

    def routes(self) -> list[Route]:
        return [
            Route("/api/openapi.json", self.editors, methods=["GET"]),
            Route("/api/openapi-readers.json", self.readers, methods=["GET"]),
            Route("/api/docs", self.page, methods=["GET"]),
        ]

    async def editors(self, _request: Request) -> Response:
        return Response(msgspec.json.encode(_description("editors")), media_type="application/json")

    async def readers(self, _request: Request) -> Response:
        return Response(msgspec.json.encode(_description("readers")), media_type="application/json")

    async def page(self, request: Request) -> Response:
        html = _page().replace(_ORIGIN, self._sites.of(request).origin)
        return Response(html, 200, HTML_HEADERS, media_type="text/html")


@cache
def _page() -> str:
    """Return the page for a site at `_ORIGIN`."""
    environment = Environment(loader=PackageLoader("stoppress.web.pages"), autoescape=True, trim_blocks=True)
    documents = [_description(name) for name in _TYPES]
    template, style_sheet = environment.get_template("api.html"), Assets().style_sheet
    return template.render(documents=documents, patterns=PATTERNS, curl=_curl, style_sheet=style_sheet)


def _curl(path: str, method: str, parameters: list[dict[str, Any]], operation: dict[str, Any]) -> str:
    """Return a command that sends the example of an operation."""
    address = _ORIGIN + path
    for parameter in parameters:
        address = address.replace(f"{{{parameter['name']}}}", str(parameter["example"]))
    parts = [f"curl {'' if method == 'get' else f'-X {method.upper()} '}{shlex.quote(address)}"]
    if "security" not in operation:
        parts.append('-H "Authorization: Bearer $STOPPRESS_API_KEY"')
    headers = dict(operation.get("x-curl-headers", {}))
    body = operation.get("requestBody", {}).get("content", {})
    kind = next(iter(body), "")
    if body:
        headers["Content-Type"] = kind
    parts += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in headers.items()]
    if kind == "application/json":
        parts.append(f"-d {shlex.quote(json.dumps(body[kind]['example']))}")
    elif body:
        parts.append(f"--data-binary @{body[kind]['example']}")
    return " \\\n    ".join(parts)


def _source() -> dict[str, Any]:
    """Return the description without schemas, put together from all its files."""
    here = Path(__file__)
    rooms = (here.parents[1] / room / "openapi.json" for room in ("people", "desk_stream", "media", "integrations"))
    more = (here.with_name("openapi_newsroom.json"), *rooms)
    source: dict[str, Any] = json.loads(here.with_name("openapi.json").read_text(encoding="utf-8"))
    for file in more:
        part = json.loads(file.read_text(encoding="utf-8"))
        for path, operations in part["paths"].items():
            source["editors"]["paths"].setdefault(path, {}).update(operations)
        source["readers"]["paths"] |= part.get("readers", {})
        for name in ("$shared", "$fields"):
            source[name] |= part[name]
    return source


@cache
def _description(name: str) -> dict[str, Any]:
    source = _source()
    shared = source["$shared"] | {
        "blog_name": {"type": "string", "pattern": BLOG_NAME},
        "position": {"type": "string", "pattern": POSITION},
        "status": {"enum": STATUSES},
        "act_id": {"type": "string", "pattern": f"^{ACT_ID}$"},
    }
    _, schemas = msgspec.json.schema_components(_TYPES[name], ref_template="#/components/schemas/{name}")
    document: dict[str, Any] = _expand(source[name], shared)
    document["info"]["version"] = __version__
    schemas |= document["components"]["schemas"]
    for kind, schema in schemas.items():
        for field, type_ in schema["properties"].items():
            type_["description"] = source["$fields"].get(f"{kind}.{field}") or source["$fields"][field]
    document["components"]["schemas"] = schemas
    return document


def _expand(part: Any, shared: dict[str, Any]) -> Any:
    if isinstance(part, list):
        return [_expand(item, shared) for item in part]
    if not isinstance(part, dict):
        return part
    common = _expand(shared[part["$shared"]], shared) if "$shared" in part else {}
    own = {name: _expand(value, shared) for name, value in part.items() if name not in ("$shared", "$errors")}
    return {**common, **own, **{status: _expand(shared[status], shared) for status in part.get("$errors", ())}}
