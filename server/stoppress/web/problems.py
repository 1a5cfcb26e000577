"""Errors as RFC 9457 problem details. The only place that knows which error has which status."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from stoppress.errors import (
    BadInput,
    Conflict,
    MalformedCursor,
    NotFound,
    PreconditionFailed,
    StoppressError,
    StoreUnavailable,
)

RETRY_AFTER_SECONDS = 1


class HTTPError(StoppressError):
    """A request that HTTP itself gives a status for: too large, wrong type, not authorised."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = dict(headers or {})


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None, **members: Any) -> Response:
    """A problem+json response; `detail` says what happened and what to do."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **members,
    }
    return Response(msgspec.json.encode(body), status, headers, media_type="application/problem+json")


def unavailable(detail: str, retry_after: str) -> bytes:
    """A whole 503 for a connection that no request was read from, or will be."""
    body = msgspec.json.encode({"type": "about:blank", "title": "Service Unavailable", "status": 503, "detail": detail})
    head = (
        "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nCache-Control: no-store\r\n"
        f"Content-Type: application/problem+json\r\nContent-Length: {len(body)}\r\nRetry-After: {retry_after}\r\n\r\n"
    )
    return head.encode() + body


async def on_error(_request: Request, error: Exception) -> Response:
    """Starlette's exception handler for `StoppressError`."""
    match error:
        case HTTPError(status=status, headers=headers):
            return problem(status, str(error), headers)
        case PreconditionFailed(current=current, version=version):
            kind = "entry" if hasattr(current, "id") else "header"
            etag = {"etag": f'"{version}"'} if version else {}
            return problem(412, str(error), etag, **({kind: current} if current is not None else {}))
        case StoreUnavailable():
            return problem(503, str(error), {"retry-after": str(RETRY_AFTER_SECONDS)})
        case BadInput(field=field):
            members: dict[str, Any] = {} if field is None else {"field": field}
            return problem(_bad_input_status(error), str(error), None, **members)
    return problem(404 if isinstance(error, NotFound) else 409 if isinstance(error, Conflict) else 500, str(error))


def _bad_input_status(error: BadInput) -> int:
    return (
        400
        if isinstance(error, MalformedCursor) or error.field in ("limit", "before", "after", "page", "wait", "view")
        else 422
    )


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Starlette's own errors: no such address, no such method."""
    assert isinstance(error, HTTPException)
    detail = error.detail
    if error.status_code == 404:
        detail = f"there is nothing at {request.url.path[:200]}"
    elif error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "other methods")
        detail = f"{request.method[:20]} is not possible here, only {allowed}"
    return problem(error.status_code, detail, error.headers)


async def on_bug(_request: Request, _error: Exception) -> Response:
    """What is nobody's mistake but ours; Starlette's server logs the traceback."""
    return problem(500, "the server made a mistake: its log says which")
