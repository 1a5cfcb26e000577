"""Content negotiation (RFC 9110): media types, gzip, and whether the client has the answer already."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

_MAX_CHARACTERS = 2_000
"""Maximum length of a header that is read; browsers send a tenth of it."""

_TAG = re.compile(r'"([^"\s]*)"')


class Wanted:
    """The preferences of a client, by the headers of its request."""

    def __init__(self, headers: Headers) -> None:
        self._headers = headers

    def weights(self, name: str = "accept") -> dict[str, float]:
        """Return the values of an Accept header, in lower case, each with its weight (section 12.4.2)."""
        kinds = {}
        for part in self._joined(name).lower().split(","):
            kind, *parameters = (piece.strip() for piece in part.split(";"))
            given = [text.removeprefix("q=") for text in parameters if re.fullmatch(r"q=[01](\.[0-9]{0,3})?", text)]
            kinds[kind] = float(given[0]) if given else 1.0
        return kinds

    def prefers(self, kinds: Sequence[str], other: str = "application/json") -> bool:
        """Return whether the client gives one of `kinds` more weight than `other`."""
        named = self.weights()
        return max(named.get(kind, 0) for kind in kinds) > named.get(other, 0)

    def prefers_html(self) -> bool:
        """Return whether to answer with a page: browsers name HTML, programs do not."""
        return self.prefers(["text/html"])

    def accepts_gzip(self) -> bool:
        codings = self.weights("accept-encoding")
        return codings.get("gzip", codings.get("*", 0)) > 0

    def has(self, etag: str) -> bool:
        """Return whether to answer a GET with 304: If-None-Match names `etag`, or is `*`.

        The comparison is weak (section 13.1.2): `W/` makes no difference.
        """
        return self._joined("if-none-match").strip() == "*" or self.names(etag)

    def names(self, etag: str) -> bool:
        """Return whether If-None-Match names `etag`."""
        return any(match[0] == etag for match in _TAG.finditer(self._joined("if-none-match")))

    def _joined(self, name: str) -> str:
        """Return a header as one line, although it may come in several (section 5.3)."""
        return ",".join(self._headers.getlist(name))[:_MAX_CHARACTERS]


def unless_known(request: Request, etag: str, headers: Mapping[str, str], body: bytes) -> Response:
    """Answer with a body, or with 304 if the client has this ETag already."""
    headers = {**headers, "etag": etag}
    if Wanted(request.headers).has(etag):
        del headers["content-type"]
        return Response(None, 304, headers)
    return Response(body, 200, headers)
