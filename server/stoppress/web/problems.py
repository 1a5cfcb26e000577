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
    BadQuery,
    Conflict,
    NotFound,
    PreconditionFailed,
    StoppressError,
    StoreUnavailable,
)

_TITLES = {413: "Content Too Large", 414: "URI Too Long", 416: "Range Not Satisfiable", 422: "Unprocessable Content"}
"""Names of RFC 9110 where those of Python differ by its version."""


class HTTPError(StoppressError):
    """An error with an HTTP status of its own: body too large, wrong type, not authorised."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = dict(headers or {})

    def as_bytes(self) -> bytes:
        """Return the whole response, for a connection that is closed before its request gets to the application."""
        answer = _problem(self.status, str(self), self.headers | {"connection": "close", "cache-control": "no-store"})
        status = f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}".encode()
        lines = [status, *(name + b": " + value for name, value in answer.raw_headers), b"", bytes(answer.body)]
        return b"\r\n".join(lines)


def problem_of(request: Request, error: Exception) -> Response:
    """Return the problem details of any exception. One that is not ours or Starlette's is a bug, which is logged."""
    detail = str(error)
    match error:
        case HTTPException():
            return _of_starlette(request, error)
        case HTTPError():
            return _problem(error.status, detail, error.headers)
        case PreconditionFailed(current=current, version=version):
            kind = "entry" if hasattr(current, "id") else "header"
            etag = {"etag": f'"{version}"'} if version else {}
            return _problem(412, detail, etag, **({kind: current} if current is not None else {}))
        case StoreUnavailable():
            return _problem(503, detail, {"retry-after": "1"})
        case BadInput(field=field):
            status = 400 if isinstance(error, BadQuery) else 422
            return _problem(status, detail, None, **({} if field is None else {"field": field}))
        case NotFound():
            return _problem(404, detail)
        case Conflict():
            return _problem(409, detail)
    return _problem(500, "Internal server error; see the server log.")


def _problem(status: int, detail: str, headers: Mapping[str, str] | None = None, **members: Any) -> Response:
    title = _TITLES.get(status) or HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **members}
    return Response(msgspec.json.encode(body), status, headers, media_type="application/problem+json")


def _of_starlette(request: Request, error: HTTPException) -> Response:
    """Return the problem details of an unknown address or a wrong method."""
    detail = error.detail
    if error.status_code == 404:
        detail = f"There is nothing at {request.url.path[:200]}. Check the address."
    elif error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "other methods")
        detail = f"Method {request.method[:20]} is not allowed here. Use {allowed}."
    return _problem(error.status_code, detail, error.headers)
