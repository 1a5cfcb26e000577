"""Where the data is that the server's pages and the JavaScript client have in common: texts, and sites of embeds."""

from __future__ import annotations

from pathlib import Path


def shared_folder() -> Path:
    """In the package, or beside it in a source tree."""
    packaged = Path(__file__).parent / "shared"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "client_js" / "src"
