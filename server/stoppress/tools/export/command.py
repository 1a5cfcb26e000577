"""`stoppress export`: read a blog from a server and write its archive, all of it or nothing."""

from __future__ import annotations

import json
import shutil
import ssl
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

from stoppress.errors import StartError
from stoppress.tools.export.crawl import Crawl

_TIMEOUT_SECONDS = 30

_MARK = "stoppress-export.json"
"""The file that marks a directory as an archive."""


def export(url: str, blog: str, target: Path, *, force: bool, secret: str = "") -> int:
    """Read a blog from a server and write its archive. Return the number of files.

    Args:
        url: the address of the server.
        blog: the name of the blog.
        target: the directory of the archive.
        force: replace an archive that is there.
        secret: an API key or a token, for a private blog.

    Raises:
        StartError: the directory cannot be replaced, or `url` is not an address.
        StoppressError: the blog cannot be read.
    """
    if not _is_address(url):
        raise StartError(f"{url[:100]} is not the address of a server; give one like http://127.0.0.1:8000")
    _check(target, force=force)
    tls = ssl.create_default_context()  # it trusts the authorities in SSL_CERT_FILE
    auth = _bearer(httpx.URL(url), secret)
    with httpx.Client(base_url=url, timeout=_TIMEOUT_SECONDS, trust_env=False, verify=tls, auth=auth) as client:
        files = Crawl(client, blog).files()
    mark = json.dumps({"blog": blog, "files": sorted(files)}, indent=1).encode() + b"\n"
    _write(target, {**files, _MARK: mark})
    return len(files)


def _bearer(server: httpx.URL, secret: str) -> Callable[[httpx.Request], httpx.Request] | None:
    """Return what adds the secret to requests for the server, and to no others."""

    def add(request: httpx.Request) -> httpx.Request:
        if (request.url.scheme, request.url.netloc) == (server.scheme, server.netloc):
            request.headers["authorization"] = f"Bearer {secret}"
        return request

    return add if secret else None


def _is_address(url: str) -> bool:
    try:
        return httpx.URL(url).scheme in ("http", "https") and bool(httpx.URL(url).host)
    except httpx.InvalidURL:
        return False


def _check(target: Path, *, force: bool) -> None:
    """Raise `StartError` if the path exists and is not an empty directory; with `force`, if it is not an archive."""
    is_free = not target.exists() and not target.is_symlink()
    if is_free or (target.is_dir() and not any(target.iterdir())):
        return
    if not force:
        raise StartError(f"{target} already exists; choose another directory, or replace an archive with --force")
    if not (target / _MARK).is_file():
        raise StartError(
            f"{target} is not an archive of a blog, so --force does not replace it; choose another directory"
        )


def _write(target: Path, files: Mapping[str, bytes]) -> None:
    """Write all files to a temporary directory, then move it to the path."""
    target.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        for name, content in files.items():
            file = made / name
            if made.resolve() not in file.resolve().parents:
                raise StartError(f"the server names a file outside the archive, {name[:200]!r}; check --url")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        made.chmod(0o755)
        if target.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
            target.rename(old)  # onto an empty directory
            made.rename(target)
            shutil.rmtree(old)
        else:
            made.rename(target)
    finally:
        shutil.rmtree(made, ignore_errors=True)
