"""Identities: the blogs they are for, and what belongs to them."""

from __future__ import annotations

import pytest

from stoppress.access.identity import EVERY_BLOG, Identity


@pytest.mark.parametrize(
    ("blogs", "blog", "is_for"),
    [
        (EVERY_BLOG, "election", True),
        (("election",), "election", True),
        (("election",), "elections", False),
        (("election",), "Election", False),
        (("sport-*", "election"), "sport-2026", True),
        (("sport-*", "election"), "xsport-2026", False),
        (("match-?",), "match-10", False),
        ((), "election", False),
    ],
)
def test_an_identity_may_be_limited_to_blogs(blogs: tuple[str, ...], blog: str, is_for: bool):
    assert Identity("key", "ann", "editor", blogs).is_for(blog) is is_for


def test_an_identity_has_its_own_scope_or_its_name():
    assert Identity("key", "ann", "editor").id == "ann"
    assert Identity("person", "ann", "editor", scope="person:ann").id == "person:ann"


@pytest.mark.parametrize(
    ("own", "pattern", "is_for_all"),
    [
        (EVERY_BLOG, "*", True),
        (("election",), "election", True),
        (("election",), "*", False),
        (("sport-*",), "sport-2026", True),
        (("sport-*",), "sport-*", True),
        (("sport-*",), "sport-2026-*", True),
        (("sport-*",), "sport-?", True),
        (("sport-*",), "sport-[ab]*", True),
        (("sport-*",), "sport*", False),
        (("sport-*",), "[s]port-1", False),
        (("sport-?",), "sport-1", True),
        (("sport-?",), "sport-*", False),
        (("sport-[ab]",), "sport-a", True),
        (("sport-[ab]",), "sport-?", False),
        (("a", "b"), "[ab]", False),
        ((), "election", False),
    ],
)
def test_an_identity_is_for_all_blogs_of_a_pattern(own: tuple[str, ...], pattern: str, is_for_all: bool):
    assert Identity("key", "ann", "admin", own).is_for_all([pattern]) is is_for_all
