"""What a request's headers say of the answer (RFC 9110): media types, gzip, and what the client has already."""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.datastructures import Headers

_TAG = re.compile(r'"([^"\s]*)"')

_GZIP_SUFFIX = "-gzip"


def weights(headers: Headers, name: str = "accept") -> dict[str, float]:
    """Return what an Accept header names, in lower case, each with its weight (section 12.4.2)."""
    kinds = {}
    for part in _joined(headers, name).lower().split(","):
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        given = [text.removeprefix("q=") for text in parameters if re.fullmatch(r"q=[01](\.[0-9]{0,3})?", text)]
        kinds[kind] = float(given[0]) if given else 1.0
    return kinds


def prefers(headers: Headers, kinds: Sequence[str], other: str = "application/json") -> bool:
    """Return whether a client names one of some media types with more weight than another type."""
    named = weights(headers)
    return max(named.get(kind, 0) for kind in kinds) > named.get(other, 0)


def prefers_html(headers: Headers) -> bool:
    """Return whether to answer with a page: browsers name HTML, programs do not."""
    return prefers(headers, ["text/html"])


def accepts_gzip(headers: Headers) -> bool:
    codings = weights(headers, "accept-encoding")
    return codings.get("gzip", codings.get("*", 0)) > 0


def has_current(headers: Headers, etag: str) -> bool:
    """Return whether a GET with these headers is answered with 304: If-None-Match names `etag`, or is `*`.

    The comparison is weak (section 13.1.2): `W/` makes no difference.
    """
    return _joined(headers, "if-none-match").strip() == "*" or etag in _known_tags(headers)


def has_current_gzip(headers: Headers, etag: str) -> bool:
    """Return whether If-None-Match names the compressed variant of `etag`."""
    return gzip_tag(etag) in _known_tags(headers)


def gzip_tag(etag: str) -> str:
    """Return the ETag of the compressed variant."""
    return f'{etag[:-1]}{_GZIP_SUFFIX}"'


def plain_tags(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return raw headers whose If-None-Match names plain variants in place of compressed ones."""
    suffix = f'{_GZIP_SUFFIX}"'.encode()
    return [(name, value.replace(suffix, b'"') if name == b"if-none-match" else value) for name, value in headers]


def _known_tags(headers: Headers) -> list[str]:
    return [match[0] for match in _TAG.finditer(_joined(headers, "if-none-match"))]


def _joined(headers: Headers, name: str) -> str:
    """Return a list that may be spread over several lines (section 5.3)."""
    return ",".join(headers.getlist(name))
