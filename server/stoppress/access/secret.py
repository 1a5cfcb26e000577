"""The form of API keys that are made at run time: a prefix and a checksum, so that secret scanners find them.

stp_ 41 characters, 240 random bits in base 62     6 characters, CRC-32 of everything before in base 62
"""

from __future__ import annotations

import hashlib
import re
import secrets
import zlib

PREFIX = "stp_"

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

_RANDOM_BYTES, _RANDOM_DIGITS, _CHECK_DIGITS = 30, 41, 6

_FORM = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{_RANDOM_DIGITS + _CHECK_DIGITS}}}")


def new_secret() -> str:
    """Return a secret that nobody can guess."""
    begin = PREFIX + _base62(int.from_bytes(secrets.token_bytes(_RANDOM_BYTES)), _RANDOM_DIGITS)
    return begin + _checksum(begin)


def is_secret(text: str) -> bool:
    """Return whether a text has the form and the checksum of a secret."""
    return _FORM.fullmatch(text) is not None and text[-_CHECK_DIGITS:] == _checksum(text[:-_CHECK_DIGITS])


def digest(secret: str) -> str:
    """Return what the store has in place of a secret. A fast hash is enough, because a secret has 240 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _checksum(begin: str) -> str:
    return _base62(zlib.crc32(begin.encode()), _CHECK_DIGITS)


def _base62(number: int, digits: int) -> str:
    text = ""
    for _ in range(digits):
        number, digit = divmod(number, len(_DIGITS))
        text = _DIGITS[digit] + text
    return text
