"""The state machine passes, and it would not if the core were wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from stoppress.live.answers import Answer
from stoppress.live.encoding_group import StreamGroup
from stoppress.live.fd_group import FdGroup, Unsent
from stoppress.live.hub import Hub
from stoppress.live.replica import Fit, Part, Replica
from stoppress.model import Cursor, Segment
from stoppress.wire.frames import DeflateStream
from tests.live.machine import Core

CALM = settings(
    max_examples=250, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


@pytest.mark.slow
def test_the_core_keeps_its_promises_whatever_happens():
    run_state_machine_as_test(Core, settings=CALM)


# Bugs that somebody might make. Each replaces one method.


def _sends_one_too_many(self: Replica, since: Cursor) -> list[object]:
    return [item for item in self._items.values() if item.seq >= since.seq]


def _trusts_bare_numbers(self: Replica, cursor: Cursor) -> bool:
    return cursor.seq <= len(self._tags)


def _takes_what_does_not_follow(self: Replica, change: Segment) -> Fit:
    if change.cursor.seq > self.cursor.seq:
        self._extend(change)
    return Fit.NEWS


def _says_every_part_is_the_last(self: Replica, since: Cursor | None, limit: int) -> Part:
    return _sync(self, since, limit)._replace(more=False)


def _leads_the_first_part_to_the_head(self: Replica, since: Cursor | None, limit: int) -> Part:
    return _sync(self, since, limit)._replace(cursor=self.cursor, more=False)


def _forgets_where_a_slow_reader_is(self: Hub, reader: Any, mark: int) -> None:
    if reader.fd_group is not None:
        reader.fd_group.remove(reader)
    self._stalled[reader] = self._waiting.pop(reader, mark)
    reader.cursor = self.replica.cursor


def _never_lets_slow_readers_back(self: Hub, reader: Any) -> None:
    pass


def _keeps_old_answers(self: Hub) -> None:
    if not self._delivery_due:
        self._delivery_due = True
        self._timing.call_later(0.0, self.deliver)


def _delivers_only_to_those_at_the_head(self: Hub) -> None:
    self._delivery_due = False
    for group in self._at_head.values():
        self._deliver_to(group, self.cursor, None)
    self.cursor = self.replica.cursor


def _puts_everybody_at_the_head_at_once(self: Hub, reader: Any, opening: bytes = b"") -> None:
    self._answer(reader)
    self._group(reader.encoding).add(reader)


def _lets_newcomers_into_the_running_stream(self: StreamGroup, answer: Answer) -> list[Unsent]:
    self._followers.take_all(self._readers)
    return self._followers.send(self._stream.frame(self.encoding.opcode, answer.payload))


def _sends_followers_frames_of_another_stream(self: StreamGroup, answer: Answer) -> list[Unsent]:
    unsent = _deliver(self, answer)
    self._stream = DeflateStream() if len(self._followers) > 1 else self._stream
    self._stream.frame(self.encoding.opcode, b"something else")
    return unsent


def _cuts_frames(self: FdGroup, frame: bytes) -> list[Unsent]:
    for reader in self:
        self._write(reader.fd, frame)
    return []


_sync = Replica.sync
_deliver = StreamGroup.deliver

BUGS = [
    (Replica, "_newer_than", _sends_one_too_many),
    (Replica, "knows", _trusts_bare_numbers),
    (Replica, "apply", _takes_what_does_not_follow),
    (Replica, "sync", _says_every_part_is_the_last),
    (Replica, "sync", _leads_the_first_part_to_the_head),
    (Hub, "_set_aside", _forgets_where_a_slow_reader_is),
    (Hub, "resume", _never_lets_slow_readers_back),
    (Hub, "_changed", _keeps_old_answers),
    (Hub, "deliver", _delivers_only_to_those_at_the_head),
    (Hub, "join", _puts_everybody_at_the_head_at_once),
    (StreamGroup, "deliver", _lets_newcomers_into_the_running_stream),
    (StreamGroup, "deliver", _sends_followers_frames_of_another_stream),
    (FdGroup, "send", _cuts_frames),
]


@pytest.mark.parametrize(("owner", "method", "bug"), BUGS, ids=lambda value: getattr(value, "__name__", str(value)))
def test_a_planted_bug_is_caught(monkeypatch, owner: type, method: str, bug: Callable[..., object]):
    monkeypatch.setattr(owner, method, bug)
    without_shrinking = settings(CALM, phases=[Phase.generate], print_blob=False, report_multiple_bugs=False)
    with pytest.raises((AssertionError, LookupError)):
        run_state_machine_as_test(Core, settings=without_shrinking)
