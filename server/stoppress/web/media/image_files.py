"""`GET /blogs/{blog}/media/{name}`: the files of images, for everybody who may read the blog."""

from __future__ import annotations

from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from stoppress.errors import NotFound
from stoppress.media.library import MediaLibrary
from stoppress.media.names import content_type, is_file_name
from stoppress.web.gate.gate import Gate
from stoppress.web.negotiation import Wanted
from stoppress.web.security import FILE_HEADERS

MAX_AGE_SECONDS = 24 * 3600
"""The content at an address never changes, but a retraction deletes it, and nobody can reach into browsers' caches."""


class MediaNotFound(NotFound):
    def __init__(self, blog: str, name: str) -> None:
        super().__init__(f"Blog {blog[:100]!r} has no image {name[:100]!r}. Images go with the entry that shows them.")


class ImageFiles:
    """The handler of files."""

    def __init__(self, gate: Gate, library: MediaLibrary) -> None:
        self._gate = gate
        self._library = library

    def routes(self) -> list[Route]:
        return [Route("/blogs/{blog}/media/{name}", self.file, methods=["GET"])]

    async def file(self, request: Request) -> Response:
        """Answer with a file, piece by piece; 304 if the client has it."""
        blog, name = request.path_params["blog"], request.path_params["name"]
        await self._gate.hub(request, blog)
        if not is_file_name(name):
            raise MediaNotFound(blog, name)
        headers = _headers(blog, name)
        is_known = Wanted(request.headers).has(headers["etag"])
        if request.method == "HEAD" or is_known:
            size = _found(await self._library.size(blog, name), blog, name)
            return Response(None, 304, headers) if is_known else Response(None, 200, _with_size(headers, size))
        found = _found(await self._library.open(blog, name), blog, name)
        return StreamingResponse(found.pieces, 200, _with_size(headers, found.size))


_T = TypeVar("_T")


def _found(value: _T | None, blog: str, name: str) -> _T:
    if value is None:
        raise MediaNotFound(blog, name)
    return value


def _with_size(headers: dict[str, str], size: int) -> dict[str, str]:
    return {**headers, "content-length": str(size)}


def _headers(blog: str, name: str) -> dict[str, str]:
    """Return the headers of a file of a public blog. The gate takes caches and other origins off for private ones."""
    tag = f"stoppress-{blog}"
    return {
        **FILE_HEADERS,
        "content-type": content_type(name),
        "cache-control": f"public, max-age={MAX_AGE_SECONDS}, immutable",
        "etag": f'"{name}"',
        "cache-tag": tag,
        "surrogate-key": tag,
    }
