"""Who sends a request of editors: the API keys of the settings, and how requests carry one."""

from __future__ import annotations

import re
from typing import NamedTuple

from starlette.requests import Request

from stoppress.access.identity import Identity
from stoppress.errors import StartError
from stoppress.web.bearer import check_bearer
from stoppress.web.editors.origin import Origins

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

    def identify(self, request: Request) -> Identity:
        """Return the identity of the API key that a request carries. Raises `HTTPError` (401)."""
        advice = "The API key is missing or wrong. Send a valid one as `Authorization: Bearer KEY`."
        if not self._keys:
            advice = "This server has no API keys. Start it with STOPPRESS_KEYS=name:editor:SECRET."
        elif re.search(rf" [^:]+:({'|'.join(_ROLES)}):", request.headers.get("authorization", "")):
            advice = (
                "`Authorization` has name:role:SECRET, as in STOPPRESS_KEYS. Send only the SECRET: `Bearer SECRET`."
            )
        key = self._keys[check_bearer(request.headers, [key.secret for key in self._keys], advice)]
        return Identity("key", key.name, _ROLES[key.role])


class Authentication:
    """Finds out who sends a request.

    Args:
        keys: the API keys of the settings.
        origins: find out where requests come from.
    """

    def __init__(self, keys: Keys, origins: Origins) -> None:
        self._keys = keys
        self._origins = origins

    async def identify(self, request: Request) -> Identity:
        """Return who sends a request, and keep it in the request's `state.who`, and where from in `state.origin`.

        Raises:
            HTTPError: 401 without a valid key, 400 if the reason is malformed.
        """
        who = self._keys.identify(request)
        request.state.origin = self._origins.of(request)
        request.state.who, request.state.key = who, who.name
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
