"""The keys that sign readers' tokens and ID tokens: one secret, or the public keys of a JWKS (RFC 7517)."""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from stoppress.errors import StartError

MAX_KEYS = 100
"""Maximum number of keys in a JWKS."""

MIN_SECRET_BYTES = 32
"""Minimum length of the secret for HS256 (RFC 7518, section 3.2)."""

_RSA_CHARACTERS = range(342, 684)
"""Length of the modulus of RSA keys of 2,048 to 4,096 bits in base64url. Shorter ones are not safe."""

PublicKey = RSAKey | ECKey | OKPKey
Key = OctKey | PublicKey

log = logging.getLogger("stoppress.tokens")


_KEYS: dict[tuple[str, str | None], tuple[type[PublicKey], tuple[str, ...]]] = {
    ("RSA", None): (RSAKey, ("RS256", "PS256")),
    ("EC", "P-256"): (ECKey, ("ES256",)),
    ("OKP", "Ed25519"): (OKPKey, ("EdDSA",)),
}
"""The usable kinds of keys, and their algorithms."""


class TokenKind(NamedTuple):
    """A kind of token: its name in messages, and the algorithms that may sign it."""

    name: str
    algorithms: tuple[str, ...]
    is_kid_needed: bool
    """True if tokens need a `kid` when there are several keys, even if only one key fits the algorithm."""


READER_TOKEN = TokenKind("The token", ("HS256", "RS256", "ES256", "EdDSA"), is_kid_needed=False)

ID_TOKEN = TokenKind("The ID token of the OpenID provider", ("RS256", "PS256", "ES256", "EdDSA"), is_kid_needed=True)
"""No algorithm that needs a shared secret. For `kid` see OpenID Connect Core 1.0, section 10.1."""


class ListedKey(NamedTuple):
    """A key of a JWKS."""

    kid: str | None
    algorithms: tuple[str, ...]
    key: PublicKey


class WrongKeySet(Exception):
    """The text is not a JWKS that can be used; the message says why."""


class TokenKeys:
    """The keys by algorithm and id. An instance does not change.

    Args:
        secret: for HS256; empty: no token may be signed with it.
        public: the public keys.
    """

    def __init__(self, secret: bytes = b"", public: tuple[ListedKey, ...] = ()) -> None:
        if secret and len(secret) < MIN_SECRET_BYTES:
            advice = f"use {MIN_SECRET_BYTES} or more, as `openssl rand -base64 48` makes them"
            raise StartError(f"the secret in STOPPRESS_TOKEN_SECRET_FILE has {len(secret)} bytes; {advice}")
        self._secret = OctKey.import_key(secret) if secret else None
        self._public = public

    def with_public(self, document: bytes) -> TokenKeys:
        """Return the same secret with the public keys of a JWKS for readers' tokens. Raises `WrongKeySet`."""
        keys = TokenKeys()
        keys._secret, keys._public = self._secret, _required_keys(document)
        return keys

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TokenKeys) and self._identity() == other._identity()

    __hash__ = None  # type: ignore[assignment]

    def _identity(self) -> list[tuple[str | None, tuple[str, ...], str]]:
        return [(known.kid, known.algorithms, known.key.thumbprint()) for known in self._public]

    def __len__(self) -> int:
        """Return the number of public keys."""
        return len(self._public)

    @property
    def algorithms(self) -> list[str]:
        """The algorithms for which there is a key."""
        public = (algorithm for known in self._public for algorithm in known.algorithms)
        return sorted({*(("HS256",) if self._secret else ()), *public})

    def fitting(self, algorithm: str, kid: str | None) -> list[Key]:
        """Return the keys that may have signed a token."""
        if algorithm == "HS256":
            return [self._secret] if self._secret is not None else []
        return [known.key for known in self._public if algorithm in known.algorithms and kid in (None, known.kid)]


def _required_keys(document: bytes) -> tuple[ListedKey, ...]:
    try:
        listed = msgspec.json.decode(document)["keys"]
    except (msgspec.DecodeError, RecursionError, KeyError, TypeError):
        raise WrongKeySet('it is not a JSON object with a list named "keys"') from None
    if not isinstance(listed, list) or not 1 <= len(listed) <= MAX_KEYS:
        raise WrongKeySet(f"it must have 1 to {MAX_KEYS} keys")
    known = public_keys(listed, READER_TOKEN)
    if not known:
        raise WrongKeySet("it has no public key for RS256 (2048 to 4096 bits), ES256 or EdDSA (Ed25519)")
    return known


def public_keys(listed: Any, kind: TokenKind) -> tuple[ListedKey, ...]:
    """Return the first keys of a JWKS that this server can use. Others are left out."""
    some = listed[:MAX_KEYS] if isinstance(listed, list) else ()
    return tuple(key for one in some if (key := _public_key(one, kind.algorithms)) is not None)


def _public_key(jwk: Any, allowed: tuple[str, ...]) -> ListedKey | None:
    """Return one key of a JWKS; None if this server has no use for it. A JWKS is public, so it cannot have secrets."""
    if not isinstance(jwk, dict) or jwk.get("use", "sig") != "sig":
        return None
    kid, named, curve = jwk.get("kid"), jwk.get("alg"), jwk.get("crv")
    kind, known = next((_KEYS[one] for one in _KEYS if one == (jwk.get("kty"), curve)), (RSAKey, ()))
    algorithms = tuple(one for one in known if one in allowed and named in (None, curve, one))
    is_short = kind is RSAKey and len(str(jwk.get("n"))) not in _RSA_CHARACTERS
    if not algorithms or is_short or not isinstance(kid, str | None):
        return None
    try:
        key = kind.import_key({name: value for name, value in jwk.items() if name != "d"})
        key.public_key  # noqa: B018, reads it
    except (JoseError, ValueError, TypeError) as error:
        log.warning("cannot_use_key_for_tokens", extra={"kid": str(kid)[:100], "error": str(error)[:200]})
        return None
    return ListedKey(kid, algorithms, key)
