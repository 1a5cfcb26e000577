"""Pages for browsers, whole without JavaScript: a blog, one of its entries, and the list of blogs."""

from __future__ import annotations

from email.utils import formatdate
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from stoppress import __version__
from stoppress.follower import Follower
from stoppress.live.items import PublicItem, parse_place
from stoppress.live.replica import Replica
from stoppress.newsroom.blogs import Blogs
from stoppress.web.assets import Assets
from stoppress.web.embeds import HOSTS, frame_of
from stoppress.web.texts import around, texts_of

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' http: https:; media-src http: https:; base-uri 'none'; form-action 'none'; "
        f"frame-src {HOSTS}; require-trusted-types-for 'script'; trusted-types stoppress"
    ),
    "referrer-policy": "strict-origin-when-cross-origin",
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache",
}

LISTED = 500
"""Blogs on the list."""

KEY_EVENTS = 10
"""Entries in a page's summary."""


class _Revalidated(StaticFiles):
    """Files that browsers ask about each time: a page must never mix modules of two versions."""

    def file_response(self, *arguments: Any, **options: Any) -> Response:
        response = super().file_response(*arguments, **options)
        response.headers["cache-control"] = "no-cache"
        response.headers["access-control-allow-origin"] = "*"  # for elements in other sites' pages
        return response


class Pages:
    """The handlers.

    Args:
        follower: knows the blogs.
        blogs: lists them.
        newest: entries on a page.
    """

    def __init__(self, follower: Follower, blogs: Blogs, newest: int) -> None:
        self._follower = follower
        self._blogs = blogs
        self._newest = newest
        self._assets = Assets()
        self._templates = Environment(
            loader=PackageLoader("stoppress.web"), autoescape=True, trim_blocks=True, lstrip_blocks=True
        )
        self._templates.globals |= {
            "around": around,
            "assets": self._assets,
            "frame_of": frame_of,
            "texts_of": texts_of,
        }

    def routes(self) -> list[Route | Mount]:
        static = Path(__file__).parent / "static"
        return [
            Route("/", self.index, methods=["GET"]),
            Route("/blogs/{blog}", self.blog, methods=["GET"]),
            self._assets.mount(),
            Mount("/static", _Revalidated(directory=static), name="static"),
        ]

    async def index(self, _request: Request) -> Response:
        """The blogs of this server."""
        return self._page("index.html", blogs=await self._blogs.list_after("", LISTED))

    async def blog(self, request: Request) -> Response:
        """A blog's newest entries, or with `before` a page further down."""
        before = request.query_params.get("before")
        place = None if before is None else parse_place(before)
        hub = await self._follower.hub(request.path_params["blog"])
        entries, older = hub.replica.page(place, self._newest)
        return self._blog_page(request, hub.replica, entries, older, newest=place is None)

    def at_entry(self, request: Request, replica: Replica, entry: PublicItem) -> Response:
        """The page that begins with an entry, or the newest page if it is on that."""
        entries, older = replica.page(None, self._newest)
        newest = entry in entries
        if not newest:
            further, older = replica.page(entry.place, self._newest - 1)
            entries = [entry, *further]
        return self._blog_page(request, replica, entries, older, newest=newest, at=entry.id)

    def _blog_page(
        self,
        request: Request,
        replica: Replica,
        entries: list[PublicItem],
        older: str | None,
        *,
        newest: bool,
        at: str | None = None,
    ) -> Response:
        etag = f'"{replica.cursor}-{__version__}"'  # another version may have another template
        if etag in request.headers.get("if-none-match", ""):
            return Response(None, 304, {**HEADERS, "etag": etag, "vary": "accept"})
        header = replica.header
        pinned = replica.entry(header.pinned) if header and header.pinned and newest else None
        return self._page(
            "blog.html",
            {"etag": etag, "vary": "accept", "last-modified": formatdate(usegmt=True)},
            blog=replica.blog,
            header=header,
            pinned=pinned.content if pinned else None,
            entries=[entry.content for entry in entries],
            cursor=str(replica.cursor),
            older=older and older.replace("/entries?", "?"),
            newest=newest,
            at=at,
            key_events=[entry.content for entry in replica.key_events(KEY_EVENTS)] if newest else [],
        )

    def _page(self, template: str, headers: dict[str, str] | None = None, **values: object) -> Response:
        html = self._templates.get_template(template).render(**values)
        return Response(html, 200, {**HEADERS, **(headers or {})}, media_type="text/html")
