"""SECURITY.md names tests that there are."""

from __future__ import annotations

import re

from tests.support.paths import ROOT


def test_each_defence_names_a_test_that_there_is():
    rows = [line for line in (ROOT / "SECURITY.md").read_text().splitlines() if "`tests/" in line]
    assert len(rows) > 10
    for row in rows:
        named = re.findall(r"`(tests/\S+\.py)`: ((?:`test_\w+`(?:, )?)+)", row)
        assert len(named) == row.count(".py`"), row
        for file, names in named:
            source = (ROOT / file).read_text()
            assert [name for name in re.findall(r"`(\w+)`", names) if f"def {name}(" not in source] == [], file
