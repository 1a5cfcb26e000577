"""How an error is told: to people as a page, to programs as a problem, which is readable where a blog is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from stoppress.errors import StoppressError
from stoppress.web.negotiation import prefers_html
from stoppress.web.pages.layout import Layout
from stoppress.web.problems import on_bug, on_error, on_http_exception
from stoppress.web.security import HTML_HEADERS, READABLE

SAID = {
    400: ("Wrong address", "the address of this page is not right"),
    404: ("Page not found", "this page does not exist, or it is gone"),
    429: ("Too many requests", "too much comes from where you are: try again in a moment"),
    503: ("Not available just now", "this page cannot be shown just now: try again in a moment"),
}
"""What readers are told, by status: the title and a sentence. What programs are told is for those who write them."""

OTHERWISE = ("Something went wrong", "this page cannot be shown")


class ErrorPages:
    """The exception handlers.

    Args:
        layout: makes pages.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def handlers(self) -> Mapping[Any, Callable[..., Any]]:
        return {StoppressError: self.error, HTTPException: self.http_exception, Exception: self.bug}

    async def error(self, request: Request, error: Exception) -> Response:
        return self._told(request, await on_error(request, error))

    async def http_exception(self, request: Request, error: Exception) -> Response:
        return self._told(request, await on_http_exception(request, error))

    async def bug(self, request: Request, error: Exception) -> Response:
        return self._told(request, await on_bug(request, error))

    def _told(self, request: Request, problem: Response) -> Response:
        path = request.url.path
        if path.startswith("/api/"):
            return problem
        if request.method in ("GET", "HEAD") and prefers_html(request.headers):
            answer = self._page(problem)
        else:
            answer = problem
            if path.startswith("/blogs/"):
                answer.headers.update(READABLE)
        answer.headers.add_vary_header("accept")
        return answer

    def _page(self, problem: Response) -> Response:
        title, detail = SAID.get(problem.status_code, OTHERWISE)
        html = self._layout.render("problem.html", title=title, detail=detail)
        kept = {name: value for name, value in problem.headers.items() if not name.startswith("content-")}
        return Response(html, problem.status_code, {**kept, **HTML_HEADERS}, media_type="text/html")
