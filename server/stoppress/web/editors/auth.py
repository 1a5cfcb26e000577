"""Who may use the editors' surface."""

from __future__ import annotations

from typing import NamedTuple

from starlette.requests import Request

from stoppress.errors import StartError
from stoppress.web.bearer import find_bearer, unauthorised

ROLES = ("editor",)


class Key(NamedTuple):
    name: str
    role: str
    secret: str


class Keys:
    """The editors' API keys.

    Args:
        text: `name:role:secret` separated by white space.

    Raises:
        StartError: the text is malformed; the message names the key, never its secret.
    """

    def __init__(self, text: str) -> None:
        self._keys = [_parse(number, part) for number, part in enumerate(text.split(), 1)]
        names = [key.name for key in self._keys]
        for name in names:
            if names.count(name) > 1:
                raise StartError(
                    f"STOPPRESS_KEYS has two keys named {name!r}: names tell keys apart, give each its own"
                )

    def __len__(self) -> int:
        return len(self._keys)

    def authorise(self, request: Request) -> Key:
        """The key that came with a request. Raises `HTTPError` (401)."""
        index = find_bearer(request.headers, [key.secret for key in self._keys])
        if index is None:
            raise unauthorised(self._advice(), "stoppress")
        request.state.key = self._keys[index].name  # for the log
        return self._keys[index]

    def _advice(self) -> str:
        if self._keys:
            return "send a valid API key as `Authorization: Bearer KEY`"
        return "this server has no API keys: start it with STOPPRESS_KEYS=name:editor:SECRET"


def _parse(number: int, part: str) -> Key:
    name, _, rest = part.partition(":")
    role, _, secret = rest.partition(":")
    if not (name and role and secret):
        raise StartError(f"key {number} of STOPPRESS_KEYS is malformed: write name:role:secret, separated by spaces")
    if role not in ROLES:
        raise StartError(f"key {name!r} of STOPPRESS_KEYS has the unknown role {role!r}: use {', '.join(ROLES)}")
    return Key(name, role, secret)
