"""What comes in with editors' requests, decoded strictly, and what goes out, in the encoding that was asked for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Container, Mapping
from typing import Any, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from stoppress.errors import BadInput
from stoppress.newsroom.commits import Request as WriteRequest
from stoppress.store.port import Once
from stoppress.web.editors.auth import Key
from stoppress.web.negotiation import prefers
from stoppress.web.problems import HTTPError

MAX_BODY = 256 * 1024
"""Bytes of a request's body."""

MAX_DISCARDED = 16 * 1024 * 1024
"""Bytes of a body that is too large which are read nevertheless: who is still sending does not hear an answer."""

JSON = ("application/json", "application/merge-patch+json")
MSGPACK = ("application/msgpack", "application/x-msgpack", "application/vnd.msgpack")

EVERY_VERSION = range(1, 10**15)
"""What `If-Match: *` is for: the item, if it exists (RFC 9110, section 13.1.1)."""

_T = TypeVar("_T")


async def read_body(request: Request) -> bytes:
    """The whole body.

    Raises:
        HTTPError: 413 for one that is too large, 400 for one that ends early.
    """
    announced = request.headers.get("content-length", "0")
    size = int(announced) if announced.isdecimal() else 0
    asks_first = "expect" in request.headers
    if size <= (MAX_BODY if asks_first else MAX_DISCARDED):
        size = 0
        pieces: list[bytes] = []
        try:
            async for piece in request.stream():
                size += len(piece)
                if size > MAX_DISCARDED:
                    break
                if size <= MAX_BODY:
                    pieces.append(piece)
        except ClientDisconnect:
            raise HTTPError(400, "the body ended early") from None
        if size <= MAX_BODY:
            return b"".join(pieces)
    limit = f"the body is larger than {MAX_BODY} bytes: put large things into `media` by their address"
    raise HTTPError(413, limit, {"connection": "close"})


def decode(request: Request, body: bytes, form: type[_T]) -> _T:
    """A body as the form that is expected.

    Raises:
        HTTPError: 415 for a type that is not understood, 400 for bytes that are not what they say they are.
        BadInput: a field is unknown, or has the wrong type or size.
    """
    kind = _kind(request)
    if not body and (not kind or request.method == "DELETE"):  # clients send the type without a body, too
        body, kind = b"{}", JSON[0]
    if kind not in JSON + MSGPACK:
        raise HTTPError(
            415, f"Content-Type {kind[:80]!r} is not understood: send application/json or application/msgpack"
        )
    decoder = msgspec.json.decode if kind in JSON else msgspec.msgpack.decode
    try:
        return decoder(body, type=form)
    except msgspec.ValidationError as error:
        field = re.search(r"at `\$\.?([^`]*)`$", str(error))
        unknown = re.search(r"unknown field `([^`]*)`", str(error))
        name = unknown[1] if unknown else field[1] if field else None
        raise BadInput(str(error), name) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise HTTPError(400, f"the body is not valid {kind}: {error}") from None
    except (ValueError, OverflowError) as error:  # a msgpack timestamp that is no date
        raise BadInput(f"the body has a value that is out of range: {error}") from None


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def write_request(request: Request, key: Key, body: bytes) -> WriteRequest:
    """The conditions of a write, from its headers.

    Raises:
        HTTPError: 400, a header is malformed.
    """
    return WriteRequest(_if_match(request), _once(request, key, body))


def _if_match(request: Request) -> Container[int] | None:
    header = request.headers.get("if-match")
    if header is None:
        return None
    if header.strip() == "*":
        return EVERY_VERSION
    tags = [tag.strip() for tag in header.split(",")]
    if not all(re.fullmatch(r'(W/)?"[^"]*"', tag) for tag in tags):
        raise HTTPError(400, 'If-Match is malformed: send the ETag you were given, with its quotes, as in "3"')
    return frozenset(int(tag[1:-1]) for tag in tags if re.fullmatch(r'"[1-9][0-9]{0,14}"', tag))


def _once(request: Request, key: Key, body: bytes) -> Once | None:
    header = request.headers.get("idempotency-key")
    if header is None:
        return None
    if not re.fullmatch(r"[\x21-\x7e][\x20-\x7e]{0,254}", header):
        raise HTTPError(400, "Idempotency-Key must be 1 to 255 printable ASCII characters")
    parts = (request.method, request.url.path, _kind(request))
    digest = hashlib.sha256("\0".join(parts).encode() + b"\0" + body).hexdigest()
    return Once(f"{key.name}:{header}", digest)


def answer(request: Request, content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A value in JSON, or in msgpack if the request prefers it."""
    if prefers(request.headers, MSGPACK, JSON[0]):
        return Response(msgspec.msgpack.encode(content), status, headers, media_type=MSGPACK[0])
    return Response(msgspec.json.encode(content), status, headers, media_type=JSON[0])


def number(request: Request, name: str, default: int, most: int) -> int:
    """A whole number from the query, 1 to `most`. Raises `BadInput`."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= most:
        raise BadInput(f"`{name}` must be a whole number from 1 to {most}", name)
    return int(text)
