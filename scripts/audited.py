"""Whether pip-audit's report has every package that a requirements file locks.

    python scripts/audited.py REQUIREMENTS REPORT
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any


def main(requirements: str, report: str) -> int:
    locked = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==", Path(requirements).read_text(), re.MULTILINE)
    try:
        dependencies: list[dict[str, Any]] = json.loads(Path(report).read_text())["dependencies"]
    except ValueError:
        dependencies = []
    asked = {_plain(one["name"]) for one in dependencies if "skip_reason" not in one}
    missing = sorted({_plain(name) for name in locked} - asked)
    if missing:
        sys.stderr.write(f"audit: not looked up: {len(missing)} of {len(locked)} packages of {requirements}\n")
    return 1 if missing or not locked else 0


def _plain(name: str) -> str:
    """PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
