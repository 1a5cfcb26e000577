"""The keys of a blog in Redis, and the format of messages.

All keys of a blog contain its name as a hash tag, so that scripts may use them together on a Redis Cluster:

    stoppress:{BLOG}:line      list: the blog's history, the cursor of every change in order
    stoppress:{BLOG}:items     hash: item id -> "SEQ VERSION BODY"
    stoppress:{BLOG}:order     sorted set: item ids by seq, drafts at 0, scheduled entries at minus the time
    stoppress:{BLOG}:due       sorted set: ids of scheduled entries by publication time, and markers of visible items by
                               the time at which these are due; see due.lua
    stoppress:{BLOG}:answers   hash: Idempotency-Key -> the message that answered it
    stoppress:{BLOG}:expiry    sorted set: Idempotency-Keys by expiry time
    stoppress:{BLOG}:removed   sorted set: ids of removed drafts by the time of removal, for a day
    stoppress:{BLOG}:versions  hash: earlier versions of entries; see past.lua
    stoppress:{BLOG}:audit     stream: who did what, also in a deleted blog; see past.lua
    stoppress:{BLOG}:deleted   set: the first cursor of every deleted history, and "0-N" for the Nth deletion
    stoppress:blogs            set: the names of all blogs, deleted ones included
    stoppress:schedule         sorted set: blogs by the time of their next scheduled entry; see schedule.py
    stoppress:{-accounts}:...  API keys and other records, and the audit of the site; see ../accounts/redis.py

The address of the store can name another prefix than `stoppress:`, so that several sites can share a Redis.

A blog exists as long as it has a history. A committed change is the same message everywhere: on the channel, as the
result of the script, and as the remembered answer to an Idempotency-Key. It consists of the cursor before the change, a
space, and in msgpack the request's fingerprint, the writes, and the time and trace of their sending. The writer makes
the tags; seqs count on from the cursor. An empty message means that the blog was deleted or restored, and
`DAMAGED_MESSAGE` that a node could not read it. `WATCHED_MESSAGE` and a node: that desks are open there.

The first tag of a history, its epoch, ends in `GN` if the name had been deleted N times before. So a replica knows
itself which deletions its history has survived, even if the store has lost its record of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
from msgspec import Struct

from stoppress.errors import BlogDamaged, MalformedCursor
from stoppress.model import START, Cursor, Item, Segment
from stoppress.store.port import Sent, Write

DEFAULT_PREFIX = "stoppress:"
DAMAGED_MESSAGE = b"damaged"
WATCHED_MESSAGE = b"watched "
MARKER = ":due"
"""The end of the id of a marker; see due.lua."""
ALL_PARTS = "line items order due answers expiry removed versions audit deleted"
ACCOUNTS = "-accounts"
"""The hash tag of the keys of accounts, see `store/accounts/redis.py`. No blog can have this name."""
ACCOUNTS_PARTS = "records ids ends audit"


class KeyNames(NamedTuple):
    """The names of a site's keys and channels."""

    prefix: str = DEFAULT_PREFIX
    database: int = 0

    @property
    def blogs(self) -> str:
        """The key of the set of all blogs."""
        return f"{self.prefix}blogs"

    @property
    def schedule(self) -> str:
        """The key of the index of schedules."""
        return f"{self.prefix}schedule"

    def key(self, blog: str, part: str) -> str:
        """Return the name of one key of a blog."""
        return f"{self.prefix}{{{blog}}}:{part}"

    def keys(self, blog: str, parts: str) -> list[str]:
        """Return the names of several keys of a blog; `parts` is separated by spaces."""
        return [self.key(blog, part) for part in parts.split()]

    def channel(self, blog: str) -> str:
        """Return the name of a blog's pub/sub channel. All databases of a Redis share its channels."""
        return f"{self.prefix}{self.database}:{{{blog}}}"

    def probe_channel(self, node: str) -> str:
        """Return the pub/sub channel on which a node probes its own connection."""
        return f"{self.prefix}{self.database}:node:{node}"


