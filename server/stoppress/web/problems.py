"""Errors as problem details (RFC 9457). Only this module maps errors to HTTP statuses."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from stoppress.errors import (
    BadInput,
    BadQuery,
    Conflict,
    DraftTakenOver,
    Forbidden,
    NoMediaStorage,
    NotFound,
    NotNow,
    PreconditionFailed,
    StoppressError,
    StoreUnavailable,
    TokenNeeded,
    UploadTooLarge,
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
        headers = self.headers | {"connection": "close", "cache-control": "no-store"}
        answer = _response(Problem(self.status, str(self), headers))
        status = f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}".encode()
        lines = [status, *(name + b": " + value for name, value in answer.raw_headers), b"", bytes(answer.body)]
        return b"\r\n".join(lines)


class Problem(NamedTuple):
    """An error as clients see it: its status, its `detail`, headers of the response, and further members."""

    status: int
    detail: str
    headers: Mapping[str, str] = {}
    members: Mapping[str, Any] = {}

    @classmethod
    def of(cls, error: Exception) -> Problem:
        """Return the problem that an exception is. One that is not ours is a bug, and says nothing about itself."""
        detail = str(error)
        match error:
            case HTTPError():
                return cls(error.status, detail, error.headers)
            case PreconditionFailed(current=current, version=version):
                kind = "entry" if hasattr(current, "id") else "header"
                etag = {"etag": f'"{version}"'} if version else {}
                return cls(412, detail, etag, {kind: current} if current is not None else {})
            case NotNow() | StoreUnavailable():
                return cls(503, detail, {"retry-after": "1"})
            case NoMediaStorage():
                return cls(501, detail)
            case UploadTooLarge(field=field):
                return cls(413, detail, {"connection": "close"}, {"field": field})
            case BadInput(field=field):
                status = 400 if isinstance(error, BadQuery) else 422
                return cls(status, detail, members={} if field is None else {"field": field})
            case TokenNeeded(reason=reason):
                error_word = f', error="{reason}"' if reason else ""
                return cls(401, detail, {"www-authenticate": f'Bearer realm="stoppress"{error_word}'})
            case Forbidden():
                return cls(403, detail)
            case NotFound():
                return cls(404, detail)
            case DraftTakenOver(draft=draft, epoch=epoch):
                return cls(409, detail, members={"draft": draft, "epoch": epoch})
            case Conflict():
                return cls(409, detail)
        return cls(500, "Internal server error; see the server log.")

    def document(self) -> dict[str, Any]:
        """Return the members of the problem details."""
        title = _TITLES.get(self.status) or HTTPStatus(self.status).phrase
        return {"type": "about:blank", "title": title, "status": self.status, "detail": self.detail, **self.members}


def problem_of(request: Request, error: Exception) -> Response:
    """Return the problem details of any exception. One that is not ours or Starlette's is a bug, which is logged."""
    return _response(_of_starlette(request, error) if isinstance(error, HTTPException) else Problem.of(error))


def _response(problem: Problem) -> Response:
    body = msgspec.json.encode(problem.document())
    return Response(body, problem.status, problem.headers, media_type="application/problem+json")


def _of_starlette(request: Request, error: HTTPException) -> Problem:
    """Return the problem of an unknown address or a wrong method."""
    detail = error.detail
    if error.status_code == 404:
        detail = f"There is nothing at {request.url.path[:200]}. Check the address."
    elif error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "other methods")
        detail = f"Method {request.method[:20]} is not allowed here. Use {allowed}."
    return Problem(error.status_code, detail, error.headers or {})
