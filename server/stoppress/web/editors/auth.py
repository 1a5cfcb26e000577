"""The identity of an editor's request, which an API key of the settings or the store gives, or a session."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar

from starlette.requests import Request

from stoppress.access.identity import Identity
from stoppress.access.key_checks import KeyChecks
from stoppress.access.people.session_checks import SessionChecks
from stoppress.errors import StartError
from stoppress.web.bearer import bearer_of, find_bearer, unauthorised
from stoppress.web.editors.guess_limit import GuessLimit
from stoppress.web.editors.origin import Origins
from stoppress.web.people.cookies import NO_COOKIE, secret_of
from stoppress.web.people.own_site import OwnSite
from stoppress.web.problems import HTTPError

_ROLES = {"reader": "reader", "contributor": "contributor", "editor": "settings_editor", "admin": "admin"}
"""The roles that a key in the settings may have, and what they are in the table of roles."""

NO_KEYS = "the settings have no API key, so nobody can publish unless the store has keys or people"

_JOINED = re.compile(r"[,;|][^\s:,;|]+:\w+:")
"""The beginning of another key in a secret: two keys were joined by a comma or the like instead of a space."""

_T = TypeVar("_T")


class _Key(NamedTuple):
    name: str
    role: str
    secret: str


class Keys:
    """The API keys of the settings.

    Args:
        text: keys as `name:role:secret`, separated by white space.

    Raises:
        StartError: the text is malformed. The message names the key, never its secret.
    """

    def __init__(self, text: str) -> None:
        self._keys = [_parse(number, part) for number, part in enumerate(text.split(), 1)]
        names = [key.name for key in self._keys]
        for name in names:
            if names.count(name) > 1:
                raise StartError(f"STOPPRESS_KEYS has two keys named {name!r}; give each key a name of its own")

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, request: Request) -> Identity | None:
        """Return the identity of the API key that a request carries, if it is one of these."""
        index = find_bearer(request.headers, [key.secret for key in self._keys])
        return None if index is None else Identity("key", self._keys[index].name, _ROLES[self._keys[index].role])

    def unauthorised(self, request: Request) -> HTTPError:
        """Return the error (401) for a request without a valid key. It says nothing about the key."""
        advice = "The API key is missing or wrong. Send a valid one as `Authorization: Bearer KEY`."
        if not self._keys:
            advice += (
                " The server has none in its settings: to give it one, start it with STOPPRESS_KEYS=name:admin:SECRET."
            )
        elif re.search(rf" [^:]+:({'|'.join(_ROLES)}):", request.headers.get("authorization", "")):
            advice = (
                "`Authorization` has name:role:SECRET, as in STOPPRESS_KEYS. Send only the SECRET: `Bearer SECRET`."
            )
        return unauthorised(advice)


class Checks(NamedTuple):
    """The checks of keys and sessions that the store has."""

    keys: KeyChecks
    sessions: SessionChecks
    own_site: OwnSite
    """Recognises the pages of this site, which may write with the cookie of a session."""


class Authentication:
    """Finds out who sends a request.

    Args:
        keys: the API keys of the settings.
        checks: check what the store has.
        guesses: the limit of wrong keys.
        origins: find out where requests come from.
    """

    def __init__(self, keys: Keys, checks: Checks, guesses: GuessLimit, origins: Origins) -> None:
        self._keys = keys
        self._checks = checks.keys
        self._sessions = checks.sessions
        self._own_site = checks.own_site
        self._guesses = guesses
        self._origins = origins

    async def identify(self, request: Request) -> Identity:
        """Return who sends a request, and keep it in the request's `state.who`, and where from in `state.origin`.

        A key counts before the cookie of a session. With a cookie, the session is in the request's `state.session`.

        Raises:
            HTTPError: 401, the request has no valid key and no valid session; 403, it writes with a cookie, but is not
                from a page of this site; 429, its address has sent too many wrong keys; 400, the reason is malformed.
            StoreUnavailable: the key or the session cannot be checked now.
        """
        cookie = secret_of(request)
        if "authorization" in request.headers or cookie is None:
            who = await self._by_key(request)
        else:
            who = await self._by_cookie(request, cookie)
        request.state.origin = self._origins.of(request)
        request.state.who, request.state.key = who, who.id
        return who

    async def _by_key(self, request: Request) -> Identity:
        secret = bearer_of(request.headers)
        if not secret:
            raise self._keys.unauthorised(request)

        async def find() -> Identity | None:
            return self._keys.find(request) or await self._checks.identify(secret)

        who = await self._guess(request, secret, find)
        if who is None:
            raise self._keys.unauthorised(request)
        return who

    async def _by_cookie(self, request: Request, secret: str) -> Identity:
        session = await self._guess(request, secret, lambda: self._sessions.identify(secret))
        if session is None:
            error = unauthorised("The session has ended. Sign in again.")
            error.headers["set-cookie"] = NO_COOKIE  # the browser would send it again and again
            raise error
        if request.method not in ("GET", "HEAD"):
            self._own_site.require_write(request, secret)
        request.state.session = session
        return session.who

    async def _guess(self, request: Request, secret: str, find: Callable[[], Awaitable[_T | None]]) -> _T | None:
        """Return what belongs to a secret, or None. Raises `HTTPError` (429) after too many wrong ones."""
        attempt = self._guesses.attempt(request, secret)
        await attempt.begin()
        try:
            found = await find()
        except BaseException:
            attempt.unknown()
            raise
        if found is None:
            await attempt.wrong()
        else:
            attempt.right()
        return found


def _parse(number: int, part: str) -> _Key:
    name, _, rest = part.partition(":")
    role, _, secret = rest.partition(":")
    if not (name and role and secret):
        advice = "use name:role:secret, separated by spaces, without spaces or line breaks inside a key"
        raise StartError(f"key {number} of STOPPRESS_KEYS is malformed; {advice}")
    if role not in _ROLES:
        raise StartError(f"key {name!r} of STOPPRESS_KEYS has the unknown role {role!r}; use {', '.join(_ROLES)}")
    if _JOINED.search(secret):
        raise StartError(
            f"the secret of key {name!r} of STOPPRESS_KEYS contains another key; separate keys by spaces, not by commas"
        )
    return _Key(name, role, secret)
