"""Cursors that no blog has, and texts that are not cursors."""

from __future__ import annotations

UNKNOWN_CURSORS = ["1-aaaaaaaaaaaaa", "999-aaaaaaaaaaaaa", "999999999999999-Zz9"]


MALFORMED_CURSORS = ["", "1", "-", "0-a", "x-y", "1-", "-a", "01-a", "1-ä", "1-a b", "1_a", "1-" + "a" * 33, "\u0661-a"]
