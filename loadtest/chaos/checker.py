"""Decides the promises P1 to P8 of docs/reference/protocol.md from the log of a run alone."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from loadtest.chaos.facts import Facts, WriteFacts
from loadtest.chaos.log import (
    CursorRead,
    FaultBegun,
    HealthSeen,
    MessageTaken,
    ReaderClosed,
    ReaderOpened,
    ResourcesSeen,
    RunLog,
    StateRead,
    SurfaceRead,
    WriteAnswered,
)
from loadtest.chaos.shown import Row, Shown, Violation, seq_of

CONVERGE_SECONDS, TAKEDOWN_SECONDS, RED_SECONDS = 5.0, 1.0, 10.0
"""The times of P3, P5 and P8."""

PUBLISH_SECONDS = 10.0
"""How long a node may take to publish what is due. The protocol promises no time; many entries may be due at once."""

PROBE_SECONDS = 1.0
"""How much later than a moment the next probe of health may come."""

TOLD_SECONDS = 0.5
"""How much longer than promised a message may take from a server to the log of a reader on a busy machine."""

MAX_GROWTH_BYTES, MAX_MORE_FILES = 64_000_000, 200
"""By how much a node may grow in a run (P6)."""


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
        self.red_seconds = list(_red_seconds(self.facts))
        checks = (self._convergence, self._durability, _takedown, _bounds, _order, _health, _conditions, _answers)
        found = [violation for check in checks for violation in check(self.facts)]
        found += [*self.shown.violations, *_mixtures(self.facts, self.shown)]
        self.violations = sorted(found, key=lambda violation: violation.at)

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
        for number, reader in self.shown.readers.items():
            at = _time_at(reader.reached, target)
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
    base = max(facts.healed_at, write.due_at or 0.0)
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


# P1, P7


def _mixtures(facts: Facts, shown: Shown) -> Iterator[Violation]:
    """Yield states that readers showed at the cursor of an answer, without the write that was answered."""
    for write in facts.done_writes:
        done = write.change
        if done is None:
            continue
        if seq_of(done.cursor) != done.seq:
            yield Violation("P7", done.at, f"{write} has the seq {done.seq}, but the cursor {done.cursor}")
        state = shown.states.get(done.cursor)
        row: Row = (done.seq, 0 if write.kind in ("header", "create_blog") else done.version, write.token)
        key = write.entry or "header"
        if state is not None and state.get(key) != row:
            yield Violation(
                "P1", done.at, f"readers at {done.cursor} have {state.get(key)} in place of {row} of {write}"
            )


def _order(facts: Facts) -> Iterator[Violation]:
    """Yield answers that contradict the order in which writes and reads came after each other."""
    writes = sorted((write for write in facts.done_writes if write.change), key=lambda write: write.sent_at)
    answered = sorted(writes, key=lambda write: write.change.at if write.change else 0.0)
    newest: WriteFacts | None = None  # of those that were answered before a write was sent
    for write in writes:
        while answered and (change := answered[0].change) and change.at < write.sent_at:
            earlier = answered.pop(0)
            is_newer = newest is None or newest.change is None or change.seq > newest.change.seq
            newest = earlier if is_newer and not _histories_differ(facts, change.at, change.at) else newest
        first, second = newest and newest.change, write.change
        if first and second and first.seq >= second.seq and not facts.was_deleted(second.at):
            text = f"{write} has the seq {second.seq}, but {newest} before it has {first.seq}"
            yield Violation("P7", second.at, text)
    for read in facts.log.of(CursorRead):
        if read.status == 200 and read.begins != read.since and not _histories_differ(facts, read.at, read.until):
            yield Violation("P7", read.at, f"node {read.node} answered the cursor {read.since} from {read.begins}")
        elif read.status != 200 and facts.is_calm(read.at, read.until):
            yield Violation("P7", read.at, f"node {read.node} answered the cursor {read.since} with {read.status}")


def _histories_differ(facts: Facts, first: float, second: float) -> bool:
    is_lost = any(loss.items == "all" and min(first, second) >= loss.kept_until for loss in facts.losses)
    return is_lost or facts.was_deleted(second)


# P5


def _takedown(facts: Facts) -> Iterator[Violation]:
    words = defaultdict(set)
    for write in facts.writes.values():
        if write.kind != "retract":
            words[write.entry].add(write.token)
    opened: dict[int, ReaderOpened] = {}
    retractions = [
        write for write in facts.done_writes if write.kind == "retract" and write.done and not facts.may_be_lost(write)
    ]
    for event in facts.log.events:
        if isinstance(event, ReaderOpened):
            opened[event.reader] = event
        asked_at, tokens, where = _asked(facts, event, opened)
        for write in retractions if tokens else ():
            assert write.done is not None
            if asked_at > write.done.at + TAKEDOWN_SECONDS and (left := tokens & words[write.entry]):
                seconds = asked_at - write.done.at
                text = f"{where} gives {min(left)} to a request {seconds:.1f} s after {write} was answered"
                yield Violation("P5", asked_at, text)
    yield from _told(facts, retractions)


def _asked(facts: Facts, event: object, opened: dict[int, ReaderOpened]) -> tuple[float, set[str], str]:
    """Return when an answer was asked for, the tokens of bodies in it, and who gave it.

    A node that is cut off from the store serves what it has. Editors get what is in the store; if that was rolled back,
    a retraction is missing until a node has put it back.
    """
    if isinstance(event, SurfaceRead) and event.status == 200 and not facts.is_cut_off(event.node, event.at):
        if event.surface == "editors" and facts.lost_since(event.at - CONVERGE_SECONDS, event.until):
            return 0.0, set(), ""
        return event.at, set(event.tokens), f"{event.surface} of node {event.node}"
    if isinstance(event, MessageTaken) and event.message["type"] == "update":
        begin = opened[event.reader]
        if facts.is_cut_off(begin.node, begin.at):
            return 0.0, set(), ""
        shown = [entry for entry in event.message["entries"] if entry["status"] == "published"]
        return begin.at, {str(entry.get("title")) for entry in shown}, f"{begin.surface} of node {begin.node}"
    return 0.0, set(), ""


def _told(facts: Facts, retractions: list[WriteFacts]) -> Iterator[Violation]:
    """Yield readers that were connected, in calm times, and not told of a retraction within a second."""
    told: dict[tuple[int, str], float] = {}
    for event in facts.log.events:
        if isinstance(event, MessageTaken):
            for entry in event.message.get("entries", ()):
                if entry["status"] == "retracted":
                    told.setdefault((event.reader, entry["id"]), event.at)
    for write in retractions:
        assert write.done is not None
        begin, until = write.done.at, write.done.at + TAKEDOWN_SECONDS
        limit = until + TOLD_SECONDS + facts.late(begin, until)
        if not facts.is_calm(begin, limit):
            continue
        for stay in facts.stays:
            is_there = stay.begin < write.sent_at and stay.until > limit
            if is_there and told.get((stay.reader, write.entry), facts.end) > limit:
                yield Violation(
                    "P5", limit, f"reader {stay.reader} of node {stay.node} was not told of {write} in time"
                )


# P6


def _bounds(facts: Facts) -> Iterator[Violation]:
    first: dict[int, ResourcesSeen] = {}
    for seen in facts.log.of(ResourcesSeen):
        begin = first.setdefault(seen.node, seen)
        if seen.resident - begin.resident > MAX_GROWTH_BYTES or seen.files - begin.files > MAX_MORE_FILES:
            grown = f"{(seen.resident - begin.resident) / 1e6:.0f} MB and {seen.files - begin.files} files"
            yield Violation("P6", seen.at, f"node {seen.node} grew by {grown}")


# P8


def _health(facts: Facts) -> Iterator[Violation]:
    seen = facts.log.of(HealthSeen)
    for node, begin in [*_failing(facts), *_unreached(facts)]:
        limit = begin + RED_SECONDS + PROBE_SECONDS + facts.late(begin, begin + RED_SECONDS)
        probes = [probe for probe in seen if probe.node == node and begin <= probe.until <= limit]
        if probes and all(probe.status == 200 for probe in probes):
            text = f"/readyz of node {node} stayed green for {RED_SECONDS:g} s although nothing came out from"
            yield Violation("P8", limit, f"{text} {begin:.1f} on")


def _failing(facts: Facts) -> Iterator[tuple[int, float]]:
    """Yield nodes that did no write for ten seconds, and from when."""
    begins: dict[int, list[WriteAnswered]] = defaultdict(list)
    for answer in facts.log.of(WriteAnswered):
        failed = begins[answer.node]
        if answer.status and answer.status < 500:
            failed.clear()
            continue
        failed.append(answer)
        if len(failed) > 2 and answer.at - failed[0].at > RED_SECONDS:
            yield answer.node, failed[0].at
            failed.clear()


def _unreached(facts: Facts) -> Iterator[tuple[int, float]]:
    """Yield nodes whose readers did not get a change for ten seconds, and from when."""
    reached: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for event in facts.log.of(MessageTaken):
        if "cursor" in event.message:
            reached[event.reader].append((event.at, seq_of(event.message["cursor"])))
    for write in facts.done_writes:
        done = write.done
        if done is None or not done.seq or facts.lost_since(0.0, facts.end):
            continue
        until = done.at + RED_SECONDS
        for stay in facts.stays:
            is_there = stay.begin < done.at and min(stay.until, facts.end) > until
            if is_there and _seq_at(reached[stay.reader], until) < done.seq:
                yield stay.node, done.at
                break


def _seq_at(reached: list[tuple[float, int]], until: float) -> int:
    """Return the seq at which a reader was at some time; there has been no reset."""
    number = bisect_right(reached, (until, 1 << 60))
    return reached[number - 1][1] if number else 0


def _red_seconds(facts: Facts) -> Iterator[float]:
    seen = facts.log.of(HealthSeen)
    for begun in facts.log.of(FaultBegun):
        for node in {probe.node for probe in seen}:
            red = [probe.until for probe in seen if probe.node == node and probe.status == 503 and probe.at > begun.at]
            if red:
                yield red[0] - begun.at


# Conditions of writes, and answers that must never be given


def _conditions(facts: Facts) -> Iterator[Violation]:
    """Yield Idempotency-Keys that were used twice, and If-Match that did not hold."""
    entries: dict[str, set[str]] = defaultdict(set)
    for event in facts.log.events:
        if isinstance(event, MessageTaken):
            for entry in event.message.get("entries", ()):
                entries[str(entry.get("title"))].add(entry["id"])
    matched: dict[tuple[str, int], WriteFacts] = {}
    for write in facts.writes.values():
        done = [answer for answer in write.answers if 200 <= answer.status < 300]
        if len({(answer.entry, answer.version) for answer in done} | {(one, 0) for one in entries[write.token]}) > 1:
            results = {(answer.entry, answer.version) for answer in done}
            is_twice = len(results) > 1 or len(entries[write.token]) > 1
            if is_twice and not facts.lost_since(write.sent_at, facts.end, "answers"):
                text = f"{write} was done twice with one Idempotency-Key: {sorted(results)}"
                yield Violation("P4", write.last_sent_at, text)
        if not write.if_match or not done or done[0].replayed:
            continue
        other = matched.setdefault((write.entry, write.if_match), write)
        is_ignored = other is not write or done[0].version != write.if_match + 1
        if is_ignored and not facts.may_be_lost(other):
            text = f"{write} was done with If-Match {write.if_match}, and made version {done[0].version}"
            yield Violation("P4", done[0].at, f"{text}; {other} before it" if other is not write else text)


def _answers(facts: Facts) -> Iterator[Violation]:
    """Yield errors that no fault excuses: told to stop though the blog exists, and failures without a name."""
    for closed in facts.log.of(ReaderClosed):
        if closed.code in (404, 410, 4404) and not facts.was_deleted(closed.at):
            text = f"reader {closed.reader} was told {closed.code} by node {closed.node}, but the blog exists"
            yield Violation("P3", closed.at, text)
    for answer in facts.log.of(WriteAnswered):
        write = facts.writes[answer.write]
        if answer.status >= 500 and answer.status != 503:
            yield Violation("error", answer.at, f"{write} was answered {answer.status} by node {answer.node}")
        creates = not write.entry or write.kind in ("create", "draft", "schedule", "header")
        if answer.status == 404 and creates and not facts.was_deleted(answer.at):
            yield Violation("error", answer.at, f"{write} was answered 404 by node {answer.node}, but the blog exists")
    yield from _early(facts)


def _early(facts: Facts) -> Iterator[Violation]:
    """Yield scheduled entries that came out before their time."""
    for write in facts.writes.values():
        at = facts.came_out_at.get(write.token)
        if write.due_at is not None and at is not None and at < write.due_at - TOLD_SECONDS:
            yield Violation("error", at, f"{write} came out {write.due_at - at:.1f} s before it was due")
