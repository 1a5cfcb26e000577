"""The keys that sign readers' tokens: one secret, or the public keys of a JWKS (RFC 7517)."""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from stoppress.errors import StartError, TokenNeeded, WrongToken

MAX_KEYS = 100
"""Maximum number of keys in a JWKS."""

MIN_SECRET_BYTES = 32
"""Minimum length of the secret for HS256 (RFC 7518, section 3.2)."""

_RSA_CHARACTERS = range(342, 684)
"""Length of the modulus of RSA keys of 2,048 to 4,096 bits in base64url. Shorter ones are not safe."""

PublicKey = RSAKey | ECKey | OKPKey
Key = OctKey | PublicKey

_NOT_KNOWN = "The token was signed with a key or an algorithm (`kid`, `alg`) that this server does not know."

log = logging.getLogger("stoppress.tokens")


class _Known(NamedTuple):
    kid: str | None
    algorithm: str
    key: Key


class WrongKeySet(Exception):
    """The text is not a JWKS that can be used; the message says why."""


class TokenKeys:
    """The keys by algorithm and id. An instance does not change.

    Args:
        secret: for HS256; empty: no token may be signed with it.
        public: the keys for the other algorithms.
    """

    def __init__(self, secret: bytes = b"", public: tuple[_Known, ...] = ()) -> None:
        if secret and len(secret) < MIN_SECRET_BYTES:
            advice = f"use {MIN_SECRET_BYTES} or more, as `openssl rand -base64 48` makes them"
            raise StartError(f"the secret in STOPPRESS_TOKEN_SECRET_FILE has {len(secret)} bytes; {advice}")
        self._secret = OctKey.import_key(secret) if secret else None
        self._public = public

    def with_public(self, document: bytes) -> TokenKeys:
        """Return the same secret with the public keys of a JWKS. Raises `WrongKeySet`."""
        keys = TokenKeys()
        keys._secret, keys._public = self._secret, _public_keys(document)
        return keys

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TokenKeys) and self._identity() == other._identity()

    __hash__ = None  # type: ignore[assignment]

    def _identity(self) -> list[tuple[str | None, str, str]]:
        return [(known.kid, known.algorithm, known.key.thumbprint()) for known in self._public]

    @property
    def algorithms(self) -> list[str]:
        """The algorithms for which there is a key."""
        return sorted({*(("HS256",) if self._secret else ()), *(known.algorithm for known in self._public)})

    def find(self, algorithm: str, kid: str | None) -> Key:
        """Return the key for a token. It depends on the algorithm, so no public key is ever used as a secret.

        Raises:
            UnknownKey: there is no such key.
            WrongToken: there never will be one: no JWKS has secrets.
        """
        if algorithm == "HS256":
            if self._secret is None:
                raise WrongToken(f"{_NOT_KNOWN} It has no secret for HS256.")
            return self._secret
        fitting = [known for known in self._public if known.algorithm == algorithm]
        if kid is not None:
            fitting = [known for known in fitting if known.kid == kid]
        if len(fitting) == 1:
            return fitting[0].key
        if fitting:
            raise TokenNeeded(
                "The token does not say which key has signed it. Put the key's id into its header as `kid`."
            )
        raise UnknownKey(_NOT_KNOWN)


class UnknownKey(TokenNeeded):
    """No key fits. The JWKS may have a new one."""


def _public_keys(document: bytes) -> tuple[_Known, ...]:
    try:
        listed = msgspec.json.decode(document)["keys"]
    except (msgspec.DecodeError, RecursionError, KeyError, TypeError):
        raise WrongKeySet('it is not a JSON object with a list named "keys"') from None
    if not isinstance(listed, list) or not 1 <= len(listed) <= MAX_KEYS:
        raise WrongKeySet(f"it must have 1 to {MAX_KEYS} keys")
    known = tuple(key for one in listed if (key := _public_key(one)) is not None)
    if not known:
        raise WrongKeySet("it has no public key for RS256 (2048 to 4096 bits), ES256 or EdDSA (Ed25519)")
    return known


def _public_key(jwk: Any) -> _Known | None:
    """Return one key of a JWKS; None if this server has no use for it. A JWKS is public, so it cannot have secrets."""
    if not isinstance(jwk, dict) or jwk.get("use", "sig") != "sig":
        return None
    match jwk.get("kty"), jwk.get("crv"):
        case "RSA", _:
            kind: type[PublicKey] = RSAKey
            algorithm = "RS256"
        case "EC", "P-256":
            kind, algorithm = ECKey, "ES256"
        case "OKP", "Ed25519":
            kind, algorithm = OKPKey, "EdDSA"
        case _:
            return None
    kid = jwk.get("kid")
    if algorithm == "RS256" and len(str(jwk.get("n"))) not in _RSA_CHARACTERS:
        return None
    if jwk.get("alg", algorithm) not in (algorithm, jwk.get("crv")) or not isinstance(kid, str | None):
        return None
    try:
        key = kind.import_key({name: value for name, value in jwk.items() if name != "d"})
        key.public_key  # noqa: B018, reads it
    except (JoseError, ValueError, TypeError) as error:
        log.warning("cannot_use_key_for_tokens", extra={"kid": str(kid)[:100], "error": str(error)[:200]})
        return None
    return _Known(kid, algorithm, key)
