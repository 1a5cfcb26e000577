"""Check that pip-audit's report has every package that a requirements file locks for this machine.

    python scripts/audited.py REQUIREMENTS REPORT

Run it in the environment of the audit tools, because it needs `packaging`.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LINE = re.compile(r"^[A-Za-z0-9][^\\\n]*", re.MULTILINE)
"""Matches a requirement up to its hashes."""


def main(requirements: str, report: str) -> int:
    locked = [Requirement(line) for line in LINE.findall(Path(requirements).read_text())]
    here = {canonicalize_name(one.name) for one in locked if one.marker is None or one.marker.evaluate()}
    elsewhere = {canonicalize_name(one.name) for one in locked} - here
    try:
        dependencies: list[dict[str, Any]] = json.loads(Path(report).read_text())["dependencies"]
    except ValueError:
        dependencies = []
    missing = here - {canonicalize_name(one["name"]) for one in dependencies if "skip_reason" not in one}
    if elsewhere:
        sys.stderr.write(f"audit: not looked up, because not for this machine: {', '.join(sorted(elsewhere))}\n")
    if missing:
        sys.stderr.write(f"audit: NOT LOOKED UP: {', '.join(sorted(missing))}\n")
    return 1 if missing or not here else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
