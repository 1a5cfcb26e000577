"""Readers' tokens: the good ones, and everything that is wrong with the others."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from stoppress.access.key_set import TokenKeys, WrongKeySet
from stoppress.access.tokens import MAX_CHARACTERS, Tokens
from stoppress.errors import StartError, TokenNeeded, WrongToken
from tests.support.tokens import HMAC, SECRET, Key, claims, glued, sealed, signed

RSA, EC, ED = RSAKey.generate_key(2048), ECKey.generate_key("P-256"), OKPKey.generate_key("Ed25519")
SHORT_RSA = {"kty": "RSA", "e": "AQAB", "n": "r" * 171}  # 1024 bits
OTHER_RSA = RSAKey.generate_key(2048)

PUBLIC: dict[str, Key] = {"RS256": RSA, "ES256": EC, "EdDSA": ED}


def jwks(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": keys}).encode()


def public(key: RSAKey | ECKey | OKPKey, **more: Any) -> dict[str, Any]:
    return {**key.as_dict(private=False), **more}


KEYS = TokenKeys(SECRET.encode()).with_public(jwks(public(RSA, kid="r"), public(EC, kid="e"), public(ED, kid="d")))


def tokens(keys: TokenKeys = KEYS) -> Tokens:
    return Tokens(lambda: keys, time.time)


@pytest.mark.parametrize("algorithm", ["HS256", *PUBLIC])
def test_a_token_of_every_algorithm_opens_its_blogs(algorithm):
    content = claims(["sport-*", "election"], nbf=time.time())
    token = tokens().check(signed(content, PUBLIC.get(algorithm, HMAC), algorithm))
    assert token.ends == content["exp"]
    assert token.identity[:4] == ("token", "ann", "reader", ("sport-*", "election"))
    assert [token.identity.is_for(blog) for blog in ("sport-1", "election", "other")] == [True, True, False]


def test_a_token_may_say_more_than_it_has_to():
    assert tokens().check(signed(claims(aud=["x", "stoppress"], iat=1, roles=[]), typ="JWT", kid="any", x="y"))


def test_the_same_token_is_checked_once():
    checker, token = tokens(), signed()
    assert checker.check(token) is checker.check(token)


def test_a_token_ends_although_it_was_checked_before():
    now = time.time()
    checker = Tokens(lambda: KEYS, lambda: now)
    token = signed(claims(exp=now + 5))
    checker.check(token)
    now += 5
    with pytest.raises(TokenNeeded, match="has ended"):
        checker.check(token)


def test_a_token_is_checked_again_after_the_keys_have_changed():
    keys = KEYS
    checker = Tokens(lambda: keys, time.time)
    token = signed(key=RSA, algorithm="RS256", kid="r")
    checker.check(token)
    keys = TokenKeys().with_public(jwks(public(OTHER_RSA, kid="r")))
    with pytest.raises(TokenNeeded, match="signature"):
        checker.check(token)


PEM = RSA.as_pem(private=False)
"""A public key, which somebody takes as the secret of HS256: that is what swapping algorithms means."""

DEEP = b'{"a":' * 900 + b"1" + b"}" * 900

WRONG = {
    "nothing": ("", "not a JSON Web Token"),
    "no token": ("hello", "not a JSON Web Token"),
    "two parts": (signed().rpartition(".")[0], "not a JSON Web Token"),
    "four parts": (signed() + ".x", "not a JSON Web Token"),
    "other letters": (signed() + "é", "not a JSON Web Token"),
    "a NUL": (signed() + "\0", "not a JSON Web Token"),
    "a line break": (signed() + "\n", "not a JSON Web Token"),
    "10 KB": (signed(claims(pad="x" * 10_000)), f"{MAX_CHARACTERS} is the limit"),
    "a long header": (signed(x="y" * 2_100), "first part"),
    "a broken header": ("eyJh.e30.e30", "first part"),
    "a header that is a list": (f"eyJ{glued([1], {})}", "first part"),
    "a header without alg": (glued({"a": 1}, {}), "first part"),
    "alg none": (glued({"alg": "none"}, claims()), "`alg` is not allowed"),
    "alg None": (glued({"alg": "None"}, claims()), "`alg` is not allowed"),
    "alg null": (glued({"alg": None}, claims()), "`alg` is not allowed"),
    "alg a list": (glued({"alg": ["HS256"]}, claims()), "`alg` is not allowed"),
    "another algorithm": (signed(algorithm="HS512"), "`alg` is not allowed"),
    "kid a number": (glued({"alg": "RS256", "kid": 1}, claims()), "`kid` must be text"),
    "an unknown kid": (signed(key=RSA, algorithm="RS256", kid="new"), "does not know"),
    "another key": (signed(key=OTHER_RSA, algorithm="RS256", kid="r"), "signature"),
    "another secret": (signed(key=OctKey.import_key("x" * 40)), "signature"),
    "a swapped algorithm": (sealed(PEM, claims(), kid="r"), "signature"),
    "no signature": (glued({"alg": "HS256"}, claims()), "signature"),
    "a changed payload": (".".join((signed().split(".")[0], signed(claims(["b"])).split(".")[1], "AA")), "signature"),
    "a critical extension": (glued({"alg": "HS256", "crit": ["x"], "x": 1}, claims()), "signature"),
    "its own key": (glued({"alg": "RS256", "jwk": public(OTHER_RSA)}, claims()), "signature"),
    "no JSON": (signed(b"{"), "must be a JSON object"),
    "no UTF-8": (signed(b"\xff"), "must be a JSON object"),
    "deep JSON": (signed(DEEP[:1500] + DEEP[-2:]), "must be a JSON object"),
    "a list": (signed(b"[1]"), "must be a JSON object"),
    "no end": (signed({"blogs": ["*"]}), "`exp` must be a time"),
    "an end that is text": (signed(claims(exp="tomorrow")), "`exp` must be a time"),
    "an end that is true": (signed(claims(exp=True)), "`exp` must be a time"),
    "an end after all days": (signed(claims(exp=1e300)), "`exp` must be a time"),
    "an end that is not a number": (signed(b'{"exp":NaN,"blogs":["*"]}'), "must be a JSON object"),
    "an infinite end": (signed(b'{"exp":1e999,"blogs":["*"]}'), "must be a"),
    "expired": (signed(claims(seconds=-1)), "has ended"),
    "not yet valid": (signed(claims(nbf=time.time() + 86_400)), "not valid yet"),
    "nbf is text": (signed(claims(nbf="now")), "`nbf` must be a time"),
    "no blogs": (signed({"exp": time.time() + 3_600}), "`blogs` must be a list"),
    "blogs is text": (signed(claims() | {"blogs": "*"}), "`blogs` must be a list"),
    "an empty list": (signed(claims([])), "`blogs` must be a list"),
    "a thousand blogs": (signed(claims(["a"] * 1_000)), "is the limit|must be a list of 1 to 100"),
    "101 blogs": (signed(claims(["a"] * 101)), "must be a list of 1 to 100"),
    "a number for a blog": (signed(claims([1])), "may only have names"),
    "a long blog": (signed(claims(["a" * 101])), "may only have names"),
    "another letter": (signed(claims(["a/b"])), "may only have names"),
    "sub is a number": (signed(claims(sub=1)), "`sub` must be text"),
    "sub is long": (signed(claims(sub="x" * 256)), "`sub` must be text"),
    "another audience": (signed(claims(aud="shop")), "`aud` must"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_token_is_refused_with_a_reason(name):
    text, reason = WRONG[name]
    with pytest.raises(TokenNeeded, match=reason) as refused:
        tokens().check(text)
    assert SECRET not in str(refused.value)


NAMES = list(WRONG)
SIGNED = {*NAMES[NAMES.index("no JSON") :], "an unknown kid"} - {"a thousand blogs"}
"""Tokens that a maker of tokens has signed, or may have: their senders do not guess."""


@pytest.mark.parametrize("name", WRONG)
def test_only_what_nobody_can_have_signed_is_a_guess(name):
    with pytest.raises(TokenNeeded) as refused:
        tokens().check(WRONG[name][0])
    assert isinstance(refused.value, WrongToken) == (name not in SIGNED)


def test_a_public_key_is_no_secret_where_there_is_none():
    checker = tokens(TokenKeys().with_public(jwks(public(RSA, kid="r"))))
    with pytest.raises(WrongToken, match="does not know"):
        checker.check(sealed(PEM, claims(), kid="r"))


def test_an_unknown_kid_asks_for_new_keys():
    asked: list[bool] = []
    checker = Tokens(lambda: KEYS, time.time, lambda: asked.append(True))
    with pytest.raises(TokenNeeded):
        checker.check(signed(key=RSA, algorithm="RS256", kid="new"))
    assert asked == [True]


def test_patterns_of_many_stars_are_fast():
    began = time.process_time()
    token = tokens().check(signed(claims(["*a" * 49 + "!"] * 20)))
    assert not token.identity.is_for("a" * 100)
    assert time.process_time() - began < 0.5


def test_a_token_without_kid_needs_one_if_there_are_two_keys():
    checker = tokens(TokenKeys().with_public(jwks(public(RSA, kid="a"), public(OTHER_RSA, kid="b"))))
    assert checker.check(signed(key=RSA, algorithm="RS256", kid="a"))
    with pytest.raises(TokenNeeded, match="which key"):
        checker.check(signed(key=RSA, algorithm="RS256"))


def test_a_short_secret_is_not_taken():
    with pytest.raises(StartError, match="has 31 bytes; use 32 or more"):
        TokenKeys(b"x" * 31)


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (b"", "not a JSON object"),
        (b"[]", "not a JSON object"),
        (b'{"keys":{}}', "1 to 100 keys"),
        (b'{"keys":[]}', "1 to 100 keys"),
        (jwks(*[{"kty": "x"}] * 101), "1 to 100 keys"),
        (jwks({"kty": "oct", "k": "c2VjcmV0"}), "no public key"),
        (jwks(public(RSA, use="enc")), "no public key"),
        (jwks(public(RSA, alg="HS256")), "no public key"),
        (jwks(SHORT_RSA), "no public key"),
        (jwks(public(ECKey.generate_key("P-384"))), "no public key"),
        (jwks({"kty": "RSA", "n": "!", "e": "AQAB"}), "no public key"),
        (jwks({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}), "no public key"),
        (b"[" * 100_000, "not a JSON object"),
    ],
)
def test_a_wrong_key_set_is_not_taken(document, problem):
    with pytest.raises(WrongKeySet, match=problem):
        TokenKeys().with_public(document)


def test_a_key_that_cannot_be_used_does_not_hide_the_others():
    keys = TokenKeys().with_public(jwks({"kty": "RSA", "n": "!", "e": "AQAB"}, 1, public(RSA, kid="r")))  # type: ignore[arg-type]
    assert tokens(keys).check(signed(key=RSA, algorithm="RS256"))
