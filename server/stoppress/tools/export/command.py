"""`stoppress export`: read a blog from a server and write its archive."""

from __future__ import annotations

from pathlib import Path

import httpx

from stoppress.errors import StartError
from stoppress.tools.export.crawl import Crawl
from stoppress.tools.export.folder import ArchiveFolder

_TIMEOUT_SECONDS = 30


def export(url: str, blog: str, target: Path, *, force: bool) -> int:
    """Read a blog from a server and write its archive. Return the number of files.

    Raises:
        StartError: the directory cannot be replaced, or `url` is not an address.
        StoppressError: the blog cannot be read.
    """
    if not _is_address(url):
        raise StartError(f"{url[:100]} is not the address of a server; give one like http://127.0.0.1:8000")
    folder = ArchiveFolder(target)
    folder.check(force=force)
    with httpx.Client(base_url=url, timeout=_TIMEOUT_SECONDS, trust_env=False) as client:
        files = Crawl(client, blog).files()
    folder.write(blog, files)
    return len(files)


def _is_address(url: str) -> bool:
    try:
        return httpx.URL(url).scheme in ("http", "https") and bool(httpx.URL(url).host)
    except httpx.InvalidURL:
        return False
