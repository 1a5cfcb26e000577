"""P6 and P8: nodes stay bounded, say when they are not ready, and give no answer that no fault excuses."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator

from loadtest.chaos.checker.facts import Facts
from loadtest.chaos.checker.shown import Violation, seq_of
from loadtest.chaos.log import FaultBegun, HealthSeen, MessageTaken, ReaderClosed, ResourcesSeen, WriteAnswered

RED_SECONDS = 10.0
"""The time of P8."""

PROBE_SECONDS = 1.0
"""Maximum time from a moment to the next probe of health."""

EARLY_SECONDS = 0.5
"""By how much the clocks of editors and nodes may differ for scheduled entries."""

MAX_GROWTH_BYTES, MAX_MORE_FILES = 64_000_000, 200
"""By how much a node may grow in a run (P6)."""


def bounds(facts: Facts) -> Iterator[Violation]:
    """Yield nodes that grew too much."""
    first: dict[int, ResourcesSeen] = {}
    for seen in facts.log.of(ResourcesSeen):
        begin = first.setdefault(seen.node, seen)
        if seen.resident - begin.resident > MAX_GROWTH_BYTES or seen.files - begin.files > MAX_MORE_FILES:
            grown = f"{(seen.resident - begin.resident) / 1e6:.0f} MB and {seen.files - begin.files} files"
            yield Violation("P6", seen.at, f"node {seen.node} grew by {grown}")


def health(facts: Facts) -> Iterator[Violation]:
    """Yield nodes that stayed green while nothing came out."""
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


def red_seconds(facts: Facts) -> Iterator[float]:
    """Yield the seconds after which each node turned red, if it did."""
    seen = facts.log.of(HealthSeen)
    for begun in facts.log.of(FaultBegun):
        for node in {probe.node for probe in seen}:
            red = [probe.until for probe in seen if probe.node == node and probe.status == 503 and probe.at > begun.at]
            if red:
                yield red[0] - begun.at


def answers(facts: Facts) -> Iterator[Violation]:
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
        if write.due_at is not None and at is not None and at < write.due_at - EARLY_SECONDS:
            yield Violation("error", at, f"{write} came out {write.due_at - at:.1f} s before it was due")
