"""A blog as JSON lines, which `stoppress import` reads: the header, then each entry, in the order of the changes."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from stoppress.errors import StartError, StoppressError
from stoppress.tools.api_client import ApiClient, quoted

_ATTEMPTS = 5
"""Attempts to read the blog. Each starts again when the blog changes."""

_PAGE = 500


def lines_of(header: dict[str, Any], entries: Iterable[dict[str, Any]]) -> bytes:
    """Return the lines. Entries without a seq, which are drafts, come last, as they may belong to later changes."""
    ordered = sorted(entries, key=lambda one: (one.get("seq") or sys.maxsize, one["id"]))
    objects = [{"header": header}, *({"entry": one} for one in ordered)]
    return b"".join(msgspec.json.encode(one) + b"\n" for one in objects)


def export_lines(url: str, key: str, blog: str, target: str, *, force: bool) -> int:
    """Write all that editors see of a blog, with its drafts, to a file (`-`: standard output). Return the entries.

    Only the user who runs this can read the file, because of the drafts.

    Raises:
        StartError: the file exists and `force` is not set, or it cannot be written.
        StoppressError: the blog cannot be read.
    """
    path = Path(target)
    if target != "-" and path.exists() and not (force and path.is_file()):
        raise StartError(f"{target} already exists; choose another file, or replace a file with --force")
    header, entries = _read(ApiClient(url, key), blog)
    content = lines_of(header, entries)
    if target == "-":
        sys.stdout.buffer.write(content)
    else:
        _write(path, content)
    return len(entries)


def _read(client: ApiClient, blog: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    address = f"/api/blogs/{quoted(blog)}"
    with client.kept_open():
        for _ in range(_ATTEMPTS):
            before = _cursor(client, blog)
            header, entries = client.send("GET", address).json(), list(_pages(client, address))
            if _cursor(client, blog) == before:
                return header, list({one["id"]: one for one in entries}.values())
    raise StoppressError(f"blog {blog} changed during each of {_ATTEMPTS} attempts to read it; try again in a moment")


def _cursor(client: ApiClient, blog: str) -> str:
    """Return the newest cursor of a blog. Drafts have none, and may change meanwhile."""
    return str(client.exchange("HEAD", f"/blogs/{quoted(blog)}/changes").headers.get("etag", ""))


def _pages(client: ApiClient, address: str) -> Iterator[dict[str, Any]]:
    path: str | None = f"{address}/entries?limit={_PAGE}"
    while path:
        page = client.send("GET", path).json()
        yield from page["entries"]
        path = page.get("next")


def _write(path: Path, content: bytes) -> None:
    """Write a file, all of it or nothing."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except OSError as error:
        raise StartError(f"cannot write {path}: {error.strerror}; check the path") from None
