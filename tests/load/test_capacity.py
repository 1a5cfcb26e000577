"""The capacity page: its table is what its formulas give."""

from __future__ import annotations

import re
from typing import Any

from tests.support.paths import ROOT

PAGE = ROOT / "docs" / "explanation" / "capacity.md"


def numbers(row: str) -> list[float]:
    return [float(cell.replace(",", "")) for cell in row.strip("|").split("|")]


def test_the_examples_are_what_the_formulas_give():
    text = PAGE.read_text(encoding="utf-8")
    formulas: dict[str, Any] = {}
    code = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)[0]
    exec(compile(code, "capacity.py", "exec"), formulas)  # noqa: S102, it is ours
    rows = re.findall(r"^\|[ \d,.|]+\|$", text.partition("## Examples")[2], re.MULTILINE)
    assert len(rows) >= 3
    for row in rows:
        readers, entries, size, *shown = numbers(row)
        found = formulas["capacity"](int(readers), int(entries), int(size))
        assert shown == [*found.values(), formulas["money"](found["processes"], found["traffic_gb"])], row
