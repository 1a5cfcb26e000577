"""Signing in with an OpenID provider: the redirect to it, and the way back."""

from __future__ import annotations

import secrets

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from stoppress.access.identity import NODE
from stoppress.access.openid.sign_in import MAX_SECONDS, OpenIDSignIn
from stoppress.access.people.people import People
from stoppress.errors import SignInRefused
from stoppress.web.editors.guess_limit import GuessLimit
from stoppress.web.editors.resource import unstored
from stoppress.web.people.acts import Acts
from stoppress.web.people.sessions_api import SessionsApi
from stoppress.web.problems import HTTPError
from stoppress.web.security import HTML_HEADERS

CALLBACK = "/api/session/oidc/callback"

_COOKIE = "__Host-stoppress-oidc"

_ATTRIBUTES = "Path=/; HttpOnly; Secure; SameSite=Lax"
"""`Lax`: the browser comes back from another site, and must send the cookie then."""

_MAX_CODE_CHARACTERS = 4_096

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=/desk"><title>Signed in</title></head>
<body><p>You are signed in. <a href="/desk">Go on</a></p></body>
</html>
"""
"""A redirect would not do: in a chain of redirects from another site, browsers do not send a `Strict` cookie."""


class OpenIDApi:
    """The handlers of `/api/session/oidc`.

    Args:
        sign_in: asks the provider; None: there is none.
        people: adds who signs in.
        sessions: begins sessions.
        guesses: the limit of wrong secrets from an address.
        acts: make the lines of the audit.
    """

    def __init__(
        self, sign_in: OpenIDSignIn | None, people: People, sessions: SessionsApi, guesses: GuessLimit, acts: Acts
    ) -> None:
        self._sign_in = sign_in
        self._people = people
        self._sessions = sessions
        self._guesses = guesses
        self._acts = acts

    def routes(self) -> list[Route]:
        return [
            Route("/api/session/oidc", self.begin, methods=["GET"]),
            Route(CALLBACK, self.finish, methods=["GET"]),
        ]

    async def begin(self, _request: Request) -> Response:
        address, secret = await self._configured().begin()
        answer = unstored(RedirectResponse(address, 303))
        answer.headers["set-cookie"] = f"{_COOKIE}={secret}; Max-Age={MAX_SECONDS}; {_ATTRIBUTES}"
        answer.headers["referrer-policy"] = "no-referrer"
        return answer

    async def finish(self, request: Request) -> Response:
        sign_in, query = self._configured(), request.query_params
        if "error" in query:
            raise SignInRefused(f"The OpenID provider did not sign you in: {query['error'][:100]!r}. Sign in again.")
        code, state = query.get("code", ""), query.get("state", "")
        if not code or not state or len(code) + len(state) > _MAX_CODE_CHARACTERS:
            raise HTTPError(400, "This address needs `code` and `state`, as the OpenID provider gives them.")
        attempt = self._guesses.attempt(request, secrets.token_hex(16))  # each code is a guess of its own
        await attempt.begin()
        try:
            user = await sign_in.finish(request.cookies.get(_COOKIE), state, code)
            act = self._acts.act(request, "put_person", user.name, NODE)
            person = await self._people.sign_in_by_openid(user, act)
        except SignInRefused:
            await attempt.wrong()
            raise
        except BaseException:
            attempt.unknown()
            raise
        attempt.unknown()  # nothing to count
        begun = await self._sessions.begin(request, person, attempt.address)
        answer = unstored(Response(_PAGE, 200, HTML_HEADERS, media_type="text/html"))
        answer.headers["referrer-policy"] = "no-referrer"
        answer.headers.append("set-cookie", begun.headers["set-cookie"])
        answer.headers.append("set-cookie", f"{_COOKIE}=; Max-Age=0; {_ATTRIBUTES}")
        return answer

    def _configured(self) -> OpenIDSignIn:
        if self._sign_in is None:
            raise HTTPError(404, "This server has no OpenID provider. An operator can set STOPPRESS_OIDC_ISSUER.")
        return self._sign_in
