"""Accounts that measure others: how long each operation takes, and how often it fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from stoppress.store.accounts.port import MAX_LIST, Accounts, Counted, Record, RecordWrite
from stoppress.store.past.port import Act

OPERATIONS = {"get": "get_record", "records": "list_records", "write": "write_records", "count": "count"}
"""The names of the operations in the metrics."""


class TimedAccounts:
    """`port.Accounts` that ask others.

    Args:
        accounts: do the work.
        timed: measures an operation.
    """

    def __init__(self, accounts: Accounts, timed: Callable[[str], AbstractContextManager[None]]) -> None:
        self._accounts = accounts
        self._timed = timed

    async def get(self, kind: str, record_id: str) -> Record | None:
        with self._timed(OPERATIONS["get"]):
            return await self._accounts.get(kind, record_id)

    async def records(self, kind: str, after: str = "", limit: int = MAX_LIST) -> list[Record]:
        with self._timed(OPERATIONS["records"]):
            return await self._accounts.records(kind, after, limit)

    async def write(self, writes: Sequence[RecordWrite], act: Act | None = None) -> list[int]:
        with self._timed(OPERATIONS["write"]):
            return await self._accounts.write(writes, act)

    async def count(self, name: str, window_seconds: int, events: int = 1) -> Counted:
        with self._timed(OPERATIONS["count"]):
            return await self._accounts.count(name, window_seconds, events)
