"""How a blog lies in Redis, and what is sent about it.

All keys of a blog carry its name as hash tag, so that scripts may use them together on a Redis Cluster:

    stoppress:{BLOG}:line      list: the cursor of every change, in order
    stoppress:{BLOG}:items     hash: item id -> "SEQ VERSION BODY"
    stoppress:{BLOG}:order     sorted set: item id by seq, drafts at 0
    stoppress:{BLOG}:due       sorted set: id of a scheduled entry by its time
    stoppress:{BLOG}:answers   hash: Idempotency-Key -> the message it was answered with
    stoppress:{BLOG}:expiry    sorted set: Idempotency-Key by when it is forgotten
    stoppress:{BLOG}:deleted   set: the first cursor of every line that an editor deleted
    stoppress:blogs            set: the name of every blog that there ever was

A blog exists while it has a line. A committed change is one message everywhere, on the channel, as the
script's answer and as what an Idempotency-Key remembers: the cursor before it, a space, and in msgpack the
request's fingerprint, the writes, and when and in which trace they were sent. Tags are made by the writer, and seqs
count on from the cursor. An empty message says only that something else happened to the blog: it was deleted, or put
back.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from stoppress.model import Cursor, Item, Segment, new_tag
from stoppress.store.port import Changed, Sent, Write

BLOGS = "stoppress:blogs"


def key(blog: str, part: str) -> str:
    return f"stoppress:{{{blog}}}:{part}"


def keys(blog: str, parts: str) -> list[str]:
    return [key(blog, part) for part in parts.split()]


class PackedWrite(Struct, omit_defaults=True):
    """A `Write` with its tag. Bodies are text, because Redis's msgpack does not know binary strings."""

    id: str
    expected: int
    body: str | None = None
    tag: str | None = None
    due: float | None = None
    erase: bool = False


class Packed(Struct, array_like=True):
    fingerprint: str
    writes: list[PackedWrite]
    at: float = 0.0
    traceparent: str = ""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Packed)


def pack_writes(fingerprint: str, writes: Sequence[Write], sent: Sent) -> bytes:
    """What the commit script is given."""
    return _encoder.encode(Packed(fingerprint, [_packed(write) for write in writes], *sent))


def _packed(write: Write) -> PackedWrite:
    body = None if write.body is None else write.body.decode()
    return PackedWrite(write.id, write.expected, body, new_tag() if write.visible else None, write.due, write.erase)


def unpack_message(message: bytes) -> tuple[str, Segment]:
    """The fingerprint and the change that a message is about.

    Raises:
        ValueError: it is not a message.
        MalformedCursor: it does not begin with a cursor.
    """
    content, segment = _unpacked(message)
    return content.fingerprint, segment


def unpack_hint(blog: str, message: bytes) -> Changed:
    """The hint that a message is. Raises as `unpack_message` does."""
    content, segment = _unpacked(message)
    return Changed(blog, segment, Sent(content.at, content.traceparent))


def _unpacked(message: bytes) -> tuple[Packed, Segment]:
    before, _, packed = message.partition(b" ")
    after = Cursor.parse(before.decode(errors="replace"))
    content = _decoder.decode(packed)
    tags = tuple(write.tag for write in content.writes if write.tag is not None)
    return content, Segment(after, tags, tuple(_items(after.seq, content.writes)))


def _items(seq: int, writes: list[PackedWrite]) -> list[Item]:
    items = []
    for write in writes:
        seq += write.tag is not None
        shown = write.tag is not None and write.body is not None
        items.append(Item(write.id, seq if shown else 0, write.expected + 1, (write.body or "").encode()))
    return items


def pack_lost(lost: Segment, retracted: Sequence[str]) -> bytes:
    """What the restore script is given."""
    cursors = [str(Cursor(seq, tag)) for seq, tag in enumerate(lost.tags, lost.after.seq + 1)]
    items = [
        (item.id, item.seq, f"{item.seq} {item.version} {item.body.decode()}", item.id in retracted)
        for item in lost.items
    ]
    return _encoder.encode((cursors, items))


def unpack_item(item_id: str, value: bytes) -> Item:
    seq, version, body = value.split(b" ", 2)
    return Item(item_id, int(seq), int(version), body)


def unpack_segment(after: bytes, cursors: list[bytes], ids: list[bytes], values: list[bytes]) -> Segment:
    """What the read script answered."""
    tags = tuple(cursor.decode().partition("-")[2] for cursor in cursors)
    items = tuple(unpack_item(item_id.decode(), value) for item_id, value in zip(ids, values, strict=True))
    return Segment(Cursor.parse(after.decode()), tags, items)
