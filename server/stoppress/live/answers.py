"""Updates that lead readers from their cursors to the head. All readers at one cursor share them."""

from __future__ import annotations

from stoppress.live.replica import Part, Replica
from stoppress.model import Cursor
from stoppress.wire.encodings import Codec, Encoding
from stoppress.wire.messages import Update

_PAYLOAD_BYTES = 8 * 1024 * 1024
"""The most bytes of payloads that are kept. Frames take up to four times as much. Beyond it, answers are made again."""


class UpdateCodec(Codec):
    """A codec whose updates do not have the items as they are."""

    def update(self, replica: Replica, part: Part) -> bytes:
        """Return the payload of the update that brings a part to a reader."""
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
        """Return a frame that any reader of an encoding can read, whatever it was sent before."""
        frame = self._frames.get(encoding)
        if frame is None:
            frame = self._frames[encoding] = encoding.frame("update", str(self.cursor), self.payload)
        return frame


class Answers:
    """The answers of one blog as it is now.

    Args:
        replica: the blog's state. Call `forget` after a change to it.
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
        """Return the answer to a cursor: what differs, or its first part; a reset to None or an unknown cursor."""
        answer = self._kept.get((since, codec))
        if answer is None:
            part = self._replica.sync(since, codec.part_bytes)
            answer = Answer(_payload(self._replica, part, codec), part.cursor, resets=part.since is None)
            self._keep((since, codec), answer)
        return answer

    def _keep(self, key: tuple[Cursor | None, Codec], answer: Answer) -> None:
        size = len(answer.payload) + 500  # about what a short one takes beside its payload
        if self._size + size > _PAYLOAD_BYTES:
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
