"""Errors as problem details (RFC 9457). Only this module maps errors to HTTP statuses."""

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

_RETRY_AFTER_SECONDS = 1


class HTTPError(StoppressError):
    """An error with an HTTP status of its own: body too large, wrong type, not authorised."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = dict(headers or {})


def _problem(status: int, detail: str, headers: Mapping[str, str] | None = None, **members: Any) -> Response:
    """Return a problem+json response; `detail` is one or more sentences that say what happened and what to do."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **members,
    }
    return Response(msgspec.json.encode(body), status, headers, media_type="application/problem+json")


def unavailable(detail: str, retry_after: str) -> bytes:
    """Return the bytes of a 503 response, for a connection that is closed before its request is read."""
    body = msgspec.json.encode({"type": "about:blank", "title": "Service Unavailable", "status": 503, "detail": detail})
    head = (
        "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nCache-Control: no-store\r\n"
        f"Content-Type: application/problem+json\r\nContent-Length: {len(body)}\r\nRetry-After: {retry_after}\r\n\r\n"
    )
    return head.encode() + body


def problem_of(request: Request, error: Exception) -> Response:
    """Return the problem details of any exception. One that is not ours or Starlette's is a bug, which is logged."""
    if isinstance(error, HTTPException):
        return _of_starlette(request, error)
    if isinstance(error, StoppressError):
        return _of_stoppress(error)
    return _problem(500, "Internal server error; see the server log.")


def _of_stoppress(error: StoppressError) -> Response:
    match error:
        case HTTPError(status=status, headers=headers):
            return _problem(status, str(error), headers)
        case PreconditionFailed(current=current, version=version):
            kind = "entry" if hasattr(current, "id") else "header"
            etag = {"etag": f'"{version}"'} if version else {}
            return _problem(412, str(error), etag, **({kind: current} if current is not None else {}))
        case StoreUnavailable():
            return _problem(503, str(error), {"retry-after": str(_RETRY_AFTER_SECONDS)})
        case BadInput(field=field):
            members: dict[str, Any] = {} if field is None else {"field": field}
            return _problem(_bad_input_status(error), str(error), None, **members)
    return _problem(404 if isinstance(error, NotFound) else 409 if isinstance(error, Conflict) else 500, str(error))


def _bad_input_status(error: BadInput) -> int:
    return (
        400
        if isinstance(error, MalformedCursor) or error.field in ("limit", "before", "after", "page", "wait", "view")
        else 422
    )


def _of_starlette(request: Request, error: HTTPException) -> Response:
    """Return the problem details of an unknown address or a wrong method."""
    detail = error.detail
    if error.status_code == 404:
        detail = f"There is nothing at {request.url.path[:200]}. Check the address."
    elif error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "other methods")
        detail = f"Method {request.method[:20]} is not allowed here. Use {allowed}."
    return _problem(error.status_code, detail, error.headers)
