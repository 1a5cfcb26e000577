"""The check of an ID token (OpenID Connect Core 1.0, section 3.1.3.7)."""

from __future__ import annotations

import hmac
from typing import Any, NamedTuple

from stoppress.access.key_set import ID_TOKEN, TokenKeys
from stoppress.access.signature import UnknownKey, signed_claims, time_in
from stoppress.errors import SignInRefused, TokenNeeded

MAX_CHARACTERS = 32 * 1024
"""Maximum length of an ID token."""

_LEEWAY_SECONDS = 30.0
"""Seconds by which the clocks of the provider and of the store may differ."""


_ADVICE = "Sign in again; if that fails, tell an admin."


class KeyNotListed(SignInRefused):
    """The token is signed with a key that is not among the keys. The provider may have a new one."""


class Expected(NamedTuple):
    """The claims that a token must have."""

    issuer: str
    client_id: str
    nonce: str


def checked_claims(token: str, keys: TokenKeys, expected: Expected, now: float) -> dict[str, Any]:
    """Return the claims of a valid token. This may take milliseconds.

    Raises:
        SignInRefused: the token is not valid.
        KeyNotListed: its key is not among the keys.
    """
    claims = _signed_claims(token, keys)
    listed = claims.get("aud")
    clients = listed if isinstance(listed, list) else [listed]
    if claims.get("iss") != expected.issuer:
        raise _refused("comes from another issuer (`iss`)")
    if expected.client_id not in clients or (len(clients) > 1 and claims.get("azp") != expected.client_id):
        raise _refused("is for another client (`aud`)")
    if not _time(claims, "exp") > now - _LEEWAY_SECONDS:
        raise _refused("has ended (`exp`)")
    if not _time(claims, "iat") < now + _LEEWAY_SECONDS:
        raise _refused("is from the future (`iat`); compare the clocks")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), expected.nonce.encode()):
        raise _refused("belongs to another sign-in (`nonce`)")
    if not isinstance(claims.get("sub"), str) or not 0 < len(claims["sub"]) <= 255:
        raise _refused("does not say whose it is (`sub`)")
    return claims


def _signed_claims(token: str, keys: TokenKeys) -> dict[str, Any]:
    if len(token) > MAX_CHARACTERS:
        raise _refused("is too long")
    try:
        return signed_claims(token, keys, ID_TOKEN)
    except TokenNeeded as error:
        refused = KeyNotListed if isinstance(error, UnknownKey) else SignInRefused
        raise refused(f"{error} {_ADVICE}") from None


def _time(claims: dict[str, Any], name: str) -> float:
    time = time_in(claims, name)
    if time is None:
        raise _refused(f"has no time in `{name}`")
    return time


def _refused(problem: str) -> SignInRefused:
    return SignInRefused(f"{ID_TOKEN.name} {problem}. {_ADVICE}")
