"""Updates that lead readers from their cursors to the head, made once for all readers with the same cursor."""

from __future__ import annotations

from stoppress.live.replica import Part, Replica
from stoppress.model import Cursor
from stoppress.wire.encodings import Codec, Encoding
from stoppress.wire.messages import Update

PAYLOAD_BYTES = 8 * 1024 * 1024
"""Limit of the cached payloads. Their frames may use four times as much. A full cache is cleared."""


class UpdateCodec(Codec):
    """A codec that makes updates by itself, of other things than the items as they are."""

    def update(self, replica: Replica, part: Part) -> bytes:
        """Return the payload of the update that gives a reader this part."""
        raise NotImplementedError


class Answer:
    """An update for all readers at one cursor, and its frames."""

    __slots__ = ("_frames", "cursor", "payload", "resets")

    def __init__(self, payload: bytes, cursor: Cursor, *, resets: bool) -> None:
        self.payload = payload
        self.resets = resets
        self.cursor = cursor
        """The cursor that it leads to."""
        self._frames: dict[Encoding, bytes] = {}

    def frame(self, encoding: Encoding) -> bytes:
        """Return the bytes for a reader with this encoding of the payload's codec. They need no context."""
        frame = self._frames.get(encoding)
        if frame is None:
            frame = self._frames[encoding] = encoding.frame("update", str(self.cursor), self.payload)
        return frame


class Answers:
    """The answers of one blog at its current cursor.

    Args:
        replica: the blog's state. Call `forget` after each change of it.
    """

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._kept: dict[tuple[Cursor | None, Codec], Answer] = {}
        self._size = 0

    def forget(self) -> None:
        """Clear the cache."""
        self._kept.clear()
        self._size = 0

    def to(self, since: Cursor | None, codec: Codec) -> Answer:
        """Return the answer to a cursor: all changes, or their first part; a reset if it is None or unknown."""
        answer = self._kept.get((since, codec))
        if answer is None:
            part = self._replica.sync(since, codec.part_bytes)
            answer = Answer(_payload(self._replica, part, codec), part.cursor, resets=part.since is None)
            self._keep((since, codec), answer)
        return answer

    def _keep(self, key: tuple[Cursor | None, Codec], answer: Answer) -> None:
        size = len(answer.payload) + 500  # the approximate overhead of an answer
        if self._size + size > PAYLOAD_BYTES:
            self.forget()
        self._size += size
        self._kept[key] = answer


def _payload(replica: Replica, part: Part, codec: Codec) -> bytes:
    if isinstance(codec, UpdateCodec):
        return codec.update(replica, part)
    update = Update(
        blog=replica.blog,
        from_=None if part.since is None else str(part.since),
        cursor=str(part.cursor),
        header=None if part.header is None else part.header.raw(codec),
        entries=[entry.raw(codec) for entry in part.entries],
        more=part.more,
        older=part.older,
    )
    return codec.serialise(update)
