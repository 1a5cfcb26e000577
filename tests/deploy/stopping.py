"""How long a node takes to stop with the settings of a deployment, and after how long the guide has it killed."""

from __future__ import annotations

import re
from collections.abc import Mapping

from stoppress.process.server import GRACE_SECONDS
from stoppress.settings import load
from tests.support.paths import ROOT

GUIDE = ROOT / "docs" / "howto" / "deploy-without-a-blink.md"

_LINE = re.compile(r"^\| .* \| `(\w+)[:=] ?(\d+)s?` \|", re.MULTILINE)

KILLED_AFTER = {name: int(seconds) for name, seconds in _LINE.findall(GUIDE.read_text())}
"""Seconds, by the name of the setting; whatever is in `deploy/` has to say the same."""


def longest_stop(environ: Mapping[str, str]) -> float:
    """Seconds for the load balancer, for readers and for requests in flight."""
    settings = load(environ=environ)
    return settings.lead + settings.drain + GRACE_SECONDS