class _PackedWrite(Struct, omit_defaults=True):
    """A `Write` with its tag. Bodies are text, because the msgpack library of Redis has no binary strings."""

    id: str
    expected: int
    body: str | None = None
    tag: str | None = None
    due: float | None = None
    erase: bool = False
    version: int | None = None


class _Packed(Struct, array_like=True):
    """The msgpack part of a message."""

    fingerprint: str
    writes: list[_PackedWrite]
    at: float = 0.0
    traceparent: str = ""


_VALUE = re.compile(rb"([0-9]{1,15}) ([0-9]{1,15}) (.*)", re.DOTALL)

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Packed)


def pack_writes(fingerprint: str, writes: Sequence[Write], sent: Sent, epoch_end: str = "") -> bytes:
    """Return the writes in msgpack, as `commit.lua` takes them; `epoch_end` is added to the first tag."""
    packed = [_packed(write) for write in writes]
    first = next((write for write in packed if write.tag), None)
    if first is not None and first.tag is not None:
        first.tag += epoch_end
    return _encoder.encode(_Packed(fingerprint, packed, *sent))


def _packed(write: Write) -> _PackedWrite:
    body = None if write.body is None else write.body.decode()
    tag = Cursor.new_tag() if write.visible else None
    version = write.next_version if write.next_version > write.expected + 1 else None
    return _PackedWrite(write.id, write.expected, body, tag, write.due, write.erase, version)


def epoch_end(deletions: int) -> str:
    """Return the end of the first tag of a history whose name was deleted so many times before."""
    return f"G{deletions}" if deletions else ""


def deletions_before(epoch: str) -> int:
    """Return how many times the name had been deleted before the history with this first tag began."""
    match = re.fullmatch(r"[^G]+G([0-9]+)", epoch)
    return int(match[1]) if match else 0


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
        version = write.version or write.expected + 1
        items.append(Item(write.id, seq if shown else 0, version, (write.body or "").encode()))
    return items


def pack_lost(lost: Segment, retracted: Sequence[str], dues: Mapping[str, float]) -> bytes:
    """Return lost changes in msgpack, as `restore.lua` takes them."""
    cursors = [str(Cursor(seq, tag)) for seq, tag in enumerate(lost.tags, lost.after.seq + 1)]
    items = [
        (
            item.id,
            item.seq,
            f"{item.seq} {item.version} {item.body.decode()}",
            item.id in retracted,
            dues.get(item.id, False),
        )
        for item in lost.items
    ]
    return _encoder.encode((cursors, items))


def unpack_item(item_id: str, value: bytes) -> Item:
    """Return an item from a value of the hash `items`: "SEQ VERSION BODY". Raises `BlogDamaged`."""
    parts = _VALUE.fullmatch(value)
    if parts is None:
        raise BlogDamaged(f"Item {item_id!r}", f"its value begins with {value[:20]!r}")
    return Item(item_id, int(parts[1]), int(parts[2]), parts[3])


def unpack_segment(after: bytes, cursors: list[bytes], ids: list[bytes], values: list[bytes]) -> Segment:
    """Return the segment that `read.lua` returned in parts. Raises `BlogDamaged`."""
    start = Cursor.parse(after.decode())
    parsed = [unpack_cursor(cursor) for cursor in cursors]
    for seq, (cursor, text) in enumerate(zip(parsed, cursors, strict=True), start.seq + 1):
        if cursor.seq != seq:
            raise BlogDamaged(f"Change {seq} of a blog", f"its cursor is {text[:40]!r}")
    items = tuple(
        unpack_item(item_id.decode(errors="replace"), value) for item_id, value in zip(ids, values, strict=True)
    )
    return Segment(start, tuple(cursor.tag for cursor in parsed), items)


def unpack_cursor(cursor: bytes | Exception) -> Cursor:
    """Return an element of the list `line`, or START if it cannot be read."""
    try:
        return Cursor.parse(cursor.decode(errors="replace")) if isinstance(cursor, bytes) else START
    except MalformedCursor:
        return START
