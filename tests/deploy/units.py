"""What systemd reads of the files in `deploy/systemd`."""

from __future__ import annotations

from tests.support.paths import ROOT

FOLDER = ROOT / "deploy" / "systemd"
UNIT, ENVIRONMENT = FOLDER / "stoppress.service", FOLDER / "environment"


def environment_of_the_unit() -> dict[str, str]:
    """The variables of the file that comes with the unit."""
    lines = (line.strip() for line in ENVIRONMENT.read_text().splitlines())
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
