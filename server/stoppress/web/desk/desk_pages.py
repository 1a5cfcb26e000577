"""The pages of the desk: signing in, the list of blogs, a blog, its settings, and the webhooks.

A page holds nothing that needs a token against forgery. Its script asks `GET /api/session` for that, and reads and
writes blogs through `/api/...` alone.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from stoppress.access.identity import Identity
from stoppress.access.roles import may, require
from stoppress.errors import StoppressError
from stoppress.newsroom.blogs import Blogs
from stoppress.newsroom.catalogue import Catalogue
from stoppress.web.desk.blog_list import BlogList
from stoppress.web.desk.desk_templates import DeskTemplates
from stoppress.web.editors.auth import Authentication
from stoppress.web.editors.resource import unstored
from stoppress.web.pages.assets import Assets
from stoppress.web.problems import HTTPError, problem_of
from stoppress.web.security import DESK_HEADERS
from stoppress.web.validation import check_query

_HOME, _SIGN_IN = "/desk", "/desk/sign-in"

_MAX_NEXT_CHARACTERS = 500

_MESSAGES = {
    400: ("Wrong address", "The address of this page is not valid."),
    403: ("No access", "You may not see this."),
    404: ("Not found", "There is no such blog. It may have been deleted."),
    429: ("Too many requests", "Too many requests from your network. Try again shortly."),
    503: ("Temporarily unavailable", "The store cannot be reached. Try again shortly."),
}

_Handler = Callable[..., Awaitable[Response]]


class DeskOptions(NamedTuple):
    """What the pages say about the server."""

    has_openid: bool
    """Whether people can sign in with an OpenID provider."""
    undo_seconds: float
    """For how many seconds a publication can be taken back before it leaves; 0: never."""


class DeskPages:
    """The handlers.

    Args:
        authentication: finds out who asks.
        blogs: reads the header of a blog.
        catalogue: the headers of all blogs.
        assets: the files that pages load.
        options: what the pages say about the server.
    """

    def __init__(
        self, authentication: Authentication, blogs: Blogs, catalogue: Catalogue, assets: Assets, options: DeskOptions
    ) -> None:
        self._authentication = authentication
        self._blogs = blogs
        self._list = BlogList(catalogue)
        self._templates = DeskTemplates(assets)
        self._options = options

    def routes(self) -> list[Route]:
        pages: Mapping[str, _Handler] = {
            _SIGN_IN: self.sign_in,
            _HOME: self._for_people(self.blogs),
            "/desk/blogs/{blog}": self._for_people(self.blog),
            "/desk/blogs/{blog}/settings": self._for_people(self.settings),
            "/desk/webhooks": self._for_people(self.webhooks),
        }
        return [Route(path, handler, methods=["GET"]) for path, handler in pages.items()]

    async def sign_in(self, request: Request) -> Response:
        """Answer with the page to sign in on. It leads people who have a session to where they wanted to go."""
        address = _own_address(request.query_params.get("next", ""))
        try:
            await self._authentication.identify(request)
        except StoppressError as error:
            answer = self._page("sign-in.html", next=address, has_openid=self._options.has_openid)
            _copy_cookie(error, answer)
            return answer
        return unstored(RedirectResponse(address, 303))

    async def blogs(self, request: Request, who: Identity) -> Response:
        """Answer with the blogs that somebody may work on, or with those that a search finds."""
        check_query(request, "q", "page")
        found = await self._list.find(request, who)
        rights = {action: may(who, action) for action in ("create_blog", "read_webhooks")}
        return self._page("blogs.html", who=who, rights=rights, **found._asdict())

    async def blog(self, request: Request, who: Identity, blog: str) -> Response:
        """Answer with the desk of a blog. Its script fills the timeline."""
        return await self._of_blog("blog.html", who, blog)

    async def settings(self, request: Request, who: Identity, blog: str) -> Response:
        """Answer with the form that runs a blog."""
        require(who, "change_blog", blog)
        return await self._of_blog("settings.html", who, blog)

    async def webhooks(self, request: Request, who: Identity) -> Response:
        """Answer with the page of webhooks. Its script fills it."""
        require(who, "read_webhooks")
        return self._page("webhooks.html", who=who)

    async def _of_blog(self, template: str, who: Identity, blog: str) -> Response:
        require(who, "read_blogs", blog)
        header, version = await self._blogs.get(blog)
        rights = {action: may(who, action, blog) for action in ("publish", "change_blog", "change_access")}
        values: dict[str, Any] = {"header": header, "version": version, "rights": rights}
        return self._page(template, who=who, undo_seconds=self._options.undo_seconds, **values)

    def _for_people(self, handler: _Handler) -> _Handler:
        """Return a handler that finds out who asks, leads strangers to sign in, and shows errors as pages."""

        @functools.wraps(handler)
        async def answer(request: Request) -> Response:
            try:
                who = await self._authentication.identify(request)
                require(who, "read_blogs")
                return await handler(request, who, **request.path_params)
            except StoppressError as error:
                return self._failed(request, error)

        return answer

    def _failed(self, request: Request, error: StoppressError) -> Response:
        status = problem_of(request, error).status_code
        if status == 401:
            wanted = quote(request.url.path) + (f"?{request.url.query}" if request.url.query else "")
            answer = unstored(RedirectResponse(f"{_SIGN_IN}?{urlencode({'next': wanted})}", 303))
            _copy_cookie(error, answer)
            return answer
        title, detail = _MESSAGES.get(status, ("Something went wrong", "This page cannot be shown."))
        if status == 403:
            detail = str(error)
        who = getattr(request.state, "who", None)
        answer = self._page("problem.html", who=who, title=title, detail=detail)
        answer.status_code = status
        return answer

    def _page(self, template: str, **values: object) -> Response:
        return unstored(Response(self._templates.render(template, **values), headers=DESK_HEADERS))


def _own_address(address: str) -> str:
    """Return an address of the desk; its first page for every other address, so that nobody is led elsewhere."""
    is_own = address == _HOME or address.startswith((f"{_HOME}/", f"{_HOME}?"))
    is_plain = address.isascii() and address.isprintable() and not set(address) & set('\\ "<>') and "//" not in address
    is_page = is_own and is_plain and not address.startswith(_SIGN_IN) and ".." not in address
    return address if is_page and len(address) <= _MAX_NEXT_CHARACTERS else _HOME


def _copy_cookie(error: StoppressError, answer: Response) -> None:
    """Take the cookie of a session that has ended from the browser."""
    if isinstance(error, HTTPError) and "set-cookie" in error.headers:
        answer.headers["set-cookie"] = error.headers["set-cookie"]
