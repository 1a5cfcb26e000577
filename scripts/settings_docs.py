"""Write the settings into the pages that show them: `make docs`.

A page has two lines, `<!-- settings -->` and `<!-- /settings -->`. What is between them comes from
`server/stoppress/settings.py`.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from stoppress.settings import SETTINGS, Setting

REFERENCE, README = "docs/reference/settings.md", "README.md"

SIX = ("host", "port", "store", "keys", "workers", "public_url")
"""The settings that the README shows."""

_BLOCK = re.compile(r"(<!-- settings -->\n).*?(<!-- /settings -->\n)", re.DOTALL)


def table(page: str) -> str:
    """Return the table of settings for a page."""
    if page == README:
        return _table(["variable", "default", "meaning"], [_row(one) for one in SETTINGS if one.name in SIX])
    rows = [_row(one, f"`{one.option}`" if one.has_flag else "none") for one in SETTINGS]
    return _table(["variable", "flag", "default", "meaning"], rows)


def written(page: str, text: str) -> str:
    """Return a page's text with the table as it should be.

    Raises:
        ValueError: the page has no place for it.
    """
    text, count = _BLOCK.subn(lambda block: f"{block[1]}\n{table(page)}\n{block[2]}", text)
    if count != 1:
        raise ValueError(f"{page} needs one line <!-- settings --> and, below it, one line <!-- /settings -->")
    return text


def _row(setting: Setting, *flag: str) -> list[str]:
    default = setting.default_text
    meaning = re.sub(r"[a-z+]+:[\w/:.]*[\w/]|STOPPRESS_\w+", r"`\g<0>`", setting.help)
    return [f"`{setting.variable}`", *flag, default if default == "none" else f"`{default}`", meaning]


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [f"| {' | '.join(cells)} |" for cells in (head, *rows)]
    return "\n".join([lines[0], "|---" * len(head) + "|", *lines[1:], ""])


def main() -> None:
    for page in (REFERENCE, README):
        path = Path(__file__).parents[1] / page
        try:
            path.write_text(written(page, path.read_text(encoding="utf-8")), encoding="utf-8")
        except ValueError as error:
            sys.exit(f"settings_docs: {error}")


if __name__ == "__main__":
    main()
