"""Check the messages of all readers together: each must lead from one cursor to the next without a gap.

A reader does not have to keep the blog. Its cursors must form a chain, and each message must contain every item whose
newest change lies between its two cursors. The reader checks the chain for each message. The ledger checks the content
once for each distinct message. If a message has fewer items than changes, the ledger checks it again later, when it
knows more changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from stoppress.errors import MalformedCursor
from stoppress.model import HEADER, Cursor
from stoppress.tools.swarm.frames import BrokenFrames
from stoppress.wire.messages import Beat, Retry, SampleRequest

_STAMP = re.compile(rb"swarm-(\d{16,19})")
"""A timestamp in an entry: when its publication began, in nanoseconds since 1970 by the publisher's clock."""

MAX_NAMES = 8
"""The number of readers that are remembered for each message."""

_MAX_MESSAGES = 4_096
"""Decoded messages in the cache."""

_MAX_CHANGES = 200_000
"""The number of changes that are remembered."""


class _Item(Struct):
    seq: int
    id: str = HEADER
    version: int = 0
    published_at: str = ""
    title: str = ""


class _Update(Struct, tag="update"):
    cursor: str
    entries: list[_Item]
    from_: str | None = msgspec.field(name="from", default=None)
    header: _Item | None = None
    more: bool = False
    older: str | None = None

    @property
    def items(self) -> list[_Item]:
        return self.entries if self.header is None else [*self.entries, self.header]


_MESSAGES = _Update | Beat | Retry | SampleRequest


class _Typed(Struct):
    type: str


class _Change(NamedTuple):
    """The item that a seq changed, as a reader or the publisher received it."""

    id: str
    version: int
    name: str


class UpdateRead:
    """One update, shared by all readers that received it."""

    def __init__(self, update: _Update, stamps: tuple[float, ...], order: int) -> None:
        self.order = order
        self.after = update.from_
        self.cursor = update.cursor
        self.after_seq = 0 if update.from_ is None else Cursor.parse(update.from_).seq
        self.seq = Cursor.parse(update.cursor).seq
        self.items = {item.seq: item.id for item in update.items}
        self.newest = {item_id: seq for seq, item_id in sorted(self.items.items())}
        self.more = update.more
        positions = [(entry.published_at, entry.id) for entry in update.entries]
        self.oldest = min(positions, default=None) if update.older else None
        self.stamps = stamps
        self.fault = self._fault(update)
        self.count = 0
        self.readers: list[int] = []

    def _fault(self, update: _Update) -> str:
        seqs = [entry.seq for entry in update.entries]
        if seqs != sorted(set(seqs)):
            return f"entries are not in the order of their seqs: {seqs[:20]}"
        outside = [seq for seq in self.items if not self.after_seq < seq <= self.seq]
        if outside:
            return f"the update from {self.after} to {self.cursor} has items with the seqs {outside[:20]}"
        if self.seq < self.after_seq:
            return f"the update leads back from {self.after} to {self.cursor}"
        return ""

    @property
    def is_whole(self) -> bool:
        """Whether it has an item for each change, so that nothing can be missing."""
        return self.after is not None and len(self.items) == self.seq - self.after_seq

    def lacks(self, change: _Change, seq: int, published_at: str | None = None) -> bool:
        """Return whether it should contain the item that changed at `seq`, and does not.

        Pass `published_at` if the change is the newest state of its item. Without it, a later update may contain one.
        """
        if not self.after_seq < seq <= self.seq or self.newest.get(change.id, 0) >= seq:
            return False
        if self.after is not None:
            return True
        return published_at is not None and (
            change.id == HEADER or self.oldest is None or (published_at, change.id) >= self.oldest
        )


class _Missing(NamedTuple):
    """An update that should contain an item and does not."""

    update: UpdateRead
    seq: int


