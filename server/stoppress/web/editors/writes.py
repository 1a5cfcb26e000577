"""A write as it comes in: the form in its body, and its conditions in headers.

They are `If-Match`, `If-None-Match`, `Idempotency-Key` and `Stoppress-Draft`. `inbox/` uses the same checks for
messages through Redis.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Container, Mapping
from typing import TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request

from stoppress.errors import BadInput
from stoppress.newsroom.commits import Request as WriteRequest
from stoppress.newsroom.desk.epochs import DraftEpoch
from stoppress.store.port import Once
from stoppress.web.problems import HTTPError
from stoppress.web.validation import bad_input

MAX_BODY_BYTES = 256 * 1024

_MAX_DISCARDED_BYTES = 16 * 1024 * 1024
"""Bytes of a too large body to read and discard: a client does not read an answer before it has sent its body."""

JSON = ("application/json", "application/merge-patch+json")
MSGPACK = ("application/msgpack", "application/x-msgpack", "application/vnd.msgpack")

EVERY_VERSION = range(1, 10**15)
"""The versions that `*` matches: all, if the item exists (RFC 9110, sections 13.1.1 and 13.1.2)."""

DRAFT_ID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

IDEMPOTENCY_KEY = r"[\x21-\x7e][\x20-\x7e]{0,254}"

_T = TypeVar("_T")


async def read_write(request: Request, form: type[_T]) -> tuple[_T, WriteRequest]:
    """Return the form and the conditions of an authorised request.

    Raises:
        HTTPError: 400 if a header or the body is malformed, 413 or 415 if the body is too large or of another type.
        BadInput: a field is unknown or missing, or has a wrong value.
    """
    body, arrived_at = await read_body(request), time.monotonic()
    if_match, if_none_match = _versions(request, "If-Match"), _versions(request, "If-None-Match", weak="(?:W/)?")
    once, who, origin, draft = _once(request, body), request.state.who, request.state.origin, _draft(request)
    conditions = WriteRequest(if_match, once, if_none_match or (), who, origin, draft, arrived_at)
    return _decode(request, body, form), conditions


async def read_form(request: Request, form: type[_T]) -> _T:
    """Return the form in the body of a request. Raises as `read_write` does."""
    return _decode(request, await read_body(request), form)


async def read_body(request: Request) -> bytes:
    """Return the body of a request. Raises `HTTPError`: 413, it is too large; 400, it is not complete."""
    announced = request.headers.get("content-length", "0")
    size = int(announced) if announced.isdecimal() else 0
    asks_first = "expect" in request.headers
    if size <= (MAX_BODY_BYTES if asks_first else _MAX_DISCARDED_BYTES):
        size, body = 0, bytearray()
        try:
            async for piece in request.stream():
                size += len(piece)
                if size > _MAX_DISCARDED_BYTES:
                    break
                if size <= MAX_BODY_BYTES:
                    body += piece
        except ClientDisconnect:
            raise HTTPError(400, "The body ended before its Content-Length. Send it again.") from None
        if size <= MAX_BODY_BYTES:
            return bytes(body)
    raise too_large({"connection": "close"})


def too_large(headers: Mapping[str, str] | None = None) -> HTTPError:
    """Return the error for a body of more than `MAX_BODY_BYTES`."""
    limit = f"The body is larger than {MAX_BODY_BYTES} bytes. Put large content into `media` by its address."
    return HTTPError(413, limit, headers)


def _decode(request: Request, body: bytes, form: type[_T]) -> _T:
    kind = _kind(request)
    if not body and (not kind or request.method == "DELETE"):  # some clients send a type without a body
        body, kind = b"{}", JSON[0]
    if kind not in JSON + MSGPACK:
        detail = f"Content-Type {kind[:80]!r} is not supported. Send application/json or application/msgpack."
        raise HTTPError(415, detail)
    return decode_form(body, kind, form)


def decode_form(body: bytes, kind: str, form: type[_T]) -> _T:
    """Return the form in a body. `kind` is one of `JSON` and `MSGPACK`.

    Raises:
        HTTPError: 400, the body is not valid JSON or msgpack.
        BadInput: a field is unknown or missing, or has a wrong value.
    """
    decoder = msgspec.json.decode if kind in JSON else msgspec.msgpack.decode
    try:
        return decoder(body, type=form)
    except msgspec.ValidationError as error:
        raise bad_input(error, form, lambda: decoder(body)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise HTTPError(400, f"The body is not valid {kind}: {error}.") from None
    except (ValueError, OverflowError) as error:  # a msgpack timestamp outside the years 1 to 9999
        raise BadInput(f"A value in the body is out of range: {error}.") from None


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _versions(request: Request, name: str, weak: str = "") -> Container[int] | None:
    """Return the versions that a header names, None without it. `weak` matches what may precede an ETag's quotes."""
    header = ",".join(request.headers.getlist(name))
    if name.lower() not in request.headers:
        return None
    if header.strip() == "*":
        return EVERY_VERSION
    tags = [tag.strip() for tag in header.split(",")]
    if not all(re.fullmatch(r'(W/)?"[^"]*"', tag) for tag in tags):
        raise HTTPError(400, f'{name} must be * or an ETag with its quotes, as in "3"; got {header[:80]!r}.')
    found = (re.fullmatch(rf'{weak}"([1-9][0-9]{{0,14}})"', tag) for tag in tags)
    return frozenset(int(tag[1]) for tag in found if tag)


def _draft(request: Request) -> DraftEpoch | None:
    header = request.headers.get("stoppress-draft")
    if header is None:
        return None
    found = re.fullmatch(rf"({DRAFT_ID}) ([1-9][0-9]{{0,15}})", header)
    if found is None:
        form = "a UUID in lower case, a space and an epoch"
        raise HTTPError(400, f"Stoppress-Draft must be {form}; got {header[:80]!r}.")
    return DraftEpoch(found[1], int(found[2]))


def _once(request: Request, body: bytes) -> Once | None:
    header = request.headers.get("idempotency-key")
    if header is None:
        return None
    if not re.fullmatch(IDEMPOTENCY_KEY, header):
        raise HTTPError(400, f"Idempotency-Key must have 1 to 255 printable ASCII characters; got {header[:80]!r}.")
    who = request.state.who
    # No header has a line break, so a key `key` of the settings cannot use those of a run-time key `key:cms`.
    return once_of(
        f"{who.id}{chr(10) if who.scope else ':'}{header}", request.method, request.url.path, _kind(request), body
    )


def once_of(key: str, method: str, path: str, kind: str, body: bytes) -> Once:
    """Return the identity of a request. `key` is its Idempotency-Key, behind the id of its sender and a separator."""
    digest = hashlib.sha256("\0".join((method, path, kind)).encode() + b"\0" + body).hexdigest()
    return Once(key, digest)
