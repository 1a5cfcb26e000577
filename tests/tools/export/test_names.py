"""Addresses in an archive."""

from __future__ import annotations

import pytest

from stoppress.tools.export.names import Names


@pytest.mark.parametrize(
    ("address", "archived"),
    [
        ("//host/x", "https://host/x"),
        ("\\\\host\\x", "https://host\\x"),
        ("/\\host/x", "https://host/x"),
        (" ///host", "https://host"),
        ("//live.example/static/a.css", "static/a.css"),
        ("//live.example/blogs/other", "https://live.example/blogs/other"),
        ("/blogs/other", "https://live.example/blogs/other"),
        ("https://host//x", "https://host//x"),
        ("#top", "#top"),
    ],
)
def test_an_address_works_without_the_scheme_of_the_page(address: str, archived: str):
    names = Names("council", ("http://127.0.0.1:8000", "https://live.example"))
    assert names.relative(address, "index.html") == archived
