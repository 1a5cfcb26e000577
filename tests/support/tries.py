"""How often the tests that try something at random do so. The variable TRIES sets it for all of them."""

from __future__ import annotations

import os


def tries(default: int) -> int:
    """Return TRIES, or a default with which a test takes some seconds."""
    return int(os.environ.get("TRIES", str(default)))