class Ledger:
    """Decodes each distinct message once, and keeps updates that it has to check again."""

    def __init__(self) -> None:
        self.changes: dict[int, _Change] = {}
        self.contradictions: list[str] = []
        self._messages: dict[bytes, UpdateRead | Beat | Retry | SampleRequest | None] = {}
        self._unsure: list[UpdateRead] = []
        self._updates = 0

    def read(self, payload: bytes) -> UpdateRead | Beat | Retry | SampleRequest | None:
        """Return the message in a payload, JSON or msgpack; None if its type is unknown, as of a later version.

        Raises:
            BrokenFrames: the payload is not a message.
        """
        if payload not in self._messages:
            try:
                message = self._decode(payload)
            except (msgspec.MsgspecError, MalformedCursor) as error:
                raise BrokenFrames(f"not a message of Stoppress: {error}") from None
            if len(self._messages) >= _MAX_MESSAGES:
                for old in list(self._messages)[: _MAX_MESSAGES // 2]:
                    del self._messages[old]
            self._messages[payload] = message
        return self._messages[payload]

    def _decode(self, payload: bytes) -> UpdateRead | Beat | Retry | SampleRequest | None:
        decode: Callable[..., Any] = msgspec.json.decode if payload[:1] == b"{" else msgspec.msgpack.decode
        try:
            message: _Update | Beat | Retry | SampleRequest = decode(payload, type=_MESSAGES)
        except msgspec.ValidationError:
            if decode(payload, type=_Typed).type in ("update", "beat", "retry", "sample"):
                raise
            return None
        if not isinstance(message, _Update):
            return message
        self._updates += 1
        stamps = tuple(int(stamp) / 1e9 for stamp in _STAMP.findall(payload))
        update = UpdateRead(message, stamps, self._updates)
        self._learn(message.items)
        if not update.is_whole:
            self._unsure.append(update)
        return update

    def learn(self, answer: bytes) -> None:
        """Take the answer to a write: the item with its seq, in JSON."""
        self._learn([msgspec.json.decode(answer, type=_Item)])

    def _learn(self, items: Iterable[_Item]) -> None:
        for item in items:
            change = _Change(item.id, item.version, item.title)
            known = self.changes.setdefault(item.seq, change)
            if known[:2] != change[:2]:
                self.contradictions.append(f"seq {item.seq} is {known} in one message and {change} in another")
        while len(self.changes) > _MAX_CHANGES:
            del self.changes[next(iter(self.changes))]

    @property
    def unsure(self) -> int:
        """The number of updates to check again."""
        return len(self._unsure)

    def audit(self, truth: Iterable[bytes]) -> list[_Missing]:
        """Check the uncertain updates again, then forget them. Return the missing items.

        Args:
            truth: the answers of `/changes` that lead from nothing to the newest state.
        """
        newest = [item for payload in truth for item in msgspec.json.decode(payload, type=_Update).items]
        self._learn(newest)
        following: dict[str, list[UpdateRead]] = {}
        for message in self._messages.values():
            if isinstance(message, UpdateRead) and message.after is not None:
                following.setdefault(message.after, []).append(message)
        found = {}
        for update in self._unsure:
            for seq in range(update.after_seq + 1, update.seq + 1) if update.after is not None else ():
                change = self.changes.get(seq)
                if change is None or not update.lacks(change, seq):
                    continue
                if not update.more or not _may_be_later(update, change.id, following):
                    found[id(update), seq] = _Missing(update, seq)
            for item in newest:
                change = _Change(item.id, item.version, item.title)
                if update.lacks(change, item.seq, item.published_at):
                    found[id(update), item.seq] = _Missing(update, item.seq)
        self._unsure.clear()
        return list(found.values())

    def in_words(self, missing: _Missing) -> tuple[str, str]:
        """Return the readers that got an incomplete update, and what it lacks."""
        update = missing.update
        more = f" and {update.count - len(update.readers)} others" if update.count > len(update.readers) else ""
        text = f"the update from {update.after} to {update.cursor} lacks {self.named(missing.seq)}"
        return f"readers {', '.join(map(str, update.readers))}{more}", text

    def between(self, after: int, until: int) -> list[str]:
        """Describe the changes after one seq, up to another."""
        seqs = range(after + 1, min(until, after + 20) + 1)
        return [self.named(seq) for seq in seqs] + (["and more"] if until > after + 20 else [])

    def named(self, seq: int) -> str:
        """Describe the change at a seq."""
        change = self.changes.get(seq)
        if change is None:
            return f"seq {seq}"
        item = "the header" if change.id == HEADER else f"entry {change.id}"
        return f"seq {seq} ({item}, version {change.version}{f', {change.name!r}' if change.name else ''})"


def _may_be_later(part: UpdateRead, item_id: str, following: Mapping[str, list[UpdateRead]]) -> bool:
    """Return whether a later part of the same catch-up contains the item, or may contain it.

    Several updates may begin where the part ends, and any of them may be its next part. If one of them contains the
    item, the part may be right. Updates that arrived before the part do not count: other readers may have got them
    when their cursor was the head.
    """
    later = [update for update in following.get(part.cursor, ()) if update.order > part.order]
    return not later or any(
        item_id in update.newest or (update.more and _may_be_later(update, item_id, following)) for update in later
    )
