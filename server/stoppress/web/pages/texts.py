"""The texts of pages in several languages: ours, and those that a publisher adds or replaces."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

_OURS = Path(__file__).parent / "languages"
DEFAULT = "en"

_RIGHT_TO_LEFT = "ar ckb dv fa he iw nqo ps sd ug ur yi".split()
"""Languages that are written from right to left, unless their tag names another script."""

SAID_LIVE = (
    *("scheduled", "live", "paused", "ended", "refused", "reconnecting", "offline"),
    *("empty", "empty_key", "loading", "load_failed", "fresh", "is_retracted", "is_corrected"),
    *("older_updates", "newer_updates", "newest_updates", "visited_before"),
)
"""The texts that the JavaScript client needs; the others are in the markup."""


class _Text(str):
    """A text that may have a placeholder, as in "Coverage starts {time}"."""

    @property
    def before(self) -> str:
        return self.partition("{")[0]

    @property
    def after(self) -> str:
        return self.partition("{")[2].partition("}")[2]


class Texts:
    """The texts of all languages, each in a file `LANGUAGE.json`: the first part of a BCP 47 tag.

    Args:
        folder: the publisher's files; what they leave out is said in our words, or in English.

    Raises:
        ValueError: a file has a text that the server does not know; the message names both.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._languages = {file.stem: _read(file) for file in _OURS.glob("*.json")}
        default = self._languages[DEFAULT]
        for file in sorted(folder.glob("*.json")) if folder else ():
            if not re.fullmatch("[a-z]{2,8}", file.stem):
                raise ValueError(f"{file}: name the file after a language, such as fr.json, which is also for fr-CA")
            known = self._languages.get(file.stem, default)
            self._languages[file.stem] = known | _checked(file, _read(file), default)

    @property
    def languages(self) -> list[str]:
        return sorted(self._languages)

    def language(self, tag: str | None) -> str:
        """Return the language of ours that fits a tag, or `en`."""
        first = (tag or DEFAULT).lower().partition("-")[0]
        return first if first in self._languages else DEFAULT

    def of(self, tag: str | None) -> dict[str, Any]:
        """Return the texts of the language of a BCP 47 tag, or the English ones."""
        return self._languages[self.language(tag)]


def direction_of(tag: str | None) -> str:
    """Return `ltr` or `rtl`, for the attribute `dir`."""
    first, *rest = (tag or DEFAULT).lower().split("-")
    if "latn" in rest or "cyrl" in rest:
        return "ltr"
    return "rtl" if first in _RIGHT_TO_LEFT or "arab" in rest or "hebr" in rest else "ltr"


def _read(file: Path) -> dict[str, Any]:
    try:
        texts = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{file} is not valid JSON: {error}") from None
    if not isinstance(texts, dict):
        raise ValueError(f"{file}: the file must contain a JSON object of texts")
    return {name: _Text(text) if isinstance(text, str) else text for name, text in texts.items()}


def _checked(file: Path, texts: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    for name, text in texts.items():
        if name not in known:
            raise ValueError(f"{file}: unknown text {name}; the names are {', '.join(known)}")
        if not _is_like(text, known[name]):
            raise ValueError(f"{file}: {name} must have the form of {json.dumps(known[name])}")
    return texts


def _is_like(text: Any, known: Any) -> bool:
    if isinstance(known, str):
        return isinstance(text, str)
    return isinstance(text, dict) and "other" in text and all(isinstance(one, str) for one in text.values())
