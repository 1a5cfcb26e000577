"""What all readers were sent, side by side: whether each message leads from one cursor to the next without a hole.

A reader need not keep the blog to be checked. Its cursors must form a chain, and each message must have every item
whose newest change lies between its two cursors. The first is a comparison for each message that comes in. The second
is a matter of the message alone, so it is looked at once, however many readers got it; and only a message that has
fewer items than changes has to be looked at again when more is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec
from msgspec import Struct

from stoppress.errors import MalformedCursor
from stoppress.model import HEADER, Cursor
from stoppress.tools.swarm.frames import BrokenFrames

_STAMP = re.compile(rb"swarm-(\d{16,19})")
"""In an entry: when its publication began, nanoseconds since 1970 by the clock of who published it."""

MAX_NAMES = 8
"""Readers of a message that are remembered by their number."""

_MAX_MESSAGES = 4_096
"""Decoded messages that are kept for the next reader who gets the same."""

_MAX_CHANGES = 200_000
"""Of what changed where, the newest that are remembered."""


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


class BeatRead(Struct, tag="beat"):
    cursor: str


class RetryRead(Struct, tag="retry"):
    min: float
    max: float


class Unknown(Struct):
    """A type of message of a later version, which a client ignores."""

    type: str


class _Change(NamedTuple):
    """What a seq did, as far as somebody was told."""

    id: str
    version: int
    name: str


class UpdateRead:
    """One message, for all who got it."""

    __slots__ = (
        "after",
        "after_seq",
        "count",
        "cursor",
        "fault",
        "items",
        "more",
        "newest",
        "oldest",
        "order",
        "readers",
        "seq",
        "stamps",
    )

    def __init__(self, update: _Update, stamps: tuple[float, ...], order: int) -> None:
        self.order = order
        self.after = update.from_
        self.cursor = update.cursor
        self.after_seq = 0 if update.from_ is None else Cursor.parse(update.from_).seq
        self.seq = Cursor.parse(update.cursor).seq
        self.items = {item.seq: item.id for item in update.entries}
        if update.header is not None:
            self.items[update.header.seq] = HEADER
        self.newest = {item_id: seq for seq, item_id in sorted(self.items.items())}
        self.more = update.more
        places = [(entry.published_at, entry.id) for entry in update.entries]
        self.oldest = min(places, default=None) if update.older else None
        self.stamps = stamps
        self.fault = self._fault(update)
        self.count = 0
        self.readers: list[int] = []

    def _fault(self, update: _Update) -> str:
        seqs = [entry.seq for entry in update.entries]
        if seqs != sorted(set(seqs)):
            return f"entries that do not ascend by seq: {seqs[:20]}"
        outside = [seq for seq in self.items if not self.after_seq < seq <= self.seq]
        if outside:
            return f"items with the seqs {outside[:20]} in an update from {self.after} to {self.cursor}"
        if self.seq < self.after_seq:
            return f"an update back from {self.after} to {self.cursor}"
        return ""

    @property
    def is_whole(self) -> bool:
        """Whether it has an item for each change: then nothing can be missing."""
        return self.after is not None and len(self.items) == self.seq - self.after_seq

    @property
    def answers_for(self) -> range:
        """The seqs of which it has the item or a newer state; of a part, a later part may have the newer state."""
        return range(0) if self.after is None else range(self.after_seq + 1, self.seq + 1)

    def lacks(self, change: _Change, seq: int, published_at: str | None = None) -> bool:
        """Whether it should have the item that changed at `seq`, and has not.

        `published_at` is given for what is the newest state of its item; without it, a later one may be elsewhere.
        """
        if not self.after_seq < seq <= self.seq or self.newest.get(change.id, 0) >= seq:
            return False
        if self.after is not None:
            return True
        return published_at is not None and (
            change.id == HEADER or self.oldest is None or (published_at, change.id) >= self.oldest
        )


class _Missing(NamedTuple):
    """A message without an item that it should have had."""

    update: UpdateRead
    seq: int
    change: _Change


class Ledger:
    """Decodes what comes in, each distinct message once, and remembers what has to be looked at again."""

    def __init__(self) -> None:
        self.changes: dict[int, _Change] = {}
        self.contradictions: list[str] = []
        self._messages: dict[bytes, UpdateRead | BeatRead | RetryRead | Unknown] = {}
        self._unsure: list[UpdateRead] = []
        self._updates = 0
        self._json = msgspec.json.Decoder(_Update | BeatRead | RetryRead)
        self._msgpack = msgspec.msgpack.Decoder(_Update | BeatRead | RetryRead)
        self._json_type = msgspec.json.Decoder(Unknown)
        self._msgpack_type = msgspec.msgpack.Decoder(Unknown)

    def read(self, payload: bytes) -> UpdateRead | BeatRead | RetryRead | Unknown:
        """The message in a payload, JSON or msgpack. Raises `BrokenFrames` if it is none."""
        message = self._messages.get(payload)
        if message is None:
            try:
                message = self._decode(payload)
            except (msgspec.MsgspecError, MalformedCursor) as error:
                raise BrokenFrames(f"no message of Stoppress: {error}") from None
            if len(self._messages) >= _MAX_MESSAGES:
                for old in list(self._messages)[: _MAX_MESSAGES // 2]:
                    del self._messages[old]
            self._messages[payload] = message
        return message

    def _decode(self, payload: bytes) -> UpdateRead | BeatRead | RetryRead | Unknown:
        is_json = payload[:1] == b"{"
        try:
            message: _Update | BeatRead | RetryRead = (self._json if is_json else self._msgpack).decode(payload)
        except msgspec.ValidationError:
            unknown = self._json_type.decode(payload) if is_json else self._msgpack_type.decode(payload)
            if unknown.type in ("update", "beat", "retry"):
                raise
            return unknown
        if not isinstance(message, _Update):
            return message
        self._updates += 1
        stamps = tuple(int(stamp) / 1e9 for stamp in _STAMP.findall(payload))
        update = UpdateRead(message, stamps, self._updates)
        self._learn(message.entries if message.header is None else [*message.entries, message.header])
        if not update.is_whole:
            self._unsure.append(update)
        return update

    def learn(self, answer: bytes) -> None:
        """Take what a write was answered with: the item as it is at its seq, in JSON."""
        self._learn([msgspec.json.decode(answer, type=_Item)])

    def _learn(self, items: Iterable[_Item]) -> None:
        for item in items:
            change = _Change(item.id, item.version, item.title)
            known = self.changes.setdefault(item.seq, change)
            if known[:2] != change[:2]:
                self.contradictions.append(f"seq {item.seq} is {known} to some and {change} to others")
        while len(self.changes) > _MAX_CHANGES:
            del self.changes[next(iter(self.changes))]

    @property
    def unsure(self) -> int:
        """Messages that have to be looked at again."""
        return len(self._unsure)

    def audit(self, truth: Iterable[bytes]) -> list[_Missing]:
        """Look again at what was not certain, and forget it.

        Args:
            truth: the answers of `/changes` that lead from nothing to the newest state.
        """
        newest = [item for payload in truth for item in self._all(payload)]
        self._learn(newest)
        following: dict[str, list[UpdateRead]] = {}
        for message in self._messages.values():
            if isinstance(message, UpdateRead) and message.after is not None:
                following.setdefault(message.after, []).append(message)
        found = {}
        for update in self._unsure:
            for seq in update.answers_for:
                change = self.changes.get(seq)
                if change is None or not update.lacks(change, seq):
                    continue
                if not update.more or not _may_be_later(update, change.id, following):
                    found[id(update), seq] = _Missing(update, seq, change)
            for item in newest:
                change = _Change(item.id, item.version, item.title)
                if update.lacks(change, item.seq, item.published_at):
                    found[id(update), item.seq] = _Missing(update, item.seq, change)
        self._unsure.clear()
        return list(found.values())

    def _all(self, payload: bytes) -> list[_Item]:
        message = self._json.decode(payload)
        assert isinstance(message, _Update)
        return message.entries if message.header is None else [*message.entries, message.header]

    def in_words(self, missing: _Missing) -> tuple[str, str]:
        """Return who got a message that lacked something, and what it lacked."""
        update = missing.update
        more = f" and {update.count - len(update.readers)} others" if update.count > len(update.readers) else ""
        text = f"the update from {update.after} to {update.cursor} was without {self.named(missing.seq)}"
        return f"readers {', '.join(map(str, update.readers))}{more}", text

    def between(self, after: int, until: int) -> list[str]:
        """What changed after one seq and not after another, in words."""
        seqs = range(after + 1, min(until, after + 20) + 1)
        return [f"{self.named(seq)}" for seq in seqs] + (["and more"] if until > after + 20 else [])

    def named(self, seq: int) -> str:
        change = self.changes.get(seq)
        if change is None:
            return f"seq {seq}"
        what = "the header" if change.id == HEADER else f"entry {change.id}"
        return f"seq {seq} ({what}, version {change.version}{f', {change.name!r}' if change.name else ''})"


def _may_be_later(part: UpdateRead, item_id: str, following: Mapping[str, list[UpdateRead]]) -> bool:
    """Whether a later part of the same catch-up has the item, or might have: not all of them are known.

    Of what begins where the part ends, not all need be its next part: where one of them has the item, nothing is
    certain. What came before the part is none: it may be what those got who were at that cursor when it was the head.
    """
    later = [update for update in following.get(part.cursor, ()) if update.order > part.order]
    return not later or any(
        item_id in update.newest or (update.more and _may_be_later(update, item_id, following)) for update in later
    )
