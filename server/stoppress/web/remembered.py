"""What was made once and may be asked for again, as much of it as fits."""

from __future__ import annotations

from collections.abc import Hashable

OVERHEAD = 500
"""About what a key and its place take, in bytes."""


class Remembered:
    """Bytes by key. Those that were not asked for the longest are dropped first.

    Args:
        limit: how many bytes are kept.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._values: dict[Hashable, bytes] = {}  # ascending by when they were asked for

    def get(self, key: Hashable) -> bytes | None:
        value = self._values.pop(key, None)
        if value is not None:
            self._values[key] = value
        return value

    def put(self, key: Hashable, value: bytes) -> None:
        before = self._values.pop(key, None)
        self._size += _size(key, value) - (0 if before is None else _size(key, before))
        self._values[key] = value
        while self._size > self._limit:
            oldest = next(iter(self._values))
            self._size -= _size(oldest, self._values.pop(oldest))


def _size(key: Hashable, value: bytes) -> int:
    return OVERHEAD + len(value) + (len(key) if isinstance(key, bytes) else 0)
