"""Write an archive into a directory: all of it or nothing."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from stoppress.errors import StartError

_MARK = "stoppress-export.json"
"""The file that marks a directory as an archive."""


class ArchiveFolder:
    """The directory of one archive.

    Args:
        target: its path.
    """

    def __init__(self, target: Path) -> None:
        self._target = target

    def check(self, *, force: bool) -> None:
        """Check that the archive may be written.

        Raises:
            StartError: the path exists; with `force`: it exists and is not an archive.
        """
        target = self._target
        if not target.exists() and not target.is_symlink():
            return
        if target.is_dir() and not any(target.iterdir()):
            return
        if not force:
            raise StartError(f"{target} already exists; choose another directory, or replace an archive with --force")
        if not (target / _MARK).is_file():
            raise StartError(
                f"{target} is not an archive of a blog, so --force does not replace it; choose another directory"
            )

    def write(self, blog: str, files: Mapping[str, bytes]) -> None:
        """Write all files to a temporary directory, then move it to the path."""
        target = self._target
        target.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        try:
            for name, content in {**files, _MARK: _mark(blog, files)}.items():
                file = made / name
                if made.resolve() not in file.resolve().parents:
                    raise StartError(f"the server names a file outside the archive, {name[:200]!r}; check --url")
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
