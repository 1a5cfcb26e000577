"""Decides the promises P1 to P8 of docs/reference/protocol.md from the log of a run alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from loadtest.chaos.checker.facts import Facts, WriteFacts
from loadtest.chaos.checker.order import conditions, mixtures, sequence
from loadtest.chaos.checker.service import answers, bounds, health, red_seconds
from loadtest.chaos.checker.shown import Shown, Violation, seq_of
from loadtest.chaos.checker.takedown import takedown
from loadtest.chaos.log import ReaderClosed, RunLog, StateRead, SurfaceRead

CONVERGE_SECONDS = 5.0
"""The time of P3."""

PUBLISH_SECONDS = 10.0
"""Maximum time in which nodes publish nothing although entries are due. Many may be due at once."""

MIN_WRITES = 5
"""Fewer writes than these in a run prove nothing."""


class Verdict:
    """The result of a check.

    Attributes:
        violations: sorted by time.
        lost: how many writes that were answered are gone, as P4 allows.
        unknown: how many writes were never answered; they may have been done or not.
        convergence: the seconds after which each reader had the newest state.
        red_seconds: for each node that turned red, the seconds after the begin of the fault.
    """

    def __init__(self, log: RunLog) -> None:
        self.facts = Facts(log)
        self.shown = Shown(self.facts)
        self.lost = 0
        self.unknown = sum(not any(answer.status for answer in write.answers) for write in self.facts.writes.values())
        self.convergence: list[float] = []
        self.red_seconds = list(red_seconds(self.facts))
        checks = (self._convergence, self._durability, takedown, bounds, sequence, health, conditions, answers)
        found = [violation for check in checks for violation in check(self.facts)]
        found += [*self.shown.violations, *mixtures(self.facts, self.shown)]
        self.violations = sorted(found, key=lambda violation: violation.at)

    @property
    def says_nothing(self) -> str:
        """Why the log cannot show that promises are kept; empty if it can."""
        if len(self.facts.done_writes) < MIN_WRITES:
            return f"only {len(self.facts.done_writes)} writes were done"
        if not self.shown.states:
            return "no reader got anything"
        return "" if self.facts.states else "no node was asked for its state"

    # P3

    def _convergence(self, facts: Facts) -> Iterator[Violation]:
        states = [state for state in facts.states.values() if state.source == "memory"]
        for state in facts.states.values():
            if state.status != 200:
                yield Violation("P3", state.at, f"node {state.node} answers {state.status} ({state.source}) at the end")
        yield from _different(facts)
        target = max((state.cursor for state in states), key=seq_of, default="0")
        last = max((write.done.at for write in facts.done_writes if write.done), default=0.0)
        scheduled = [write for write in facts.done_writes if write.due_at is not None]
        last = max([last, *(facts.came_out_at.get(write.token, write.due_at or 0.0) for write in scheduled)])
        base = max(facts.healed_at, last)
        waits = defaultdict(float)
        for event in facts.log.of(ReaderClosed):
            if event.at <= base + CONVERGE_SECONDS:
                waits[event.reader] = max(0.0, event.at + event.wait - base)
        for number in sorted({*self.shown.readers, *waits}):
            at = _time_at(self.shown.readers[number].reached, target) if number in self.shown.readers else None
            seconds = max(0.0, (facts.end if at is None else at) - base - waits[number])
            self.convergence.append(seconds)
            if at is None or seconds > CONVERGE_SECONDS + facts.late(base, at or facts.end):
                has = "never" if at is None else f"only after {seconds:.1f} s"
                yield Violation("P3", at or facts.end, f"reader {number} had the newest state, {target}, {has}")

    # P4

    def _durability(self, facts: Facts) -> Iterator[Violation]:
        for write in facts.done_writes:
            assert write.done is not None
            if facts.was_deleted(write.done.at) or write.kind in ("delete_blog", "create_blog"):
                continue
            wrong = [
                text for state in facts.states.values() if state.status == 200 for text in _lacks(facts, write, state)
            ]
            if not wrong:
                continue
            if facts.may_be_lost(write):
                self.lost += 1
            elif not any(later.sent_at > write.sent_at for later in facts.deletions):
                yield Violation("P4", write.done.at, f"{write}, answered {write.done.status}: {wrong[0]}")
        yield from _risen(facts)


def _time_at(reached: list[tuple[float, str]], target: str) -> float | None:
    """Return when a reader came to a cursor and stayed there."""
    if not reached or reached[-1][1] != target:
        return None
    at = reached[-1][0]
    for earlier, cursor in reversed(reached):
        if cursor != target:
            break
        at = earlier
    return at


def _different(facts: Facts) -> Iterator[Violation]:
    """Yield where nodes, or memory and store, differ at the end."""
    states = [state for state in facts.states.values() if state.status == 200]
    cursors = {state.cursor for state in states if state.source == "memory"}
    if len(cursors) > 1:
        yield Violation("P3", facts.end, f"the nodes are at different cursors at the end: {sorted(cursors)}")
    visible = [
        (state, {key: row for key, row in state.items.items() if row[0] and key != "header"}) for state in states
    ]
    for (one, items), (other, others) in pairwise(visible):
        if items != others:
            key = min(key for key in items.keys() | others.keys() if items.get(key) != others.get(key))
            where = f"{one.source} of node {one.node} and {other.source} of node {other.node}"
            yield Violation("P3", facts.end, f"{where} differ: {key} is {items.get(key)} and {others.get(key)}")


def _lacks(facts: Facts, write: WriteFacts, state: StateRead) -> Iterator[str]:
    """Yield why a final state cannot come after a write."""
    key = "header" if write.kind == "header" else write.entry
    if state.source == "memory" and write.done is not None and not write.done.seq:
        return
    if state.source == "store" and key == "header":
        return
    row = state.items.get(key)
    where = f"{state.source} of node {state.node}"
    retractions = facts.retractions.get(key, [])
    if row is None:
        was_removed = write.done is not None and not write.done.seq and retractions
        if not was_removed:
            yield f"it is not in the {where}"
    elif row[2] == "retracted":
        if not retractions:
            yield f"it is retracted in the {where}"
    elif write.kind == "retract":
        yield f"it is {row[2]} in the {where}"
    elif write.kind == "schedule" and row[2] == "scheduled" and _is_overdue(facts, write):
        yield f"it is due and not published in the {where}"
    else:
        writer = facts.by_token.get(row[3])
        is_older = writer is not None and writer.done is not None and writer.done.at < write.sent_at
        if writer is None or is_older:
            yield f"the {where} has {row[3]!r}, {'an older write' if writer else 'which nobody wrote'}"


def _is_overdue(facts: Facts, write: WriteFacts) -> bool:
    came_out = [facts.came_out_at.get(other.token, 0.0) for other in facts.done_writes if other.due_at is not None]
    base = max(facts.healed_at, write.due_at or 0.0, *came_out)
    return facts.end > base + PUBLISH_SECONDS + facts.late(base, facts.end)


def _risen(facts: Facts) -> Iterator[Violation]:
    """Yield entries of a deleted blog that are there at the end."""
    for deletion in facts.deletions:
        if deletion.done is None:
            continue
        old = {write.entry for write in facts.done_writes if write.done and write.done.at < deletion.sent_at}
        for state in facts.states.values():
            if risen := sorted(old & state.items.keys() - {""}):
                text = f"entry {risen[0]} of the deleted blog is in the {state.source} of node {state.node}"
                yield Violation("P4", state.at, text)
        ended_at = max((state.at for state in facts.states.values()), default=facts.end)
        words = {write.token for write in facts.done_writes if write.done and write.done.at < deletion.sent_at}
        for read in facts.log.of(SurfaceRead):
            if read.at > ended_at and (left := words & set(read.tokens)):
                text = f"{read.surface} of node {read.node} has {min(left)} of the deleted blog"
                yield Violation("P4", read.at, text)
