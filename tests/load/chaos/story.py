"""Logs of runs as plain data: what happened, told by hand."""

from __future__ import annotations

from typing import Any

from loadtest.chaos.checker.verdict import Verdict
from loadtest.chaos.log import (
    FaultBegun,
    FaultEnded,
    MessageTaken,
    ReaderOpened,
    RunLog,
    StateRead,
    WriteAnswered,
    WriteSent,
)

END = 30.0
"""When the final states are read; the fault is from 1 to 2 seconds."""


class Story:
    """Two nodes, a reader on each, and one editor, whose writes all go well unless a test says otherwise."""

    def __init__(self) -> None:
        self.log = RunLog()
        self.items: dict[str, tuple[int, int, str, str]] = {}
        """The state at the end, as `StateRead` has it."""
        self.seq = 0
        self.missing: set[tuple[int, int]] = set()
        """Reader and seq of updates that never come."""
        self.log.add(FaultBegun(at=1.0, fault="cut"))
        self.log.add(FaultEnded(at=2.0, fault="cut"))
        for reader in (0, 1):
            self.open(reader, 0.0)

    @property
    def cursor(self) -> str:
        return f"{self.seq}-t{self.seq}" if self.seq else "0"

    def open(self, reader: int, at: float, since: str | None = None) -> None:
        self.log.add(ReaderOpened(at=at, reader=reader, node=reader, surface="json", since=since))
        if since is None:
            self.tell(reader, at, None, self.cursor)

    def tell(self, reader: int, at: float, begins: str | None, cursor: str, *entries: dict[str, Any]) -> None:
        """Let a reader get an update."""
        message = {"type": "update", "from": begins, "cursor": cursor, "entries": list(entries)}
        self.log.add(MessageTaken(at=at, reader=reader, message=message))

    def write(
        self, at: float, kind: str = "create", entry: str = "", told_after: float = 0.1, **answer: Any
    ) -> WriteSent:
        """Let the editor write through node 0, and readers be told. `answer` replaces fields of the answer."""
        number = len(self.log.of(WriteSent)) + 1
        sent = WriteSent(at=at, write=number, node=0, kind=kind, token=f"tok{number}x", entry=entry)
        self.log.add(sent)
        entry = entry or f"e{number}"
        before, is_visible = self.cursor, kind not in ("draft", "schedule")
        self.seq += is_visible
        version = self.items.get(entry, (0, 0, "", ""))[1] + 1
        status = {"retract": "retracted", "draft": "draft", "schedule": "scheduled"}.get(kind, "published")
        seq = self.seq if is_visible else 0
        fields = {"status": 200, "cursor": self.cursor, "entry": entry, "seq": seq, "version": version}
        self.log.add(
            WriteAnswered(**{"at": at + 0.05, "write": number, "node": 0, "token": sent.token, **fields, **answer})
        )
        self.items[entry] = (seq, version, status, sent.token)
        if is_visible:
            for reader in (0, 1):
                if (reader, self.seq) not in self.missing:
                    self.tell(reader, at + told_after, before, self.cursor, self.shown(entry))
        return sent

    def shown(self, entry: str) -> dict[str, Any]:
        """Return an entry as readers get it now."""
        seq, version, status, token = self.items[entry]
        return {"id": entry, "seq": seq, "version": version, "status": status, "title": token}

    def verdict(self, at: float = END, **states: dict[str, tuple[int, int, str, str]]) -> Verdict:
        """Let all nodes tell their state, and check the log. `states` replaces those of `memory` or `store`."""
        visible = {key: row for key, row in self.items.items() if row[0]}
        for node in (0, 1):
            for source, items in {"memory": visible, "store": self.items, **states}.items():
                cursor = self.cursor if source == "memory" else ""
                self.log.add(StateRead(at=at, node=node, source=source, cursor=cursor, status=200, items=items))
        return Verdict(self.log)


def broken(verdict: Verdict) -> set[str]:
    """Return the promises that were broken."""
    return {violation.promise for violation in verdict.violations}
