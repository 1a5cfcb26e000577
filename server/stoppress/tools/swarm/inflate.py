"""Decompress messages once for all connections that received the same messages before (RFC 7692).

A node compresses once for many readers, so nearly all of them get the same sequence of compressed messages. The
sequences form a tree, each connection is at one of its nodes, and a message is decompressed once for each node.
"""

from __future__ import annotations

import zlib
from typing import Any

from stoppress.tools.swarm.frames import MAX_MESSAGE_BYTES, BrokenFrames


class InflateState:
    """The state of decompression after a sequence of messages."""

    __slots__ = ("_inflater", "_next")

    def __init__(self, inflater: Any = None) -> None:
        self._inflater = inflater or zlib.decompressobj(-zlib.MAX_WBITS)
        self._next: dict[bytes, tuple[bytes, InflateState]] = {}

    def inflate(self, payload: bytes) -> tuple[bytes, InflateState]:
        """Return the message in a compressed payload, and the state after it.

        Raises:
            BrokenFrames: the payload was compressed with another context.
        """
        known = self._next.get(payload)
        if known is None:
            inflater = self._inflater.copy()
            try:
                message = inflater.decompress(payload + b"\x00\x00\xff\xff", MAX_MESSAGE_BYTES)
            except zlib.error as error:
                raise BrokenFrames(f"the message was compressed with another context: {error}") from None
            known = self._next[payload] = message, InflateState(inflater)
        return known
