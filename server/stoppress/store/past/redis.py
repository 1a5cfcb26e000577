"""The past in Redis; `past.lua` describes the keys."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from stoppress.errors import StoreDamaged
from stoppress.model import timestamp
from stoppress.store.past.port import MAX_ACTS, MAX_VERSION_BYTES, Act, Actor, Keep, Version
from stoppress.store.redis.format import ACCOUNTS
from stoppress.store.redis.server import RedisServer

_encoder = msgspec.json.Encoder()


def pack_past(acts: Sequence[Act], keep: Keep) -> bytes:
    """Return in msgpack what `commit.lua` keeps of the past. All acts are of one identity."""
    who = _encoder.encode(acts[0].who).decode() if acts else ""
    limits = keep.versions, MAX_VERSION_BYTES
    return msgspec.msgpack.encode(([act_json(act) for act in acts], who, keep.audit_seconds, MAX_ACTS, limits))


def act_json(act: Act | None) -> str:
    """Return an act as it is stored; an empty text if there is none."""
    return _encoder.encode(act).decode() if act else ""


class RedisPast:
    """`port.Past` in the Redis of a store."""

    def __init__(self, server: RedisServer, keep: Keep) -> None:
        self._server = server
        self._keep = keep

    async def acts(
        self, blog: str | None, *, after: str | None = None, before: str | None = None, limit: int
    ) -> list[Act]:
        names, client = self._server.names, self._server.client
        key = names.key(ACCOUNTS if blog is None else blog, "audit")
        oldest = f"{max(0, time.time() - self._keep.audit_seconds) * 1000:.0f}"
        newest = f"({before}" if before is not None else "+"
        if after is not None:
            start = f"({after}" if _order(after) >= _order(oldest) else oldest
            found: Any = await self._server.answer(client.xrange(key, start, newest, count=limit))
        else:
            found = await self._server.answer(client.xrevrange(key, newest, oldest, count=limit))
        return [_act(element.decode(), fields) for element, fields in found]

    async def versions(self, blog: str, entry: str, *, before: int | None = None, limit: int) -> list[Version]:
        key, client = self._server.names.key(blog, "versions"), self._server.client
        packed: Any = await self._server.answer(client.hget(key, entry))
        newest_first = _listed(packed)[::-1]
        # Those without a body are left over from before a rollback of the store, except for the newest version
        wanted = [one for one in newest_first if one[3] or one is newest_first[0]]
        wanted = [one for one in wanted if before is None or one[0] < before][:limit]
        fields = [f"{entry}:{version}" for version, *_more in wanted]
        bodies: Sequence[Any] = await self._server.answer(client.hmget(key, fields)) if fields else ()
        versions = []
        for (version, at, who, size), body in zip(wanted, bodies, strict=True):
            if body is not None or not size:
                author = msgspec.json.decode(who, type=Actor) if who else None
                versions.append(Version(version, at / 1000, author, body))
        return versions


def _order(act_id: str) -> tuple[int, int]:
    """Return the sort key of an id."""
    milliseconds, _, number = act_id.partition("-")
    return int(milliseconds), int(number or 0)


def _act(act_id: str, fields: dict[bytes, bytes]) -> Act:
    try:
        act, at = msgspec.json.decode(fields[b"act"], type=Act), int(fields[b"at"]) / 1000
    except (ValueError, KeyError) as error:
        raise StoreDamaged(f"Act {act_id} of the audit cannot be read: {error}.") from error
    return msgspec.structs.replace(act, id=act_id, at=timestamp(datetime.fromtimestamp(at, UTC)))


def _listed(packed: bytes | None) -> list[tuple[int, int, str, int]]:
    """Return the list of versions of an entry; an empty one if it cannot be read."""
    try:
        return msgspec.msgpack.decode(packed, type=list[tuple[int, int, str, int]]) if packed else []
    except ValueError:
        return []
