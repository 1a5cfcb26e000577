"""Signing in with a password, signing out, and the sessions of people."""

from __future__ import annotations

import re
import secrets
from typing import Annotated, Any, NamedTuple

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress.access.identity import Identity
from stoppress.access.people.name_limit import NameLimit
from stoppress.access.people.people import People
from stoppress.access.people.person import StoredPerson
from stoppress.access.people.session_checks import csrf_token
from stoppress.access.people.sessions import SESSION_ID, Client, Sessions, time_text
from stoppress.access.roles import Action
from stoppress.errors import BadQuery
from stoppress.telemetry.counts import Counts
from stoppress.web.bearer import unauthorised
from stoppress.web.editors.auth import Authentication
from stoppress.web.editors.guess_limit import GuessLimit
from stoppress.web.editors.resource import Handler, Resource, answered, unstored
from stoppress.web.editors.write_limit import WriteLimit
from stoppress.web.editors.writes import read_form
from stoppress.web.people.acts import Acts
from stoppress.web.people.cookies import NO_COOKIE, secret_of, session_cookie
from stoppress.web.people.own_site import OwnSite
from stoppress.web.problems import HTTPError
from stoppress.web.validation import number

_DEFAULT_LIMIT, _MAX_LIMIT = 50, 500

_WRONG = "The name or the password is wrong."


class SignInForm(Struct, kw_only=True, forbid_unknown_fields=True):
    """A name and a password, in the body of POST."""

    name: Annotated[str, Meta(max_length=200)]
    password: Annotated[str, Meta(max_length=1_000)]


class CurrentSession(Struct, kw_only=True):
    """The sender of a request, and the session."""

    name: str
    display_name: str
    kind: str
    role: str
    blogs: list[str]
    session: str | None = None
    ends_at: str | None = None
    csrf_token: str | None = None
    undo_seconds: int = 0
    """The seconds for which the desk holds back what somebody publishes, so that they can take it back."""


class SignIns(NamedTuple):
    """The parts that a sign-in needs: people, sessions, the limits of guesses by address and by name, and the audit."""

    people: People
    sessions: Sessions
    guesses: GuessLimit
    names: NameLimit
    own_site: OwnSite
    acts: Acts
    counts: Counts


class SessionsApi:
    """The handlers of `/api/session` and `/api/sessions`. `undo_seconds` is what `CurrentSession` says."""

    def __init__(self, authentication: Authentication, parts: SignIns, limit: WriteLimit, undo_seconds: int) -> None:
        self._authentication = authentication
        self._undo_seconds = undo_seconds
        self._parts = parts
        self._sessions = parts.sessions
        self._limit = limit

    def routes(self) -> list[Route]:
        return [
            self._resource(
                "/api/session",
                GET=("use_session", self.get_session),
                POST=(None, self.sign_in),
                DELETE=("use_session", self.sign_out),
            ),
            self._resource("/api/sessions", ("after", "limit"), GET=("use_session", self.list_sessions)),
            self._resource("/api/sessions/{session}", DELETE=("use_session", self.end_session)),
        ]

    def _resource(self, path: str, query: tuple[str, ...] = (), **handlers: tuple[Action | None, Handler]) -> Route:
        return Resource(self._authentication, self._limit, query, handlers).route(path)

    async def get_session(self, request: Request) -> Response:
        who, session = request.state.who, getattr(request.state, "session", None)
        if session is None:
            return unstored(answered(request, self._current(who, who.name)))
        proof = (session.id, time_text(session.ends), csrf_token(secret_of(request) or ""))
        return unstored(answered(request, self._current(who, session.display_name, *proof)))

    async def sign_in(self, request: Request) -> Response:
        self._parts.own_site.require_no_other(request)
        form = await read_form(request, SignInForm)
        attempt = self._parts.guesses.attempt(request, secrets.token_hex(16))  # each password is a guess of its own
        await attempt.begin()
        try:
            await self._limit_name(form.name, attempt.address)
            person = await self._parts.people.sign_in(form.name, form.password)
        except BaseException:
            attempt.unknown()
            raise
        if person is None:
            await attempt.wrong()
            raise unauthorised(_WRONG)
        attempt.unknown()  # nothing to count
        await self._parts.names.succeeded(form.name, attempt.address)
        return await self.begin(request, person, attempt.address)

    async def _limit_name(self, name: str, address: str) -> None:
        if wait := await self._parts.names.take(name, address):
            self._parts.counts.count_rejection("too_many_guesses")
            detail = f"Too many passwords were tried for this name. Wait {wait} s, or ask an admin for a new password."
            raise HTTPError(429, detail, {"retry-after": str(wait)})

    async def begin(self, request: Request, person: StoredPerson, address: str) -> Response:
        """Return the answer that gives the browser a new session. A session that it had before ends."""
        client = Client(address, request.headers.get("user-agent", ""), secret_of(request))
        act = self._parts.acts.act(request, "sign_in", person.name, person.identity)
        session = await self._sessions.start(person, client, act)
        proof = (session.id, time_text(session.ends), csrf_token(session.secret))
        current = self._current(person.identity, person.display_name, *proof)
        answer = unstored(answered(request, current))
        answer.headers["set-cookie"] = session_cookie(session.secret, session.seconds)
        answer.status_code = 201
        answer.headers["location"] = "/api/session"
        return answer

    async def sign_out(self, request: Request) -> Response:
        answer = unstored(Response(status_code=204))
        if getattr(request.state, "session", None) is not None:
            act = self._parts.acts.act(request, "sign_out", request.state.who.name)
            await self._sessions.end_secret(secret_of(request) or "", act)
            answer.headers["set-cookie"] = NO_COOKIE
        return answer

    async def list_sessions(self, request: Request) -> Response:
        limit = number(request, "limit", _DEFAULT_LIMIT, _MAX_LIMIT)
        after = request.query_params.get("after")
        if after is not None and not re.fullmatch(SESSION_ID, after):
            raise BadQuery(f"`after` must come from a `next` address; got {after[:80]!r}.", "after")
        sessions, more = await self._sessions.list_after(after or "", limit, request.state.who)
        content: dict[str, Any] = {"sessions": sessions}
        if more is not None:
            content["next"] = f"/api/sessions?after={more}&limit={limit}"
        return unstored(answered(request, content))

    async def end_session(self, request: Request, session: str) -> Response:
        await self._sessions.end(session, request.state.who, self._parts.acts.act(request, "end_session"))
        return unstored(Response(status_code=204))

    def _current(
        self,
        who: Identity,
        display_name: str,
        session: str | None = None,
        ends_at: str | None = None,
        csrf: str | None = None,
    ) -> CurrentSession:
        return CurrentSession(
            name=who.name,
            display_name=display_name,
            kind=who.kind,
            role="editor" if who.role == "settings_editor" else who.role,
            blogs=list(who.blogs),
            session=session,
            ends_at=ends_at,
            csrf_token=csrf,
            undo_seconds=self._undo_seconds,
        )
