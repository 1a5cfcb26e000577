"""A clock that a test moves by hand."""

from __future__ import annotations


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now
