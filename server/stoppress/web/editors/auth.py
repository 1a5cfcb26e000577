"""Who sends a request of editors: the API keys of the settings and of the store, and how requests carry one."""

from __future__ import annotations

import re
from typing import NamedTuple

from starlette.requests import Request

from stoppress.access.identity import Identity
from stoppress.access.key_checks import KeyChecks
from stoppress.errors import StartError
from stoppress.web.bearer import bearer_of, find_bearer, unauthorised
from stoppress.web.editors.guess_limit import GuessLimit
from stoppress.web.editors.origin import Origins
from stoppress.web.problems import HTTPError

_ROLES = {"reader": "reader", "contributor": "contributor", "editor": "settings_editor", "admin": "admin"}
"""The roles that a key in the settings may have, and what they are in the table of roles."""

_JOINED = re.compile(r"[,;|][^\s:,;|]+:\w+:")
"""The beginning of another key in a secret: two keys were joined by a comma or the like instead of a space."""


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


class Authentication:
    """Finds out who sends a request.

    Args:
        keys: the API keys of the settings.
        checks: check the keys that were made at run time.
        guesses: the limit of wrong keys.
        origins: find out where requests come from.
    """

    def __init__(self, keys: Keys, checks: KeyChecks, guesses: GuessLimit, origins: Origins) -> None:
        self._keys = keys
        self._checks = checks
        self._guesses = guesses
        self._origins = origins

    async def identify(self, request: Request) -> Identity:
        """Return who sends a request, and keep it in the request's `state.who`, and where from in `state.origin`.

        Raises:
            HTTPError: 401 without a valid key, 429 if its address has sent too many wrong ones, 400 if the reason is
                malformed.
            StoreUnavailable: the key cannot be checked now.
        """
        secret = bearer_of(request.headers)
        if not secret:
            raise self._keys.unauthorised(request)
        attempt = self._guesses.attempt(request, secret)
        await attempt.begin()
        try:
            who = self._keys.find(request) or await self._checks.identify(secret)
        except BaseException:
            attempt.unknown()
            raise
        if who is None:
            await attempt.wrong()
            raise self._keys.unauthorised(request)
        attempt.right()
        request.state.origin = self._origins.of(request)
        request.state.who, request.state.key = who, who.id
        return who


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
