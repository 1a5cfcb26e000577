"""The check of the signature of a JSON Web Token (RFC 7519): of readers' tokens and of ID tokens."""

from __future__ import annotations

import math
from typing import Any

import msgspec
from joserfc import jws
from joserfc.errors import JoseError

from stoppress.access.key_set import Key, TokenKeys, TokenKind
from stoppress.errors import TokenNeeded, WrongToken


class _Registry(jws.JWSRegistry):
    max_header_length = 2_048

    def get_alg(self, name: str) -> Any:
        """Return an allowed algorithm, without a warning that EdDSA has a new name (RFC 9864)."""
        return self.algorithms[name]


_REGISTRY = _Registry(strict_check_header=False)
"""Ignores unknown parameters of a token's header (RFC 7515, section 4), unless `crit` names them."""


class UnknownKey(TokenNeeded):
    """No key fits. The JWKS may have a new one."""


def signed_claims(text: str, keys: TokenKeys, kind: TokenKind) -> dict[str, Any]:
    """Return the claims of a token with a valid signature. This may take milliseconds.

    Raises:
        WrongToken: it is malformed or wrongly signed.
        UnknownKey: no key fits.
        TokenNeeded: it is not clear which key has signed it, or it has no claims.
    """
    try:
        parts = jws.extract_compact(text.encode(), registry=_REGISTRY)
        head = parts.headers()
    except (JoseError, ValueError, RecursionError, TypeError):
        raise WrongToken(f"{kind.name}'s first part is not the header of a JSON Web Token.") from None
    key = _key(head, keys, kind)
    try:
        is_signed = jws.validate_compact(parts, key, kind.algorithms, _REGISTRY)
    except (JoseError, ValueError, TypeError):
        is_signed = False
    if not is_signed:
        raise WrongToken(f"{kind.name}'s signature does not fit its content and its key.")
    try:
        claims = msgspec.json.decode(parts.payload or b"")
    except (msgspec.DecodeError, RecursionError):
        claims = None
    if not isinstance(claims, dict):
        raise TokenNeeded(f"{kind.name} is signed correctly, but its content must be a JSON object.")
    return claims


def _key(head: dict[str, Any], keys: TokenKeys, kind: TokenKind) -> Key:
    """Return the key for a token. It depends on the algorithm, so no public key is ever used as a secret."""
    algorithm, kid = head.get("alg"), head.get("kid")
    if algorithm not in kind.algorithms:
        raise WrongToken(f"{kind.name}'s `alg` is not allowed. Use one of {', '.join(kind.algorithms)}.")
    if not isinstance(kid, str | None):
        raise WrongToken(f"{kind.name}'s `kid` must be text.")
    fitting = keys.fitting(algorithm, kid)
    if not fitting or (kid is None and kind.is_kid_needed and len(keys) > 1):
        unknown = f"{kind.name} was signed with a key or an algorithm (`kid`, `alg`) that this server does not know."
        if algorithm == "HS256":  # there never will be a key: no JWKS has secrets
            raise WrongToken(f"{unknown} It has no secret for HS256.")
        raise UnknownKey(unknown)
    if len(fitting) > 1:
        advice = "Put the key's id into its header as `kid`."
        raise TokenNeeded(f"{kind.name} does not say which key has signed it. {advice}")
    return fitting[0]


def time_in(claims: dict[str, Any], name: str) -> float | None:
    """Return a claim that is a time, as Unix time in seconds; None if it is not."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or abs(value) > 1e12:
        return None
    return float(value)
