"""The number of random tries in tests. The variable TRIES sets it for all tests."""

from __future__ import annotations

import os


def tries(default: int) -> int:
    """Return TRIES, or a default with which a test takes some seconds."""
    return int(os.environ.get("TRIES", str(default)))
