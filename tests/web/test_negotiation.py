"""What a request's headers say of the answer, field by field."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from stoppress.web.negotiation import Wanted


def wanted(name: str, *lines: str) -> Wanted:
    return Wanted(Headers(raw=[(name.encode(), line.encode("latin-1")) for line in lines]))


HAS = [['"7-a"'], ['W/"7-a"'], ['"x", "7-a"'], ['"x,y" ,W/"7-a"'], ['"x"', '"7-a"'], ["*"], [" * "]]
HAS_NOT = [[], [""], ['"*"'], ['"7-a-gzip"'], ['"7-A"'], ["7-a"], ['"7-a'], ['"17-a"'], ['"x"7-a"y"']]


@pytest.mark.parametrize(
    ("lines", "current"), [*((lines, True) for lines in HAS), *((lines, False) for lines in HAS_NOT)]
)
def test_a_client_has_what_it_names(lines: list[str], current: bool):
    assert wanted("if-none-match", *lines).has('"7-a"') is current


@pytest.mark.parametrize(
    ("lines", "current"),
    [(['"7-a-gzip"'], True), (['"x"', 'W/"7-a-gzip"'], True), (['"7-a"'], False), (["*"], False), ([], False)],
)
def test_the_compressed_variant_is_another_one(lines: list[str], current: bool):
    assert wanted("if-none-match", *lines).names('"7-a-gzip"') is current


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        (["text/html, application/xml;q=0.9,*/*;q=0.8"], {"text/html": 1, "application/xml": 0.9, "*/*": 0.8}),
        (["TEXT/HTML ; level=1 ; Q=0.5"], {"text/html": 0.5}),
        (["text/html;q=2"], {"text/html": 1}),
        (["text/html;q=0.25", "a/b"], {"text/html": 0.25, "a/b": 1}),
    ],
)
def test_weights_are_those_that_are_given(lines: list[str], named: dict[str, float]):
    assert wanted("accept", *lines).weights() == named


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        *((accept, True) for accept in ("text/html", "text/html,application/json;q=0.9")),
        *((accept, False) for accept in ("application/json,text/html", "*/*", "", "text/html;q=0")),
    ],
)
def test_html_is_for_those_who_name_it_first(accept: str, html: bool):
    assert wanted("accept", accept).prefers_html() is html


def test_the_best_of_several_names_counts():
    asked = wanted("accept", "application/x-msgpack;q=0.7, application/json;q=0.6")
    assert asked.prefers(["application/msgpack", "application/x-msgpack"])
    assert not asked.prefers(["application/msgpack"])


@pytest.mark.parametrize(("coding", "accepted"), [("gzip", True), ("*", True), ("*, gzip;q=0", False), ("br", False)])
def test_gzip_is_for_those_who_accept_it(coding: str, accepted: bool):
    assert wanted("accept-encoding", coding).accepts_gzip() is accepted
