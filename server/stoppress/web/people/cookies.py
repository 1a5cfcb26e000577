"""The cookie of a session. Only people who sign in get it, never readers."""

from __future__ import annotations

from starlette.requests import Request

COOKIE = "__Host-stoppress"
"""Browsers take a cookie of this prefix only from this host itself, with `Secure`, and for all paths."""


def secret_of(request: Request) -> str | None:
    """Return the secret in the session cookie of a request, or None without one."""
    return request.cookies.get(COOKIE)


def session_cookie(secret: str, seconds: float) -> str:
    """Return the `Set-Cookie` that gives a browser a session, for at most so many seconds."""
    return f"{COOKIE}={secret}; Path=/; Max-Age={max(0, int(seconds))}; HttpOnly; Secure; SameSite=Strict"


NO_COOKIE = session_cookie("", 0)
"""The `Set-Cookie` that takes the session from a browser."""
