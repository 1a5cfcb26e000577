"""Accounts in Redis. All keys have one hash tag, so that scripts may use them together on a Redis Cluster:

    stoppress:{-accounts}:records          hash: "KIND/ID" -> "VERSION EXPIRES BODY"; EXPIRES is inf for never
    stoppress:{-accounts}:ids              sorted set: "KIND/ID" by name, for lists
    stoppress:{-accounts}:ends             sorted set: "KIND/ID" by the time at which the record ends
    stoppress:{-accounts}:audit            stream: who did what that belongs to no blog; see ../redis/past.lua
    stoppress:{-accounts}:DIGEST:count     string: a counter

No node puts back what Redis has lost of these. The two sorted sets follow from the hash, and the scripts make
them again if they do not have its size.
"""

from __future__ import annotations

import hashlib
import logging
import math
from collections.abc import Sequence
from typing import Any

from stoppress.errors import StoreDamaged, VersionConflict
from stoppress.store.accounts.port import MAX_LIST, Counted, Record, RecordWrite, check_id, check_writes
from stoppress.store.past.port import MAX_ACTS, Act, Keep
from stoppress.store.past.redis import act_json
from stoppress.store.redis.format import ACCOUNTS, ACCOUNTS_PARTS
from stoppress.store.redis.server import RedisServer

log = logging.getLogger("stoppress.store")


class RedisAccounts:
    """`port.Accounts` in the Redis of a store.

    Args:
        server: the server.
        keep: how long to keep acts.
    """

    def __init__(self, server: RedisServer, keep: Keep) -> None:
        self._server = server
        self._keep = keep
        self._keys = server.names.keys(ACCOUNTS, ACCOUNTS_PARTS)
        self._channel = server.names.channel(ACCOUNTS)
        self._get = server.script("get_record.lua")
        self._list = server.script("checks.lua", "records.lua", "list_records.lua")
        write = ("checks.lua", "records.lua", "past.lua", "write_records.lua")
        self._write = server.script(*write)
        self._removal = server.script(*write, flags="#!lua flags=allow-oom")
        self._count = server.script("checks.lua", "count.lua")

    async def get(self, kind: str, record_id: str) -> Record | None:
        check_id(kind, record_id)
        value = await self._server.answer(self._get(self._keys[:1], (f"{kind}/{record_id}",)))
        return None if value is None else _record(record_id, value)

    async def records(self, kind: str, after: str = "", limit: int = MAX_LIST) -> list[Record]:
        check_id(kind, after or "-")
        begin = f"({kind}/{after}"
        found = await self._server.answer(
            self._list(self._keys[:3], (self._channel, begin, f"({kind}0", min(limit, MAX_LIST)))
        )
        records: list[Record] = []
        for name, value in zip(found[::2], found[1::2], strict=True):
            try:
                records.append(_record(name.decode().partition("/")[2], value))
            except (StoreDamaged, UnicodeDecodeError) as error:
                log.warning("unreadable_record", extra={"error": str(error)})
        return records

    async def write(self, writes: Sequence[RecordWrite], act: Act | None = None) -> list[int]:
        check_writes(writes)
        arguments: list[Any] = [self._channel, act_json(act), self._keep.audit_seconds, MAX_ACTS]
        for write in writes:
            expected = "" if write.expected is None else write.expected
            ends = "inf" if write.expires is None else f"{write.expires:.3f}"
            put = (1, write.body) if write.body is not None else (0, "")
            arguments += (f"{write.kind}/{write.id}", expected, ends, *put)
        # To revoke a key must be possible also when memory is short.
        script = self._removal if all(write.body is None for write in writes) else self._write
        outcome = await self._server.answer(script(self._keys, arguments))
        if outcome[0] == b"conflict":
            lost = writes[outcome[1] - 1]
            raise VersionConflict(lost.id, lost.expected or 0)
        return [int(version) for version in outcome[1:]]

    async def count(self, name: str, window_seconds: int, events: int = 1) -> Counted:
        check_id("count", name)
        key = self._server.names.key(ACCOUNTS, f"{hashlib.sha256(name.encode()).hexdigest()[:32]}:count")
        arguments = (self._channel, events, window_seconds * 1000)
        counted, milliseconds = await self._server.answer(self._count((key,), arguments))
        return Counted(int(counted), max(0, milliseconds) / 1000)


def _record(record_id: str, value: bytes) -> Record:
    try:
        version, ends, body = value.split(b" ", 2)
        expires = float(ends)
        return Record(record_id, int(version), body, None if math.isinf(expires) else expires)
    except ValueError:
        raise StoreDamaged(f"Record {record_id!r} in Redis cannot be read.") from None
