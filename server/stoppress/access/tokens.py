"""Readers' tokens: JSON Web Tokens (RFC 7519) that open private blogs until they end.

A token is checked once. Its result is kept until the token ends, because many readers come back at the same time.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from stoppress.access.identity import Identity
from stoppress.access.key_set import READER_TOKEN, TokenKeys
from stoppress.access.signature import UnknownKey, signed_claims, time_in
from stoppress.errors import TokenNeeded, WrongToken

MAX_CHARACTERS = 4_096
"""Maximum length of a token."""

MAX_BLOGS = 100
"""Maximum number of names and patterns in the claim `blogs`."""

NAMED_SERVER = "stoppress"
"""If a token has the claim `aud`, this must be in it."""

NOT_BEFORE_LEEWAY_SECONDS = 10.0
"""Seconds by which the clock of the token's maker may be ahead."""

_MAX_CACHED = 20_000
_MAX_SUBJECT_CHARACTERS = 255

TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*")
"""The form of a token. API keys do not have it: `eyJ` is the beginning of a JSON object in base64."""

_BLOG = re.compile(r"[A-Za-z0-9_*?\[\]!-]{1,100}")


class ReaderToken(NamedTuple):
    """A valid token."""

    identity: Identity
    ends: float
    """Unix time in seconds."""


class Tokens:
    """Checks tokens.

    Args:
        keys: returns the keys that sign tokens, as they are now; None: they have not been read yet.
        clock: returns the Unix time in seconds.
        unknown_key: called when a token names a key that is not among the keys.
    """

    def __init__(
        self,
        keys: Callable[[], TokenKeys],
        clock: Callable[[], float],
        unknown_key: Callable[[], None] = lambda: None,
    ) -> None:
        self._keys = keys
        self._clock = clock
        self._unknown_key = unknown_key
        self._valid: dict[bytes, ReaderToken] = {}
        self._valid_for: TokenKeys | None = None
        self._blogs: dict[tuple[str, ...], tuple[str, ...]] = {}

    def check(self, text: str) -> ReaderToken:
        """Return a valid token.

        Raises:
            TokenNeeded: the token is not valid; the message tells its maker why.
            WrongToken: it is malformed or wrongly signed.
            StoreUnavailable: the keys have not been read yet.
        """
        if len(text) > MAX_CHARACTERS:
            raise WrongToken(f"The token has {len(text)} characters; {MAX_CHARACTERS} is the limit.")
        keys = self._keys()
        if keys is not self._valid_for:  # a key may have been withdrawn
            self._valid.clear()
            self._valid_for = keys
        digest = hashlib.blake2b(text.encode(errors="replace"), digest_size=16).digest()
        token = self._valid.get(digest)
        if token is None:
            token = self._read(text, keys)
            while len(self._valid) >= _MAX_CACHED:
                del self._valid[next(iter(self._valid))]
            self._valid[digest] = token
        if token.ends <= self._clock():
            self._valid.pop(digest, None)
            raise TokenNeeded("The token has ended (`exp`). Get a new one.")
        return token

    def _read(self, text: str, keys: TokenKeys) -> ReaderToken:
        if not TOKEN.fullmatch(text):
            raise WrongToken("The token is not a JSON Web Token. Send three parts in base64url with dots between them.")
        try:
            claims = signed_claims(text, keys, READER_TOKEN)
        except UnknownKey:
            self._unknown_key()
            raise
        return self._checked(claims)

    def _checked(self, claims: dict[str, Any]) -> ReaderToken:
        ends = _time(claims, "exp")
        begins = _time(claims, "nbf") if "nbf" in claims else 0.0
        if ends <= self._clock():
            raise TokenNeeded("The token has ended (`exp`). Get a new one.")
        if begins > self._clock() + NOT_BEFORE_LEEWAY_SECONDS:
            raise TokenNeeded("The token is not valid yet (`nbf`). Compare the clocks of both servers.")
        if "aud" in claims and NAMED_SERVER not in (
            claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        ):
            _wrong(f"`aud` must be left out or name {NAMED_SERVER!r}")
        subject = claims.get("sub", "")
        if not isinstance(subject, str) or len(subject) > _MAX_SUBJECT_CHARACTERS:
            _wrong(f"`sub` must be text of at most {_MAX_SUBJECT_CHARACTERS} characters")
        return ReaderToken(Identity("token", subject, "reader", self._shared(_blogs(claims))), ends)

    def _shared(self, blogs: tuple[str, ...]) -> tuple[str, ...]:
        """Return an equal tuple that other tokens have already, to save memory."""
        if len(self._blogs) > _MAX_CACHED // 10:
            self._blogs.clear()
        return self._blogs.setdefault(blogs, blogs)


def _blogs(claims: dict[str, Any]) -> tuple[str, ...]:
    blogs = claims.get("blogs")
    if not isinstance(blogs, list) or not 1 <= len(blogs) <= MAX_BLOGS:
        _wrong(f"`blogs` must be a list of 1 to {MAX_BLOGS} names or patterns such as sport-*")
    if not all(isinstance(blog, str) and _BLOG.fullmatch(blog) for blog in blogs):
        _wrong("`blogs` may only have names of blogs, and patterns with *, ? and [...], of at most 100 characters")
    return tuple(blogs)


def _time(claims: dict[str, Any], name: str) -> float:
    time = time_in(claims, name)
    if time is None:
        _wrong(f"`{name}` must be a time in seconds since 1970")
    return time


def _wrong(problem: str) -> NoReturn:
    raise TokenNeeded(f"The token is signed correctly, but {problem}.")
