"""Editors' keys: what they look like, and what a malformed one is told."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from stoppress.errors import StartError
from stoppress.web.editors.auth import Keys


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("  \n", 0),
        ("ann:editor:secret-of-ann", 1),
        ("ann:editor:secret-of-ann\tbob:editor:secret-of-bob\n", 2),
        ("ann:editor:with:colons:in:it", 1),
        ("ann:editor:with,commas;and:colons,in:it", 1),
        ("ann:editor:of-the:editor:in-chief", 1),
        ("änn:editor:schlüsselwort", 1),
    ],
)
def test_keys_are_separated_by_white_space(text: str, count: int):
    assert len(Keys(text)) == count


@pytest.mark.parametrize(
    ("text", "message"),
    [
        *(
            (key, "key 1 of STOPPRESS_KEYS is malformed")
            for key in ("ann", "ann:editor", "ann:editor:", ":editor:secret-o")
        ),
        ("ann:editor:secret-of-ann bob", "key 2 of STOPPRESS_KEYS is malformed"),
        (
            "ann:king:secret-of-ann",
            "key 'ann' of STOPPRESS_KEYS has the unknown role 'king'; use reader, contributor, editor, admin",
        ),
        ("ann:editor:secret-one ann:editor:secret-two", "two keys named 'ann'"),
        *(
            (f"ann:editor:secret-o{separator}bob:editor:secret-o", "key 'ann' .* contains another key; separate")
            for separator in (",", ";", "|", ",,")
        ),
        ("ann:editor:secret-o\nf-ann", "key 2 of STOPPRESS_KEYS is malformed; .* without spaces or line breaks"),
    ],
)
def test_a_malformed_key_is_told_what_to_do(text: str, message: str):
    with pytest.raises(StartError, match=message) as refusal:
        Keys(text)
    assert "secret-o" not in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_server_without_keys_says_how_to_give_it_one():
    error = Keys("").unauthorised(Request({"type": "http", "headers": []}))
    assert error.status == 401
    assert "STOPPRESS_KEYS=name:admin:SECRET" in str(error)
