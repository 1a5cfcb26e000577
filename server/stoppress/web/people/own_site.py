"""Checks that a request with a cookie comes from a page of this site (cross-site request forgery).

`SameSite=Strict` alone is not enough: pages of sibling hosts, such as another application below the same domain, count
as the same site.
"""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from starlette.requests import Request

from stoppress.access.people.session_checks import csrf_token
from stoppress.web.problems import HTTPError

CSRF_HEADER = "Stoppress-CSRF"


class OwnSite:
    """See the module's docstring.

    Args:
        public_url: the origin of the site; empty: any with the host of the request.
    """

    def __init__(self, public_url: str) -> None:
        self._origin = public_url.lower()

    def require_write(self, request: Request, secret: str) -> None:
        """Raise `HTTPError` (403) unless a page of this site sends a write with the token of its session."""
        if not self._is_from_here(request):
            raise HTTPError(
                403,
                "A write with a session cookie must come from a page of this site. Send it from there, with "
                f"`Sec-Fetch-Site: same-origin` or `Origin: {self._expected(request)}`; or send an API key.",
            )
        sent = request.headers.get(CSRF_HEADER, "")
        if not hmac.compare_digest(sent.encode(), csrf_token(secret).encode()):
            what = "is not that of this session" if sent else "is missing"
            raise HTTPError(
                403, f"The header `{CSRF_HEADER}` {what}. Send the `csrf_token` that GET /api/session answers."
            )

    def require_no_other(self, request: Request) -> None:
        """Raise `HTTPError` (403) if a page of another site sends the request. Programs send no such headers."""
        is_by_browser = "sec-fetch-site" in request.headers or "origin" in request.headers
        if is_by_browser and not self._is_from_here(request):
            raise HTTPError(403, "A page of another site sent this request. Sign in on a page of this site.")

    def _is_from_here(self, request: Request) -> bool:
        site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
        if site is not None:
            return site == "same-origin"
        if self._origin:
            return origin is not None and origin.lower() == self._origin
        # A proxy may have ended TLS, so the scheme of the origin is not known here.
        return origin is not None and _host(origin) == request.headers.get("host", "").lower() != ""

    def _expected(self, request: Request) -> str:
        return self._origin or f"https://{request.headers.get('host', 'HOST')[:100]}"


def _host(origin: str) -> str:
    try:
        return urlsplit(origin.lower()).netloc
    except ValueError:
        return ""
