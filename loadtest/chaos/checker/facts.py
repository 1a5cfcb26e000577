"""Reads from a log what happened in a run: its writes, its nodes, its losses and its faults."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from loadtest.chaos.log import (
    FaultBegun,
    FaultEnded,
    LagSeen,
    MessageTaken,
    NodeCutOff,
    NodeEnded,
    ReaderClosed,
    ReaderOpened,
    RunLog,
    StateRead,
    StoreLost,
    WriteAnswered,
    WriteSent,
)

PUT_BACK_SECONDS = 5.0
"""A node that lives so long after a loss has put back what it knows."""

HIDDEN_KINDS = ("draft", "schedule")
"""Writes that only the store has."""


class WriteFacts:
    """One write: its attempts and their answers."""

    def __init__(self, sent: WriteSent) -> None:
        self.number = sent.write
        self.kind = sent.kind
        self.token = sent.token
        self.entry = sent.entry
        self.if_match = sent.if_match
        self.sent_at = sent.at
        self.last_sent_at = sent.at
        self.due_at = sent.at + sent.due_in if sent.due_in else None
        self.answers: list[WriteAnswered] = []

    def __str__(self) -> str:
        return f"write {self.number} ({self.kind} of {self.entry or 'a new entry'}, {self.token})"

    @property
    def done(self) -> WriteAnswered | None:
        """The first answer that says that the write was done."""
        return next((answer for answer in self.answers if 200 <= answer.status < 300), None)

    @property
    def change(self) -> WriteAnswered | None:
        """The first answer, if it says that this write was done now and readers see it.

        A retraction that is sent again may get the same tombstone with a later cursor.
        """
        done = self.done
        if done is None or not done.seq or done.replayed or done.token != self.token:
            return None
        is_again = self.kind == "retract" and not done.cursor.startswith(f"{done.seq}-")
        return None if is_again else done


class Stay(NamedTuple):
    """One connection of a reader; `until` is infinite if it lasted to the end."""

    reader: int
    node: int
    begin: float
    until: float


class Facts:
    """See the module's docstring."""

    def __init__(self, log: RunLog) -> None:
        self.log = log
        self.losses = log.of(StoreLost)
        self.end = max((event.at for event in log.events), default=0.0)
        self.writes = dict(self._writes())
        self.by_token = {write.token: write for write in self.writes.values()}
        self.retractions: dict[str, list[WriteFacts]] = defaultdict(list)
        for write in self.writes.values():
            if write.kind == "retract":
                self.retractions[write.entry].append(write)
        self.deletions = [write for write in self.writes.values() if write.kind == "delete_blog"]
        self.faults = list(self._faults())
        self.healed_at = max((until for _, until in self.faults), default=0.0)
        self.stays = list(self._stays())
        self.states = {(state.node, state.source): state for state in log.of(StateRead)}
        self._lags = log.of(LagSeen)
        self._ends = log.of(NodeEnded)
        self._cut_offs = log.of(NodeCutOff)
        self._given = self._givers()
        self.came_out_at = self._came_out()

    def _writes(self) -> Iterator[tuple[int, WriteFacts]]:
        found: dict[int, WriteFacts] = {}
        for event in self.log.events:
            if isinstance(event, WriteSent):
                facts = found.setdefault(event.write, WriteFacts(event))
                facts.last_sent_at = event.at
            elif isinstance(event, WriteAnswered):
                found[event.write].answers.append(event)
        for number, facts in found.items():
            facts.entry = facts.entry or (facts.done.entry if facts.done else "")
            yield number, facts

    def _faults(self) -> Iterator[tuple[float, float]]:
        ends = self.log.of(FaultEnded)
        for number, begun in enumerate(self.log.of(FaultBegun)):
            yield begun.at, ends[number].at if number < len(ends) else self.end

    def _stays(self) -> Iterator[Stay]:
        opened: dict[int, ReaderOpened] = {}
        for event in self.log.events:
            if isinstance(event, ReaderOpened):
                opened[event.reader] = event
            elif isinstance(event, ReaderClosed) and event.reader in opened:
                begin = opened.pop(event.reader)
                yield Stay(event.reader, begin.node, begin.at, event.at)
        for reader, begin in opened.items():
            yield Stay(reader, begin.node, begin.at, float("inf"))

    def _givers(self) -> dict[tuple[str, int], list[tuple[float, int]]]:
        """Return by (entry, seq) when which node gave it to a reader."""
        found: dict[tuple[str, int], list[tuple[float, int]]] = defaultdict(list)
        node_of: dict[int, int] = {}
        for event in self.log.events:
            if isinstance(event, ReaderOpened):
                node_of[event.reader] = event.node
            elif isinstance(event, MessageTaken):
                for entry in event.message.get("entries", ()):
                    found[entry["id"], entry["seq"]].append((event.at, node_of[event.reader]))
        return found

    def _came_out(self) -> dict[str, float]:
        """Return by token when it first came to a reader."""
        found: dict[str, float] = {}
        for event in self.log.of(MessageTaken):
            for entry in event.message.get("entries", ()):
                found.setdefault(str(entry.get("title")), event.at)
        return found

    @property
    def done_writes(self) -> list[WriteFacts]:
        """The writes that were answered with 2xx."""
        return [write for write in self.writes.values() if write.done is not None]

    def late(self, begin: float, until: float) -> float:
        """Return by how many seconds the process that played the run was late in some time."""
        return sum(lag.seconds for lag in self._lags if begin <= lag.at <= until + lag.seconds)

    def is_calm(self, begin: float, until: float) -> bool:
        """Return whether no fault was there in some time, or in the five seconds before it."""
        return not any(
            fault_begin < until and begin < fault_until + PUT_BACK_SECONDS for fault_begin, fault_until in self.faults
        )

    def is_cut_off(self, node: int, at: float) -> bool:
        """Return whether a node was cut off from the store at a time, or has had less than five seconds since then."""
        return any(
            cut.node == node and cut.at <= at <= cut.until + PUT_BACK_SECONDS + self.late(cut.until, at)
            for cut in self._cut_offs
        )

    def lost_since(self, begin: float, until: float, *parts: str) -> bool:
        """Return whether the store lost everything, or one of these parts, in some time."""
        return any(begin <= loss.at <= until and loss.items in ("all", *parts) for loss in self.losses)

    def was_deleted(self, until: float) -> bool:
        """Return whether an editor had sent a deletion of the blog until then."""
        return any(write.sent_at <= until for write in self.deletions)

    def may_be_lost(self, write: WriteFacts) -> bool:
        """Return whether P4 allows that a write that was answered is gone: no store and no live node has it."""
        return any(self._is_lost_by(write, loss) for loss in self.losses)

    def _is_lost_by(self, write: WriteFacts, loss: StoreLost) -> bool:
        done = write.done
        if done is None or done.at < loss.kept_until or write.sent_at > loss.at:
            return False
        is_hidden = not done.seq
        if loss.items != "all":
            return is_hidden and loss.items == "items"
        if is_hidden:
            return True
        holders = [*self._given[write.entry, done.seq]] + [(done.at, done.node)] * (not done.replayed)
        return not any(at <= loss.at and not self._ended(node, at, loss.at + PUT_BACK_SECONDS) for at, node in holders)

    def _ended(self, node: int, begin: float, until: float) -> bool:
        return any(end.node == node and begin <= end.at <= until for end in self._ends)
