"""P1 and P7: answers and reads fit into one order of changes; and the conditions of writes hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from loadtest.chaos.checker.facts import Facts, WriteFacts
from loadtest.chaos.checker.shown import Row, Shown, Violation, seq_of
from loadtest.chaos.log import CursorRead, MessageTaken


def mixtures(facts: Facts, shown: Shown) -> Iterator[Violation]:
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


def sequence(facts: Facts) -> Iterator[Violation]:
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


def conditions(facts: Facts) -> Iterator[Violation]:
    """Yield Idempotency-Keys that were used twice, and If-Match that did not hold."""
    yield from _repeated(facts)
    matched: dict[tuple[str, int], WriteFacts] = {}
    for write in facts.done_writes:
        if not write.if_match or write.done is None or write.done.replayed:
            continue
        other = matched.setdefault((write.entry, write.if_match), write)
        is_ignored = other is not write or write.done.version != write.if_match + 1
        if is_ignored and not facts.may_be_lost(other):
            text = f"{write} was done with If-Match {write.if_match}, and made version {write.done.version}"
            yield Violation("P4", write.done.at, f"{text}; {other} before it" if other is not write else text)


def _repeated(facts: Facts) -> Iterator[Violation]:
    entries: dict[str, set[str]] = defaultdict(set)
    for event in facts.log.of(MessageTaken):
        for entry in event.message.get("entries", ()):
            entries[str(entry.get("title"))].add(entry["id"])
    for write in facts.writes.values():
        results = {(answer.entry, answer.version) for answer in write.answers if 200 <= answer.status < 300}
        is_forgotten = facts.lost_since(write.sent_at, facts.end, "answers") or facts.was_deleted(write.last_sent_at)
        if (len(results) > 1 or len(entries[write.token]) > 1) and not is_forgotten:
            text = f"{write} was done twice with one Idempotency-Key: {sorted(results)}"
            yield Violation("P4", write.last_sent_at, text)
