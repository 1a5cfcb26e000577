"""Security headers: what a page may load, which sites may frame it, and what pages of other origins may read."""

from __future__ import annotations

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from stoppress.newsroom.embeds import HOSTS

_CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",  # structured data is a data block, which needs no permission
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' http: https:",
        "media-src http: https:",
        f"frame-src {HOSTS}",  # embeds, which are loaded after a click
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types stoppress stoppress-worker",
    )
)

HTML_HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": f"{_CONTENT_SECURITY_POLICY}; frame-ancestors 'none'",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
    "referrer-policy": "strict-origin-when-cross-origin",
    "x-content-type-options": "nosniff",
}

EMBEDDABLE_HEADERS = {
    **HTML_HEADERS,
    # A blog's page has no cookies and no forms, so nothing on it can be clickjacked: any site may frame it
    "content-security-policy": f"{_CONTENT_SECURITY_POLICY}; frame-ancestors http: https:",
}
"""For a blog's pages."""

DESK_HEADERS = {
    **HTML_HEADERS,
    "content-security-policy": "; ".join(
        (
            _CONTENT_SECURITY_POLICY.replace("img-src 'self'", "img-src 'self' blob:").replace(
                "form-action 'none'", "form-action 'self'"
            ),
            "frame-ancestors 'none'",
        )
    ),
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "same-origin",
}
"""For the pages of the desk. They show images that are still to be sent, and have a form that searches."""

READABLE = {"access-control-allow-origin": "*", "access-control-expose-headers": "ETag, Retry-After"}
"""For readers' surfaces: pages of any origin may read a public blog, and errors about it."""


FILE_HEADERS = {
    **READABLE,
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "content-disposition": "inline",
    "x-content-type-options": "nosniff",
}
"""For images: whatever a browser is told that one is, nothing in it can run."""


class ApiOrigins:
    """Lets pages of these origins use the editors' API, with keys that they send themselves: never with cookies."""

    def __init__(self, app: ASGIApp, origins: str) -> None:
        self._app = app
        self._api = CORSMiddleware(
            app,
            allow_origins=origins.split(),
            allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=[
                "Authorization",
                "Content-Type",
                "If-Match",
                "If-None-Match",
                "Idempotency-Key",
                "Stoppress-Draft",
                "Stoppress-Reason",
            ],
            expose_headers=["ETag", "Location", "Retry-After", "Stoppress-Cursor", "Idempotency-Replayed"],
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_api = scope["type"] == "http" and scope["path"].startswith("/api/")
        await (self._api if is_api else self._app)(scope, receive, send)
