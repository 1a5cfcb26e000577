"""Where the JavaScript client is."""

from __future__ import annotations

from pathlib import Path


def client_folder() -> Path:
    """In the package, or beside it in a source tree."""
    packaged = Path(__file__).parent / "client"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "client_js" / "src"
