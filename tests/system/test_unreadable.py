"""Records that nobody can read: each concerns its own blog, and all other blogs and the node go on working."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest
from redis.asyncio import Redis

from stoppress.store.redis.format import ALL_PARTS, KeyNames
from tests.conftest import Eventually, StartNode
from tests.support.node import RunningNode
from tests.support.redis_servers import RedisServer

pytestmark = [pytest.mark.redis, pytest.mark.slow]

Spoil = Callable[[Redis, str, str, str], Awaitable[Any]]
"""Takes Redis, a blog, and the ids of its published and its scheduled entry."""

MAX_LOG_LINES = 8
"""Maximum log lines for each blog that is spoilt: one for each kind of work, not one each second."""


def wrong_type(part: str) -> Spoil:
    async def spoil(redis: Redis, blog: str, _entry: str, _scheduled: str) -> None:
        await redis.delete(KeyNames().key(blog, part))
        await redis.set(KeyNames().key(blog, part), "?")

    return spoil


def value(body: bytes, which: str) -> Spoil:
    async def spoil(redis: Redis, blog: str, entry: str, scheduled: str) -> None:
        item_id = {"entry": entry, "scheduled": scheduled}.get(which, which)
        await redis.hset(KeyNames().key(blog, "items"), item_id, body)
        if which == "scheduled":
            await redis.zadd(KeyNames().key(blog, "due"), {scheduled: 1.0})

    return spoil


def hint(message: bytes) -> Spoil:
    async def spoil(redis: Redis, blog: str, _entry: str, _scheduled: str) -> None:
        head = await redis.lindex(KeyNames().key(blog, "line"), -1)
        assert isinstance(head, bytes)
        await redis.publish(f"stoppress:0:{{{blog}}}", message.replace(b"HEAD", head))

    return spoil


def change(body: str, **more: Any) -> bytes:
    packed = msgspec.msgpack.encode(["", [{"id": "x", "expected": 0, "body": body, "tag": "abc", **more}], 0.0, ""])
    return b"HEAD " + packed


SPOILT: dict[str, Spoil] = {
    **{f"type-{part}": wrong_type(part) for part in ALL_PARTS.split()},
    "head-pushed": lambda redis, blog, _e, _s: redis.rpush(KeyNames().key(blog, "line"), b"\xff?"),
    "head-set": lambda redis, blog, _e, _s: redis.lset(KeyNames().key(blog, "line"), -1, "?"),
    "first-set": lambda redis, blog, _e, _s: redis.lset(KeyNames().key(blog, "line"), 0, "?"),
    "item-empty": value(b"", "entry"),
    "item-bytes": value(b"\xff\x00", "entry"),
    "item-body": value(b"2 1 {", "entry"),
    "item-fields": value(b'2 1 {"id":7}', "entry"),
    "item-deep": value(b"2 1 " + b"[" * 100_000, "entry"),
    "header-body": value(b"1 1 []", "header"),
    "header-number": value(b"9" * 30 + b" 1 {}", "header"),
    "scheduled-body": value(b"0 1 {", "scheduled"),
    "scheduled-value": value(b"?", "scheduled"),
    "scheduled-time": value(b'0 1 {"id":"x","version":1,"status":"scheduled","publish_at":"?"}', "scheduled"),
    "item-strange": value(b"?", "strange"),
    "order-strange": lambda redis, blog, _e, _s: redis.zadd(KeyNames().key(blog, "order"), {b"\xff": 1e300}),
    "due-strange": lambda redis, blog, _e, _s: redis.zadd(KeyNames().key(blog, "due"), {b"\xff": 1.0}),
    "answer-strange": lambda redis, blog, _e, _s: redis.hset(KeyNames().key(blog, "answers"), "tests:k", b"?"),
    "deleted-strange": lambda redis, blog, _e, _s: redis.sadd(KeyNames().key(blog, "deleted"), b"\xff", "0-x"),
    "hint-version": hint(change('{"status":{}}')),
    "hint-body": hint(change("{")),
    "hint-number": hint(change("{}", expected=-5, version=-1)),
    "hint-bytes": hint(b"\xff\xfe"),
    "hint-nested": hint(b"HEAD " + b"\x91" * 10_000),
}


async def make(node: RunningNode, blog: str) -> tuple[str, str]:
    """Create a blog with a published and a scheduled entry, and load it. Return the ids of both."""
    async with node.editor() as editor:
        assert (await editor.put(f"/api/blogs/{blog}", json={"headline": blog})).status_code == 201
        ids = []
        for form in ({"markdown": "x"}, {"markdown": "y", "status": "scheduled", "publish_at": "2100-01-01T00:00:00Z"}):
            key = {"Idempotency-Key": form["markdown"]}
            ids.append((await editor.post(f"/api/blogs/{blog}/entries", json=form, headers=key)).json()["id"])
    return ids[0], ids[1]


async def works(node: RunningNode, blog: str, eventually: Eventually) -> None:
    """Publish in a blog, at once and by schedule, and see both."""
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    async with node.editor() as editor:
        for form in ({"markdown": "now"}, {"markdown": "soon", "status": "scheduled", "publish_at": soon}):
            answer = await editor.post(f"/api/blogs/{blog}/entries", json=form)
            assert answer.status_code == 201, answer.text
            entry = answer.json()["id"]

        async def shown() -> bool:
            entries = (await editor.get(f"/blogs/{blog}/changes")).json()["entries"]
            return any(each["id"] == entry for each in entries)

        await eventually(shown)
        assert (await editor.get("/api/blogs")).status_code == 200
        assert (await editor.get("/", headers={"accept": "text/html"})).status_code == 200


@pytest.mark.timeout(240)
async def test_what_is_wrong_with_one_blog_stays_with_it(
    start_node: StartNode, redis_server: RedisServer, eventually: Eventually, capfd: pytest.CaptureFixture[str], figure
):
    async with Redis.from_url(redis_server.url) as redis:
        await redis.flushall()
        node, other = [await start_node(redis_server.url, STOPPRESS_MAX_WRITES="0") for _ in range(2)]
        await make(node, "well")
        ids = {blog: await make(node, blog) for blog in SPOILT}
        await asyncio.gather(*(httpx_get(other, f"/blogs/{blog}/changes") for blog in SPOILT))
        capfd.readouterr()
        for blog, spoil in SPOILT.items():
            await spoil(redis, blog, *ids[blog])
        began = time.monotonic()
        for each in (node, other):
            await works(each, "well", eventually)
        statuses = {
            blog: [await httpx_get(each, f"/blogs/{blog}/changes") for each in (node, other)] for blog in SPOILT
        }
        async with node.editor() as editor:
            for blog in SPOILT:
                answer = await editor.post(f"/api/blogs/{blog}/entries", json={"markdown": "z"})
                assert answer.status_code in (201, 503), (blog, answer.text)
        await asyncio.sleep(max(0.0, began + 12 - time.monotonic()))  # errors that are logged each time add up
        fresh = await start_node(redis_server.url)
        for each in (node, other, fresh):
            await works(each, "well", eventually)
            assert each.is_running
        errors = (await node.samples()).items()
    assert any(name[0] == "stoppress_blog_errors_total" and count for name, count in errors)
    wrong = {blog: codes for blog, codes in statuses.items() if set(codes) != {200}}
    assert wrong == {}, "nodes that have a blog in memory give it to readers"
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    noisy = [line for line in lines if line.get("level") not in ("info", "debug", "INFO", "DEBUG")]
    assert not [line for line in noisy if line["event"] == "work_failed"], "no loop of the node ended"
    assert len(noisy) <= MAX_LOG_LINES * len(SPOILT), noisy[-20:]
    figure(f"{len(SPOILT)} blogs with unreadable records: {len(noisy)} log lines of 3 nodes in 12 s, no loop ended")


async def httpx_get(node: RunningNode, path: str) -> int:
    async with httpx.AsyncClient(base_url=node.url, trust_env=False, timeout=20) as client:
        return (await client.get(path)).status_code
