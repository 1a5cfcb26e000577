"""Follows each reader from message to message, and notes every state that it shows."""

from __future__ import annotations

from typing import Any, NamedTuple

from loadtest.chaos.checker.facts import Facts
from loadtest.chaos.log import MessageTaken, ReaderOpened

Row = tuple[int, int, str]
"""The seq, version and token of an item."""


class Violation(NamedTuple):
    """A promise that was broken: P1 to P8, or `error` for an answer that a server must never give."""

    promise: str
    at: float
    text: str


class FollowedReader:
    """The state machine of one reader, as the protocol describes it."""

    def __init__(self, number: int, facts: Facts) -> None:
        self.number = number
        self.cursor: str | None = None
        self.shown: dict[str, Row] = {}
        self.reached: list[tuple[float, str]] = []
        """The times at which it began to show each cursor."""
        self.violations: list[Violation] = []
        self._applied: set[tuple[str, int]] = set()
        self._pending: list[dict[str, Any]] = []
        self._facts = facts

    def opened(self) -> None:
        """Begin a connection; an incomplete catch-up is dropped, except on an event stream, which goes on with it."""
        self._pending.clear()

    def take(self, event: MessageTaken) -> bool:
        """Take a message. Return whether it leads to another state that is shown."""
        message = event.message
        if message["type"] == "beat" and message["cursor"] != self._expected:
            self._blame("P2", event.at, f"got a beat at {message['cursor']}, but is at {self._expected}")
        if message["type"] != "update":
            return False
        self._check(message, event.at)
        self._pending.append(message)
        if message.get("more"):
            return False
        parts, self._pending = self._pending, []
        for part in parts:
            self._apply(part, event.at)
        assert self.cursor is not None
        self.reached.append((event.at, self.cursor))
        return True

    @property
    def _expected(self) -> str | None:
        return self._pending[-1]["cursor"] if self._pending else self.cursor

    def _blame(self, promise: str, at: float, text: str) -> None:
        self.violations.append(Violation(promise, at, f"reader {self.number} {text}"))

    def _check(self, message: dict[str, Any], at: float) -> None:
        begins, cursor = message["from"], message["cursor"]
        if begins is not None and begins != self._expected:
            self._blame("P2", at, f"got an update from {begins}, but is at {self._expected}")
        if begins is not None and seq_of(cursor) < seq_of(begins):
            self._blame("P1", at, f"was led back from {begins} to {cursor} without a reset")
        if begins is None and self.cursor is not None and not self._may_be_reset(at):
            self._blame("P1", at, f"was reset from {self.cursor} to {cursor}, but the store has lost nothing")
        seqs = [entry["seq"] for entry in message["entries"]]
        if seqs != sorted(set(seqs)):
            self._blame("P7", at, f"got entries that are not in the order of their seqs: {seqs[:20]}")
        if any(not seq_of(begins) < seq <= seq_of(cursor) for seq in seqs):
            self._blame("P2", at, f"got entries with the seqs {seqs[:20]} in an update from {begins} to {cursor}")

    def _may_be_reset(self, at: float) -> bool:
        return self._facts.lost_since(0.0, at) or self._facts.was_deleted(at)

    def _apply(self, message: dict[str, Any], at: float) -> None:
        if message["from"] is None:
            self.shown.clear()
            self._applied.clear()
        if "header" in message:
            self.shown["header"] = (message["header"]["seq"], 0, message["header"]["headline"])
        for entry in message["entries"]:
            version = entry["id"], entry["version"]
            if version in self._applied:
                self._blame("P2", at, f"got version {entry['version']} of entry {entry['id']} twice")
            self._applied.add(version)
            before = self.shown.get(entry["id"])
            if before is not None and before[0] >= entry["seq"]:
                self._blame("P2", at, f"got entry {entry['id']} with seq {entry['seq']} after {before[0]}")
            self.shown[entry["id"]] = entry["seq"], entry["version"], entry.get("note") or entry.get("title") or ""
        self.cursor = message["cursor"]
        newest = max((row[0] for row in self.shown.values()), default=0)
        if not message.get("more") and newest != seq_of(self.cursor):
            self._blame("P2", at, f"is at {self.cursor}, but its newest change has the seq {newest}")


class Shown:
    """The states that all readers showed.

    Attributes:
        readers: by number.
        states: by cursor, the state that the first reader at it showed.
        violations: of P1, P2 and P7, as readers can see them.
    """

    def __init__(self, facts: Facts) -> None:
        self.readers: dict[int, FollowedReader] = {}
        self.states: dict[str, dict[str, Row]] = {}
        self.violations: list[Violation] = []
        for event in facts.log.events:
            if isinstance(event, ReaderOpened):
                self.readers.setdefault(event.reader, FollowedReader(event.reader, facts)).opened()
            elif isinstance(event, MessageTaken):
                reader = self.readers[event.reader]
                if reader.take(event):
                    self._compare(reader, event.at)
        for reader in self.readers.values():
            self.violations += reader.violations

    def _compare(self, reader: FollowedReader, at: float) -> None:
        assert reader.cursor is not None
        state = self.states.setdefault(reader.cursor, dict(reader.shown))
        if state != reader.shown:
            differs = {key for key in state.keys() | reader.shown.keys() if state.get(key) != reader.shown.get(key)}
            text = ", ".join(f"{key} is {reader.shown.get(key)} and {state.get(key)}" for key in sorted(differs)[:3])
            self.violations.append(
                Violation(
                    "P1", at, f"reader {reader.number} shows another state at {reader.cursor} than others: {text}"
                )
            )


def seq_of(cursor: str | None) -> int:
    """Return the seq of a cursor; 0 without one."""
    return int(cursor.partition("-")[0]) if cursor else 0
