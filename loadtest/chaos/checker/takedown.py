"""P5: a second after a retraction was answered, the body is gone everywhere, and readers know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from loadtest.chaos.checker.facts import PUT_BACK_SECONDS, Facts, WriteFacts
from loadtest.chaos.checker.shown import Violation
from loadtest.chaos.log import MessageTaken, ReaderOpened, SurfaceRead

TAKEDOWN_SECONDS = 1.0
"""The time of P5."""

TOLD_SECONDS = 0.5
"""Time that a message may take in addition to the promise, to get into the log of a reader on a busy machine."""


def takedown(facts: Facts) -> Iterator[Violation]:
    """Yield answers with a retracted body, and readers that were not told of a retraction."""
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
        if event.surface.startswith("editors") and facts.lost_since(event.at - PUT_BACK_SECONDS, event.until):
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
