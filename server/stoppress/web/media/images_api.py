"""`POST /api/blogs/{blog}/media`: the raw bytes of an image in, the image for an entry or a header out."""

from __future__ import annotations

import re

from msgspec import Struct
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress.errors import BadQuery, ImageRejected, UploadTooLarge
from stoppress.media.containers import TYPES, kind_of
from stoppress.media.library import Focus, MediaLibrary
from stoppress.media.limits import MAX_UPLOAD_BYTES
from stoppress.media.uploads import Upload
from stoppress.model import Media
from stoppress.web.editors.auth import Authentication
from stoppress.web.editors.resource import Resource, answered
from stoppress.web.editors.write_limit import WriteLimit
from stoppress.web.problems import HTTPError
from stoppress.web.validation import check_query

_MAX_DISCARDED_BYTES = 2 * MAX_UPLOAD_BYTES
"""Bytes of a too large body to read and discard: a client does not read an answer before it has sent its body."""

_SHARE = r"(0|1|0?\.[0-9]{1,6}|1\.0{1,6})"

_NO_SVG = "An SVG may contain scripts, so the server does not take it. Save the picture as a PNG."


class Uploaded(Struct):
    """The answer to an upload."""

    media: Media
    """The image as an item of an entry's `media`, or as the `image` of a header. Add `alt`, `caption` and `credit`."""


class ImagesApi:
    """The handler of uploads."""

    def __init__(self, authentication: Authentication, library: MediaLibrary, limit: WriteLimit) -> None:
        self._authentication = authentication
        self._library = library
        self._limit = limit

    def routes(self) -> list[Route]:
        handlers = {"POST": ("write_draft", self.upload)}
        resource = Resource(self._authentication, self._limit, (), handlers)  # type: ignore[arg-type]  # a literal
        return [resource.route("/api/blogs/{blog}/media")]

    async def upload(self, request: Request, blog: str) -> Response:
        """Answer 201 with the image."""
        check_query(request, "focus")
        focus = _focus(request)
        kind = _kind(request)
        with await self._library.begin(blog) as upload:
            await _receive(request, upload)
            _check_kind(kind, upload.head)
            media = await self._library.finish(blog, upload, focus)
        answer = answered(request, Uploaded(media))
        answer.status_code = 201
        answer.headers["location"] = media.url
        return answer


def _focus(request: Request) -> Focus | None:
    text = request.query_params.get("focus")
    if text is None:
        return None
    if not re.fullmatch(f"{_SHARE},{_SHARE}", text):
        raise BadQuery(f"`focus` must be two numbers from 0 to 1, as in 0.5,0.25; got {text[:80]!r}.", "focus")
    x, _, y = text.partition(",")
    return Focus(float(x), float(y))


def _kind(request: Request) -> str:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in TYPES:
        advice = _NO_SVG if kind == "image/svg+xml" else f"Send the bytes of an image as one of {', '.join(TYPES)}."
        raise HTTPError(415, f"Content-Type {kind[:80]!r} is not supported. {advice}")
    return kind


def _check_kind(kind: str, head: bytes) -> None:
    """Raise `ImageRejected` if an image is not what its Content-Type says."""
    found = kind_of(head)
    if found == kind:
        return
    if re.match(rb"(?:\xef\xbb\xbf)?\s*<(\?xml|!--|svg|!doctype svg)", head, re.IGNORECASE):
        raise ImageRejected(f"Content-Type is {kind}, but the body is XML. {_NO_SVG}")
    if not found:
        raise ImageRejected("The file is not an image that the server can read. Send a JPEG, PNG, WebP, GIF or AVIF.")
    raise ImageRejected(f"The file is {found}, but Content-Type is {kind}. Send the type that the image has.")


async def _receive(request: Request, upload: Upload) -> None:
    """Write the body into an upload.

    Raises:
        UploadTooLarge, TooManyUploads
        ImageRejected: the body is empty.
        HTTPError: 400, the body ended too early.
    """
    announced = request.headers.get("content-length", "0")
    size = int(announced) if announced.isdecimal() else 0
    if size > (MAX_UPLOAD_BYTES if "expect" in request.headers else _MAX_DISCARDED_BYTES):
        raise UploadTooLarge(MAX_UPLOAD_BYTES)
    size, is_too_large = 0, False
    try:
        async for piece in request.stream():
            size += len(piece)
            is_too_large = is_too_large or size > MAX_UPLOAD_BYTES
            if size > _MAX_DISCARDED_BYTES:
                break
            if not is_too_large:
                upload.write(piece)
    except ClientDisconnect:
        raise HTTPError(400, "The body ended before its Content-Length. Send it again.") from None
    if is_too_large:
        raise UploadTooLarge(MAX_UPLOAD_BYTES)
    if not size:
        raise ImageRejected("The body is empty. Send the bytes of an image.")
