"""Decompression that is shared by all connections with the same past (RFC 7692).

A node compresses once for many readers, so nearly all of them get the same compressed messages one after the other.
Each connection has a place in a tree of such pasts, and a message is decompressed once for each place.
"""

from __future__ import annotations

import zlib
from typing import Any

from stoppress.tools.swarm.frames import LONGEST, BrokenFrames


class Past:
    """What a connection was sent until now, as far as the next message may refer to it."""

    __slots__ = ("_inflater", "_next")

    def __init__(self, inflater: Any = None) -> None:
        self._inflater = inflater or zlib.decompressobj(-zlib.MAX_WBITS)
        self._next: dict[bytes, tuple[bytes, Past]] = {}

    def after(self, payload: bytes) -> tuple[bytes, Past]:
        """The message in a compressed payload, and the past with it.

        Raises:
            BrokenFrames: it does not follow on this past.
        """
        known = self._next.get(payload)
        if known is None:
            inflater = self._inflater.copy()
            try:
                message = inflater.decompress(payload + b"\x00\x00\xff\xff", LONGEST)
            except zlib.error as error:
                raise BrokenFrames(f"compressed with a context that this reader has not: {error}") from None
            known = self._next[payload] = message, Past(inflater)
        return known
