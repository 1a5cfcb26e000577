"""The keys of a blog in Redis, and the format of messages.

All keys of a blog contain its name as a hash tag, so that scripts may use them together on a Redis Cluster:

    stoppress:{BLOG}:line      list: the blog's history, the cursor of every change in order
    stoppress:{BLOG}:items     hash: item id -> "SEQ VERSION BODY"
    stoppress:{BLOG}:order     sorted set: item ids by seq, drafts at 0
    stoppress:{BLOG}:due       sorted set: ids of scheduled entries by publication time
    stoppress:{BLOG}:answers   hash: Idempotency-Key -> the message that answered it
    stoppress:{BLOG}:expiry    sorted set: Idempotency-Keys by expiry time
    stoppress:{BLOG}:deleted   set: the first cursor of every history that an editor deleted
    stoppress:blogs            set: the names of all blogs, deleted ones included
    stoppress:schedule         sorted set: blogs by the time of their next scheduled entry; see schedule.py

A blog exists as long as it has a history. A committed change is the same message everywhere: on the channel, as the
result of the script, and as the remembered answer to an Idempotency-Key. It consists of the cursor before the change, a
space, and in msgpack the request's fingerprint, the writes, and the time and trace of their sending. The writer makes
the tags; seqs count on from the cursor. An empty message means that the blog was deleted or restored.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from msgspec import Struct

from stoppress.model import Cursor, Item, Segment
from stoppress.store.port import Sent, Write

BLOGS = "stoppress:blogs"
SCHEDULE = "stoppress:schedule"
ALL_PARTS = "line items order due answers expiry deleted"


def key(blog: str, part: str) -> str:
    """Return the name of one key of a blog."""
    return f"stoppress:{{{blog}}}:{part}"


def keys(blog: str, parts: str) -> list[str]:
    """Return the names of several keys of a blog; `parts` is separated by spaces."""
    return [key(blog, part) for part in parts.split()]


class _PackedWrite(Struct, omit_defaults=True):
    """A `Write` with its tag. Bodies are text, because the msgpack library of Redis has no binary strings."""

    id: str
    expected: int
    body: str | None = None
    tag: str | None = None
    due: float | None = None
    erase: bool = False


class _Packed(Struct, array_like=True):
    """The msgpack part of a message."""

    fingerprint: str
    writes: list[_PackedWrite]
    at: float = 0.0
    traceparent: str = ""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Packed)


def pack_writes(fingerprint: str, writes: Sequence[Write], sent: Sent) -> bytes:
    """Return the writes in msgpack, as `commit.lua` takes them."""
    return _encoder.encode(_Packed(fingerprint, [_packed(write) for write in writes], *sent))


def _packed(write: Write) -> _PackedWrite:
    body = None if write.body is None else write.body.decode()
    return _PackedWrite(
        write.id, write.expected, body, Cursor.new_tag() if write.visible else None, write.due, write.erase
    )


class Message(NamedTuple):
    """A committed change as a message."""

    fingerprint: str
    segment: Segment
    sent: Sent

    @classmethod
    def unpack(cls, message: bytes) -> Message:
        """Unpack a message.

        Raises:
            ValueError: the bytes are not a message.
            MalformedCursor: the message does not begin with a cursor.
        """
        before, _, packed = message.partition(b" ")
        after = Cursor.parse(before.decode(errors="replace"))
        content = _decoder.decode(packed)
        tags = tuple(write.tag for write in content.writes if write.tag is not None)
        segment = Segment(after, tags, tuple(_items(after.seq, content.writes)))
        return cls(content.fingerprint, segment, Sent(content.at, content.traceparent))


def _items(seq: int, writes: list[_PackedWrite]) -> list[Item]:
    items = []
    for write in writes:
        seq += write.tag is not None
        shown = write.tag is not None and write.body is not None
        items.append(Item(write.id, seq if shown else 0, write.expected + 1, (write.body or "").encode()))
    return items


def pack_lost(lost: Segment, retracted: Sequence[str]) -> bytes:
    """Return lost changes in msgpack, as `restore.lua` takes them."""
    cursors = [str(Cursor(seq, tag)) for seq, tag in enumerate(lost.tags, lost.after.seq + 1)]
    items = [
        (item.id, item.seq, f"{item.seq} {item.version} {item.body.decode()}", item.id in retracted)
        for item in lost.items
    ]
    return _encoder.encode((cursors, items))


def unpack_item(item_id: str, value: bytes) -> Item:
    """Return an item from a value of the hash `items`: "SEQ VERSION BODY"."""
    seq, version, body = value.split(b" ", 2)
    return Item(item_id, int(seq), int(version), body)


def unpack_segment(after: bytes, cursors: list[bytes], ids: list[bytes], values: list[bytes]) -> Segment:
    """Return the segment that `read.lua` returned in parts."""
    tags = tuple(cursor.decode().partition("-")[2] for cursor in cursors)
    items = tuple(unpack_item(item_id.decode(), value) for item_id, value in zip(ids, values, strict=True))
    return Segment(Cursor.parse(after.decode()), tags, items)
