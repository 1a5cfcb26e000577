"""The OpenAPI 3.1 description of the editors' API, and an HTML page of it.

`openapi.json` describes the operations. In it, `$shared` stands for a part that several have in common, and `$errors`
lists error responses. The types that decode requests give the schemas.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
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
from stoppress.web.pages.assets import Assets
from stoppress.web.security import HTML_HEADERS


class OpenAPI:
    """The handlers of the OpenAPI document and its HTML page."""

    def routes(self) -> list[Route]:
        return [
            Route("/api/openapi.json", self.document, methods=["GET"]),
            Route("/api/docs", self.page, methods=["GET"]),
        ]

    async def document(self, _request: Request) -> Response:
        return Response(msgspec.json.encode(_description()), media_type="application/json")

    async def page(self, _request: Request) -> Response:
        environment = Environment(loader=PackageLoader("stoppress.web.pages"), autoescape=True)
        html = environment.get_template("api.html").render(api=_description(), style_sheet=Assets().style_sheet)
        return Response(html, 200, HTML_HEADERS, media_type="text/html")


@cache
def _description() -> dict[str, Any]:
    document = json.loads(Path(__file__).with_name("openapi.json").read_text(encoding="utf-8"))
    shared = document.pop("$shared") | {
        "blog_name": {"type": "string", "pattern": BLOG_NAME},
        "position": {"type": "string", "pattern": POSITION},
        "status": {"enum": STATUSES},
    }
    _, schemas = msgspec.json.schema_components(
        (EntryForm, HeaderForm, RetractionForm, StoredEntry, Header), ref_template="#/components/schemas/{name}"
    )
    document["info"]["version"] = __version__
    document["components"]["schemas"] = schemas | document["components"]["schemas"]
    expanded: dict[str, Any] = _expand(document, shared)
    return expanded


def _expand(part: Any, shared: dict[str, Any]) -> Any:
    if isinstance(part, list):
        return [_expand(item, shared) for item in part]
    if not isinstance(part, dict):
        return part
    common = _expand(shared[part["$shared"]], shared) if "$shared" in part else {}
    own = {name: _expand(value, shared) for name, value in part.items() if name not in ("$shared", "$errors")}
    return {**common, **own, **{status: _expand(shared[status], shared) for status in part.get("$errors", ())}}
