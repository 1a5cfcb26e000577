"""ID tokens that are valid, and all kinds that are not."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from stoppress.access.key_set import ID_TOKEN, PublicKey, TokenKeys, public_keys
from stoppress.access.openid.id_token import Expected, KeyNotListed, checked_claims
from stoppress.errors import SignInRefused
from tests.support.tokens import signed as token_of

NOW = 1_800_000_000.0

EXPECTED = Expected("https://id.example.org", "stoppress", "nonce-of-the-browser")

CLAIMS: dict[str, Any] = {
    "iss": "https://id.example.org",
    "aud": "stoppress",
    "sub": "ann",
    "exp": NOW + 60,
    "iat": NOW,
    "nonce": "nonce-of-the-browser",
}

RSA = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
EC = ECKey.generate_key("P-256", {"kid": "ec"})
ED = OKPKey.generate_key("Ed25519", {"kid": "ed"})
OTHER = RSAKey.generate_key(2048, {"kid": "rsa"})

JWKS = {"keys": [key.as_dict(private=False) for key in (RSA, EC, ED)]}

KEYS = TokenKeys(public=public_keys(JWKS["keys"], ID_TOKEN))


def signed(key: PublicKey = RSA, algorithm: str = "RS256", head: dict[str, Any] | None = None, **changes: Any) -> str:
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not None}
    header = {"kid": key.kid} | (head or {})
    return token_of(claims, key, algorithm, **{name: value for name, value in header.items() if value})


def unsigned(header: dict[str, Any]) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (header, CLAIMS)]
    return ".".join([*parts, ""])


def signed_with_a_public_key(secret: bytes) -> str:
    begin = unsigned({"alg": "HS256", "kid": "rsa"}).rstrip(".")
    return f"{begin}.{base64.urlsafe_b64encode(hmac.digest(secret, begin.encode(), 'sha256')).decode().rstrip('=')}"


def check(token: str, keys: TokenKeys = KEYS) -> dict[str, Any]:
    return checked_claims(token, keys, EXPECTED, NOW)


@pytest.mark.parametrize(
    ("key", "algorithm"), [(RSA, "RS256"), (RSA, "PS256"), (EC, "ES256"), (ED, "EdDSA")], ids=lambda one: str(one)[:9]
)
def test_a_valid_token_has_claims(key: PublicKey, algorithm: str):
    assert check(signed(key, algorithm, groups=["newsroom"]))["groups"] == ["newsroom"]


def test_claims_may_have_the_forms_of_the_specification():
    for changes in (
        {"aud": ["stoppress"]},
        {"aud": ["stoppress", "other"], "azp": "stoppress"},
        {"exp": NOW - 20},
        {"iat": NOW + 20},
    ):
        assert check(signed(**changes))["sub"] == "ann"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"iss": "https://evil.example"}, "another issuer"),
        ({"iss": "https://id.example.org/"}, "another issuer"),
        ({"iss": None}, "another issuer"),
        ({"aud": "other"}, "another client"),
        ({"aud": ["stoppress", "other"]}, "another client"),
        ({"aud": ["stoppress", "other"], "azp": "other"}, "another client"),
        ({"aud": None}, "another client"),
        ({"aud": 7}, "another client"),
        ({"exp": NOW - 31}, "has ended"),
        ({"exp": None}, "no time in `exp`"),
        ({"exp": True}, "no time in `exp`"),
        ({"iat": NOW + 31}, "from the future"),
        ({"iat": None}, "no time in `iat`"),
        ({"nonce": "another"}, "another sign-in"),
        ({"nonce": None}, "another sign-in"),
        ({"nonce": ["nonce-of-the-browser"]}, "another sign-in"),
        ({"nonce": "é"}, "another sign-in"),
        ({"sub": None}, "does not say whose"),
        ({"sub": ""}, "does not say whose"),
        ({"sub": "x" * 256}, "does not say whose"),
    ],
)
def test_a_token_with_wrong_claims_is_refused(changes: dict[str, Any], message: str):
    with pytest.raises(SignInRefused, match=message):
        check(signed(**changes))


def test_a_token_that_is_not_signed_by_the_provider_is_refused():
    public = json.dumps(RSA.as_dict(private=False)).encode()
    pem = RSA.as_pem(private=False)
    forged = [
        signed(OTHER),
        unsigned({"alg": "none"}),
        unsigned({"alg": "none", "kid": "rsa"}),
        *map(signed_with_a_public_key, (public, pem)),
        signed(EC, "ES256", {"kid": "rsa"}),
        signed(RSA, "RS512"),
        signed()[:-4] + "AAAA",
        signed().replace(".", "..", 1),
        "x.y.z",
        "",
        "é.é.é",
        "[" * 5_000,
        "a" * 40_000,
    ]
    for token in forged:
        with pytest.raises(SignInRefused):
            check(token)


def test_an_unknown_key_is_told_from_a_wrong_one():
    new = RSAKey.generate_key(2048, {"kid": "new"})
    with pytest.raises(KeyNotListed):
        check(signed(new))
    with pytest.raises(KeyNotListed):
        check(signed(RSA, head={"kid": None}))
    assert check(signed(RSA, head={"kid": None}), TokenKeys(public=public_keys(JWKS["keys"][:1], ID_TOKEN)))


@pytest.mark.parametrize("listed", [None, [], {}, 7, "x", [None, 7, {}, {"kty": "x"}, {"kty": "RSA"}, {"kty": []}]])
def test_a_jwks_without_usable_keys_has_none(listed: Any):
    assert public_keys(listed, ID_TOKEN) == ()


def test_keys_that_cannot_be_used_do_not_hide_others():
    keys = [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "secret"},
        {**RSA.as_dict(private=False), "use": "enc", "kid": "enc"},
        {**RSA.as_dict(private=False), "n": "!", "kid": "broken"},
        {**RSA.as_dict(private=False), "kid": 7},
        *JWKS["keys"],
    ]
    assert {key.kid for key in public_keys(keys, ID_TOKEN)} == {"rsa", "ec", "ed"}
