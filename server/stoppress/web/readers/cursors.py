"""Cursors in requests, and answers that caches may keep, for all surfaces of readers."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from stoppress.model import Cursor
from stoppress.web.negotiation import Wanted
from stoppress.web.security import READABLE


def cursor_of(request: Request) -> Cursor | None:
    """Read `since` from the query; None if it is not there. Raises `MalformedCursor`."""
    text = request.query_params.get("since")
    return None if text is None else Cursor.parse(text)


def etag_of(cursor: Cursor) -> str:
    return f'"{cursor}"'


def cacheable(request: Request, body: bytes, cursor: Cursor, cache_control: str) -> Response:
    etag = etag_of(cursor)
    headers = {**READABLE, "etag": etag, "cache-control": cache_control, "vary": "accept"}
    if Wanted(request.headers).has(etag):
        return Response(None, 304, headers)
    return Response(body, 200, headers, media_type="application/json")
