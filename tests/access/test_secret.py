"""Secrets of API keys: programs that look for leaked secrets recognise them."""

from __future__ import annotations

import re
import string
import zlib

import pytest

from stoppress.access.secret import digest, is_secret, new_secret

LETTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase


def test_secrets_have_a_prefix_and_differ():
    made = {new_secret() for _ in range(1_000)}
    assert len(made) == 1_000
    assert all(re.fullmatch(r"stp_[0-9A-Za-z]{47}", secret) and is_secret(secret) for secret in made)
    assert {letter for secret in made for letter in secret[5:]} >= set(LETTERS), "all digits occur"


def test_the_checksum_is_that_of_the_documentation():
    secret = new_secret()
    number = 0
    for letter in secret[-6:]:
        number = 62 * number + LETTERS.index(letter)
    assert number == zlib.crc32(secret[:-6].encode())


@pytest.mark.parametrize("position", [4, 20, 44, 45, 50])
def test_a_mistyped_secret_is_noticed_without_the_store(position: int):
    secret = new_secret()
    for letter in LETTERS:
        mistyped = secret[:position] + letter + secret[position + 1 :]
        assert is_secret(mistyped) is (mistyped == secret)


@pytest.mark.parametrize("text", ["", "stp_", "stp_" + "0" * 47, "ghp_" + "0" * 47, "stp_" + "é" * 47, "x" * 10_000])
def test_other_texts_are_not_secrets(text: str):
    assert not is_secret(text)
    assert not is_secret(new_secret() + text + "\n")


def test_the_store_has_a_hash():
    secret = new_secret()
    assert re.fullmatch("[0-9a-f]{64}", digest(secret))
    assert digest(secret) == digest(secret) != digest(new_secret())
