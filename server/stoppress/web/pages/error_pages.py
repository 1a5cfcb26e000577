"""Errors for people as an HTML page, for programs as problem details, which pages of other origins may read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from stoppress.errors import StoppressError
from stoppress.web.negotiation import Wanted
from stoppress.web.pages.layout import Layout
from stoppress.web.problems import problem_of
from stoppress.web.security import HTML_HEADERS, READABLE

_MESSAGES = {
    400: ("Wrong address", "The address of this page is not valid."),
    401: (
        "For readers with access",
        "This live blog is not open to everybody. Sign in on the site that led you here, then open it again.",
    ),
    403: ("No access", "Your access does not include this live blog."),
    404: ("Page not found", "This page does not exist or was removed."),
    429: ("Too many requests", "Too many requests from your network. Try again shortly."),
    503: ("Temporarily unavailable", "This page is temporarily unavailable. Try again shortly."),
}
"""The title and text of an error page, by status. Problem details have other texts, for programmers."""

_DEFAULT_MESSAGE = ("Something went wrong", "This page cannot be shown.")


def error_handlers(layout: Layout) -> dict[Any, Callable[[Request, Exception], Awaitable[Response]]]:
    """Return handlers by exception, as Starlette takes them."""

    async def handle(request: Request, error: Exception) -> Response:
        answer, path = problem_of(request, error), request.url.path
        if isinstance(error, HTTPException) and error.status_code == 404 and path != "/" and path.endswith("/"):
            return _without_slash(request)
        if path.startswith("/api/"):
            return answer
        if request.method in ("GET", "HEAD") and Wanted(request.headers).prefers_html():
            answer = _page(layout, answer)
        elif path.startswith("/blogs/"):
            answer.headers.update(READABLE)
        answer.headers.add_vary_header("accept")
        return answer

    return dict.fromkeys((StoppressError, HTTPException, Exception), handle)


def _page(layout: Layout, problem: Response) -> Response:
    title, detail = _MESSAGES.get(problem.status_code, _DEFAULT_MESSAGE)
    html = layout.render("problem.html", title=title, detail=detail)
    kept = {name: value for name, value in problem.headers.items() if not name.startswith("content-")}
    return Response(html, problem.status_code, {**kept, **HTML_HEADERS})


def _without_slash(request: Request) -> Response:
    """Redirect to the address without slashes at its end, on the host and with the scheme that the client knows."""
    query = request.scope["query_string"].decode("latin-1")
    address = "/" + quote(request.scope["path"].strip("/")) + (f"?{query}" if query else "")
    return Response(status_code=307, headers={"location": address})
