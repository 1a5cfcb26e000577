"""The log of a run: all that writers, readers and probes sent and got, and what was done to the servers.

Times are seconds of `time.monotonic` in the process that plays the run, so they can be compared with each other.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct


class Logged(Struct, tag_field="event", kw_only=True, omit_defaults=True):
    """One line of the log."""

    at: float = msgspec.field(default_factory=time.monotonic)


class WriteSent(Logged, tag="write_sent"):
    """An attempt of a write is about to be sent. Attempts of one write have the same number and Idempotency-Key."""

    write: int
    node: int
    kind: str
    """create, draft, schedule, publish, edit, retract, delete_blog or create_blog"""
    token: str = ""
    """The word that the write puts into the entry; no other write has it."""
    entry: str = ""
    """The id of the entry that the request names."""
    if_match: int = 0
    due_in: float = 0.0
    """Seconds after which a scheduled entry is due."""


class WriteAnswered(Logged, tag="write_answered"):
    """The answer to an attempt; status 0: there was none."""

    write: int
    node: int
    status: int
    cursor: str = ""
    entry: str = ""
    seq: int = 0
    version: int = 0
    token: str = ""
    replayed: bool = False


class CursorRead(Logged, tag="cursor_read"):
    """A read of `changes` with the cursor of an answer: when it was sent, and what came."""

    node: int
    since: str
    status: int
    until: float
    begins: str | None = None
    """The `from` of the update."""


class ReaderOpened(Logged, tag="reader_opened"):
    """A reader was admitted with a cursor, or with none."""

    reader: int
    node: int
    surface: str
    since: str | None = None


class MessageTaken(Logged, tag="message_taken"):
    """A reader got a message."""

    reader: int
    message: dict[str, Any]


class ReaderClosed(Logged, tag="reader_closed"):
    """A connection, or an attempt to connect, ended; the reader connects again after `wait` seconds."""

    reader: int
    node: int
    code: int = 0
    """A close code or an HTTP status; 0: the connection broke."""
    wait: float = 0.0


class SurfaceRead(Logged, tag="surface_read"):
    """A request for one surface: when it was sent, and the tokens in what came."""

    node: int
    surface: str
    status: int
    until: float
    tokens: list[str] = []


class HealthSeen(Logged, tag="health_seen"):
    """An answer of `/readyz`: when it was asked, and when it came; status 0: none came."""

    node: int
    status: int
    until: float


class ResourcesSeen(Logged, tag="resources_seen"):
    """The memory, in bytes, and the open files of a node's process."""

    node: int
    resident: int
    files: int


class NodeStarted(Logged, tag="node_started"):
    """A node serves."""

    node: int


class NodeEnded(Logged, tag="node_ended"):
    """A node's process is gone, and all that it had in memory."""

    node: int


class NodeCutOff(Logged, tag="node_cut_off"):
    """A node could not reach the store, or another one than the others, from `at` to `until`."""

    node: int
    until: float


class FaultBegun(Logged, tag="fault_begun"):
    """The fault of the run begins now."""

    fault: str


class FaultEnded(Logged, tag="fault_ended"):
    """The fault is over: all servers run, and all connections are possible again."""

    fault: str


class StoreLost(Logged, tag="store_lost"):
    """The store has now lost what was written to it after `kept_until`."""

    kept_until: float
    items: str = "all"
    """all, or the part of the blog that is lost: what depends on it alone may be gone."""


class StateRead(Logged, tag="state_read"):
    """The items of a node at the end of the run: seq, version, status and token by item id."""

    node: int
    source: str
    """memory: what readers get; store: what editors get."""
    cursor: str
    status: int
    items: dict[str, tuple[int, int, str, str]] = {}


class LagSeen(Logged, tag="lag_seen"):
    """The process that plays the run was held up for so many seconds: all its times may be late by that."""

    seconds: float


Event = (
    WriteSent
    | WriteAnswered
    | CursorRead
    | ReaderOpened
    | MessageTaken
    | ReaderClosed
    | SurfaceRead
    | HealthSeen
    | ResourcesSeen
    | NodeStarted
    | NodeEnded
    | NodeCutOff
    | FaultBegun
    | FaultEnded
    | StoreLost
    | StateRead
    | LagSeen
)

_T = TypeVar("_T", bound=Logged)

_decoder = msgspec.json.Decoder(Event)


class RunLog:
    """The events of one run, in the order of their times."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.events: list[Event] = list(events)

    def add(self, event: Event) -> None:
        """Add an event that has just happened, or that began before."""
        self.events.append(event)

    def of(self, kind: type[_T]) -> list[_T]:
        """Return all events of a kind, by time."""
        return sorted((event for event in self.events if isinstance(event, kind)), key=lambda event: event.at)

    def save(self, path: Path) -> None:
        """Write the log to a file, one event in JSON on each line."""
        path.write_bytes(b"\n".join(map(msgspec.json.encode, self.events)) + b"\n")

    @classmethod
    def load(cls, path: Path) -> RunLog:
        """Read a log from a file. Raises `msgspec.MsgspecError` if it is not one."""
        return cls(_decoder.decode(line) for line in path.read_bytes().splitlines())
