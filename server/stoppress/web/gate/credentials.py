"""The credentials of a reader's request, a token or a key, and the origin of the page that sends it."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from starlette.requests import Request

TOKEN_PARAMETER = "token"  # noqa: S105, a name
"""The parameter of the query that may carry a token. No log shows it."""


class Credential(NamedTuple):
    text: str
    is_token: bool
    """A token, and not an API key."""


def credential_of(request: Request, cookie: str) -> Credential | None:
    """Return the token or key of a request, from `Authorization`, the query or a cookie, in this order.

    Args:
        request: of a reader.
        cookie: the name of the publisher's cookie.
    """
    scheme, _, sent = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        sent = sent.strip(" \t")
        return Credential(sent, sent.startswith("eyJ") and sent.count(".") == 2)
    text = request.query_params.get(TOKEN_PARAMETER) or request.cookies.get(cookie)
    return Credential(text, is_token=True) if text else None


class ReaderOrigins:
    """The origins whose pages may read private blogs: the server's own, and those of a setting.

    Args:
        allowed: origins, separated by spaces.
        public_url: the server's own origin; empty: that of each request's host.
    """

    def __init__(self, allowed: str = "", public_url: str = "") -> None:
        self._allowed = frozenset(allowed.split())
        self._own = public_url.lower()

    def may_read(self, request: Request) -> bool:
        """Return whether a request comes from a page that may read private blogs, or from no page."""
        origin = request.headers.get("origin")
        if origin is None or self.lists(origin):
            return True
        if origin.lower() == self._own:
            return True
        # A proxy may have taken the TLS off, so the scheme is not known
        return urlsplit(origin.lower()).netloc == request.headers.get("host", "").lower() != ""

    def lists(self, origin: str) -> bool:
        """Return whether the setting has an origin, so that its pages may read what they fetch."""
        return origin.lower() in self._allowed
