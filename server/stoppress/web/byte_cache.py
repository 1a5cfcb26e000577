"""A cache of bytes that are expensive to make."""

from __future__ import annotations

from collections.abc import Hashable

from cachetools import LRUCache

_OVERHEAD_BYTES = 500
"""Approximate size of a key and its place in the cache."""

_SHARE = 8
"""No value takes more than 1 / _SHARE of the cache, because a large one would push out all others."""


class ByteCache(LRUCache[Hashable, bytes]):
    """A cache of `limit` bytes, by key. It drops the least recently used ones first."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit, lambda value: _OVERHEAD_BYTES + len(value))

    def put(self, key: Hashable, value: bytes) -> None:
        """Keep a value, unless it is too large."""
        if (_OVERHEAD_BYTES + len(value)) * _SHARE <= self.maxsize:
            self[key] = value
