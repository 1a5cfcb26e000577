"""The check of an ID token (OpenID Connect Core 1.0, section 3.1.3.7)."""

from __future__ import annotations

import hmac
from typing import Any, NamedTuple

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from stoppress.errors import SignInRefused

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
"""The algorithms of signatures: none that needs a shared secret."""

MAX_CHARACTERS = 32 * 1024
"""Maximum length of an ID token."""

_MAX_KEYS = 100

_LEEWAY_SECONDS = 30.0
"""Seconds by which the clocks of the provider and of the store may differ."""

_KINDS: dict[str, type[RSAKey | ECKey | OKPKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}

PublicKey = RSAKey | ECKey | OKPKey


class KeyNotListed(Exception):
    """The token is signed with a key that is not among the keys. The provider may have a new one."""


class Expected(NamedTuple):
    """What a token must say."""

    issuer: str
    client_id: str
    nonce: str


class _Registry(jws.JWSRegistry):
    def get_alg(self, name: str) -> Any:
        """Return an allowed algorithm, without a warning that EdDSA has a new name (RFC 9864)."""
        return self.algorithms[name]


_REGISTRY = _Registry(algorithms=ALGORITHMS, strict_check_header=False)


def public_keys(document: Any) -> dict[str | None, PublicKey]:
    """Return the keys of a JWKS for signatures, by id. Keys that cannot be used are left out."""
    listed = document.get("keys") if isinstance(document, dict) else None
    keys: dict[str | None, PublicKey] = {}
    for one in listed[:_MAX_KEYS] if isinstance(listed, list) else ():
        if not isinstance(one, dict) or one.get("use", "sig") != "sig" or one.get("kty") not in _KINDS:
            continue
        if not isinstance(one.get("kid"), str | None):
            continue
        try:
            keys[one.get("kid")] = _KINDS[one["kty"]].import_key(one)
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return keys


def checked_claims(token: str, keys: dict[str | None, PublicKey], expected: Expected, now: float) -> dict[str, Any]:
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
    if not _number(claims, "exp") > now - _LEEWAY_SECONDS:
        raise _refused("has ended (`exp`)")
    if not _number(claims, "iat") < now + _LEEWAY_SECONDS:
        raise _refused("is from the future (`iat`); compare the clocks")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), expected.nonce.encode()):
        raise _refused("belongs to another sign-in (`nonce`)")
    if not isinstance(claims.get("sub"), str) or not 0 < len(claims["sub"]) <= 255:
        raise _refused("does not say whose it is (`sub`)")
    return claims


def _signed_claims(token: str, keys: dict[str | None, PublicKey]) -> dict[str, Any]:
    if len(token) > MAX_CHARACTERS:
        raise _refused("is too long")
    try:
        parts = jws.extract_compact(token.encode(), registry=_REGISTRY)
        head = parts.headers()
        algorithm, kid = head.get("alg"), head.get("kid")
        if algorithm not in ALGORITHMS:
            raise _refused(f"has an algorithm (`alg`) other than {', '.join(ALGORITHMS)}")
        key = next(iter(keys.values())) if kid is None and len(keys) == 1 else keys.get(kid)
        if key is None:
            raise KeyNotListed
        if not jws.validate_compact(parts, key, [algorithm], _REGISTRY):
            raise _refused("has a wrong signature")
        claims = msgspec.json.decode(parts.payload)
    except (JoseError, ValueError, TypeError, RecursionError, msgspec.DecodeError):
        raise _refused("is malformed or has a wrong signature") from None
    if not isinstance(claims, dict):
        raise _refused("is malformed")
    return claims


def _number(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _refused(f"has no time in `{name}`")
    return value


def _refused(problem: str) -> SignInRefused:
    return SignInRefused(f"The ID token of the OpenID provider {problem}. Sign in again; if that fails, tell an admin.")
