"""Bytes that were made once and may be asked for again, as many of them as fit."""

from __future__ import annotations

from collections.abc import Hashable

from cachetools import LRUCache

_OVERHEAD_BYTES = 500
"""About what a key and its place take."""

_SHARE = 8
"""No value takes more than one part in so many of the cache: a large one would push out all others."""


class Remembered:
    """Bytes by key. Those that were not asked for the longest are dropped first.

    Args:
        limit: how many bytes are kept. Keys are small: what is large goes in as its digest.
    """

    def __init__(self, limit: int) -> None:
        self._values: LRUCache[Hashable, bytes] = LRUCache(limit, _size)

    def get(self, key: Hashable) -> bytes | None:
        return self._values.get(key)

    def put(self, key: Hashable, value: bytes) -> None:
        if _size(value) * _SHARE <= self._values.maxsize:
            self._values[key] = value


def _size(value: bytes) -> int:
    return _OVERHEAD_BYTES + len(value)
