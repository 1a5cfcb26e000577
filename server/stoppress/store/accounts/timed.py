"""Accounts that measure others: how long each operation takes, and how often it fails."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from stoppress.errors import StoreUnavailable
from stoppress.store.accounts.port import MAX_LIST, Accounts, Counted, Record, RecordWrite
from stoppress.store.past.port import Act
from stoppress.telemetry.counts import Counts

OPERATIONS = {"get": "get_record", "records": "list_records", "write": "write_records", "count": "count"}
"""The names of the operations in the metrics."""


class TimedAccounts:
    """`port.Accounts` that ask others.

    Args:
        accounts: do the work.
        counts: gets durations and failures.
    """

    def __init__(self, accounts: Accounts, counts: Counts) -> None:
        self._accounts = accounts
        self._counts = counts
        for operation in OPERATIONS.values():
            counts.store_errors[operation] += 0  # Prometheus does not see the step from nothing to 1

    async def get(self, kind: str, record_id: str) -> Record | None:
        with self._timed("get"):
            return await self._accounts.get(kind, record_id)

    async def records(self, kind: str, after: str = "", limit: int = MAX_LIST) -> list[Record]:
        with self._timed("records"):
            return await self._accounts.records(kind, after, limit)

    async def write(self, writes: Sequence[RecordWrite], act: Act | None = None) -> list[int]:
        with self._timed("write"):
            return await self._accounts.write(writes, act)

    async def count(self, name: str, window_seconds: int, events: int = 1) -> Counted:
        with self._timed("count"):
            return await self._accounts.count(name, window_seconds, events)

    @contextmanager
    def _timed(self, method: str) -> Iterator[None]:
        operation, began = OPERATIONS[method], time.monotonic()
        try:
            yield
        except (StoreUnavailable, TimeoutError):
            self._counts.count_store_error(operation)
            raise
        finally:
            self._counts.store[operation].add(time.monotonic() - began)
