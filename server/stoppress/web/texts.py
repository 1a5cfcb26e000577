"""What the pages say by themselves, in several languages: the same files as the JavaScript client has."""

from __future__ import annotations

import json
from typing import Any

from stoppress.web.shared import shared_folder

DEFAULT = "en"

_LANGUAGES: dict[str, dict[str, Any]] = {
    file.stem: json.loads(file.read_text(encoding="utf-8")) for file in (shared_folder() / "texts").glob("*.json")
}


def texts_of(language: str | None) -> dict[str, Any]:
    """The texts of a language, in English if there are none.

    Args:
        language: a BCP 47 tag.
    """
    return _LANGUAGES.get((language or DEFAULT).lower().partition("-")[0], _LANGUAGES[DEFAULT])


def around(text: str) -> tuple[str, str]:
    """The text around a place for something, like "Coverage starts {time}"."""
    before, _, rest = text.partition("{")
    return before, rest.partition("}")[2]
