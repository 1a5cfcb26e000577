"""A cache of bytes that are expensive to make."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

from cachetools import LRUCache

_OVERHEAD_BYTES = 500
"""Approximate size of a key and its place in the cache."""

_SHARE = 8
"""No value takes more than 1 / _SHARE of the cache, because a large one would push out all others."""


class _Kept(NamedTuple):
    value: bytes
    size: int


class ByteCache:
    """A cache of bytes by key. It drops the least recently used ones first.

    Args:
        limit: the size of the cache in bytes. A key of type bytes counts like a value.
    """

    def __init__(self, limit: int) -> None:
        self._values: LRUCache[Hashable, _Kept] = LRUCache(limit, lambda kept: kept.size)

    def get(self, key: Hashable) -> bytes | None:
        """Return a value, or None if it is not in the cache."""
        kept = self._values.get(key)
        return None if kept is None else kept.value

    def put(self, key: Hashable, value: bytes) -> None:
        """Keep a value, unless it is too large."""
        size = _OVERHEAD_BYTES + len(value) + (len(key) if isinstance(key, bytes) else 0)
        if size * _SHARE <= self._values.maxsize:
            self._values[key] = _Kept(value, size)
