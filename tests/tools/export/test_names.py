"""Addresses in an archive."""

from __future__ import annotations

from functools import partial

import pytest

from stoppress.tools.export.names import Names
from stoppress.tools.export.rewrite import ArchivedPage


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


def test_uploaded_images_are_in_the_archive_in_all_sizes():
    names = Names("council", ("https://live.example",))
    name = "a" * 26
    page = f'<source srcset="/blogs/council/media/{name}-320.avif 320w, /blogs/council/media/{name}-640.avif 640w"/>'
    archived = ArchivedPage(page, partial(names.relative, at="index.html")).html
    assert archived == f'<source srcset="media/{name}-320.avif 320w, media/{name}-640.avif 640w"/>'
    assert names.files == {f"/blogs/council/media/{name}-{w}.avif": f"media/{name}-{w}.avif" for w in (320, 640)}
    others = f"/blogs/other/media/{name}-320.avif"
    assert names.relative(others, "index.html") == f"https://live.example{others}"
