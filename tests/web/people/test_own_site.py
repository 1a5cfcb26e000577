"""Which requests come from a page of this site."""

from __future__ import annotations

from contextlib import suppress

import pytest
from starlette.requests import Request

from stoppress.access.people.session_checks import csrf_token
from stoppress.web.people.own_site import OwnSite
from stoppress.web.problems import HTTPError

SECRET = "A" * 43


def is_from_here(site: OwnSite, **headers: str) -> bool:
    raw = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    raw.append((b"stoppress-csrf", csrf_token(SECRET).encode()))
    with suppress(HTTPError):
        site.require_write(Request({"type": "http", "headers": raw}), SECRET)
        return True
    return False


@pytest.mark.parametrize("token", ["", "wrong", "\xe9", csrf_token("B" * 43), "x" * 10_000])
def test_another_token_is_refused(token: str):
    headers = [(b"sec-fetch-site", b"same-origin"), (b"stoppress-csrf", token.encode("latin-1"))]
    with pytest.raises(HTTPError, match="The header `Stoppress-CSRF` is") as refusal:
        OwnSite("").require_write(Request({"type": "http", "headers": headers}), SECRET)
    assert refusal.value.status == 403


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("https://live.example.org", True),
        ("https://LIVE.example.org", True),
        ("http://live.example.org", False),
        ("https://live.example.org:8443", False),
        ("https://live.example.org.evil.example", False),
        ("https://example.org", False),
        ("", False),
        ("null", False),
    ],
)
def test_with_a_public_address_only_that_origin_counts(origin: str, expected: bool):
    site = OwnSite("https://live.example.org")
    assert is_from_here(site, origin=origin, host="anything") is expected


@pytest.mark.parametrize(
    ("host", "origin", "expected"),
    [
        ("live.example.org", "https://live.example.org", True),
        ("localhost:8000", "http://localhost:8000", True),
        ("[::1]:8000", "http://[::1]:8000", True),
        ("localhost:8000", "http://localhost:8001", False),
        ("live.example.org", "https://evil.example", False),
        ("live.example.org", "https://user@live.example.org", False),
        ("", "", False),
        ("", "null", False),
        ("x", "http://[x", False),
    ],
)
def test_without_a_public_address_the_host_of_the_request_counts(host: str, origin: str, expected: bool):
    assert is_from_here(OwnSite(""), origin=origin, host=host) is expected


@pytest.mark.parametrize(
    ("site", "expected"), [("same-origin", True), ("same-site", False), ("none", False), ("", False)]
)
def test_what_the_browser_says_counts_before_the_origin(site: str, expected: bool):
    own = OwnSite("https://live.example.org")
    assert is_from_here(own, sec_fetch_site=site, origin="https://live.example.org") is expected
    assert is_from_here(own, sec_fetch_site=site) is expected
