"""Puts an archive into a directory: all of it or nothing."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from stoppress.errors import StartError

_MARK = "stoppress-export.json"
"""The file that tells an archive from any other directory."""


def check(target: Path, *, force: bool) -> None:
    """Whether there may be written.

    Raises:
        StartError: something is there; with `force`: something that is no archive.
    """
    if not target.exists() and not target.is_symlink():
        return
    if target.is_dir() and not any(target.iterdir()):
        return
    if not force:
        raise StartError(f"{target} is there already: name another directory, or replace an archive with --force")
    if not (target / _MARK).is_file():
        raise StartError(f"{target} is no archive of a blog, so --force does not replace it: name another directory")


def write(target: Path, blog: str, files: Mapping[str, bytes]) -> None:
    """Write all files beside `target`, then put the whole in its place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        for name, content in {**files, _MARK: _mark(blog, files)}.items():
            file = made / name
            if made.resolve() not in file.resolve().parents:
                raise StartError(f"the server names a file outside of the archive: {name[:200]!r}")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        made.chmod(0o755)
        _exchange(made, target)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _exchange(made: Path, target: Path) -> None:
    if target.exists():
        old = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        target.rename(old)  # onto an empty directory
        made.rename(target)
        shutil.rmtree(old)
    else:
        made.rename(target)


def _mark(blog: str, files: Mapping[str, bytes]) -> bytes:
    return json.dumps({"blog": blog, "files": sorted(files)}, indent=1).encode() + b"\n"
