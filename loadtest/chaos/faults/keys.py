"""Faults of single records in Redis: a key of the blog is gone or garbage, or a message is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from redis.asyncio import Redis

from loadtest.chaos.faults.kind import FaultKind, Trial
from loadtest.chaos.writers import BLOG

PARTS = ("line", "items", "order", "due", "answers")

GARBAGE = b"\xff garbage"

HINTS = (b"0", b"garbage", b"\xff\xfe", b"5-abc \x93\xa1x\x01\x02", b"0 \x94\xa0\x91\x81\xa2id\x07\xcb" + bytes(8))
"""Messages that no node of this version sends."""


async def _key(client: Redis, part: str) -> str:
    """Return the name of a key of the blog, whatever prefix it has."""
    found: Any = await client.keys(f"*{{{BLOG}}}:{part}")
    return str(found[0].decode()) if found else f"stoppress:{{{BLOG}}}:{part}"


def _note_loss(trial: Trial, part: str) -> None:
    if part in ("items", "answers"):  # all else can be derived from these, or a live node has it
        trial.lost(0.0, part)


async def key_gone(trial: Trial, part: str) -> None:
    """Delete one key of the blog."""
    async with trial.stage.redis.client() as client:
        await client.delete(await _key(client, part))
    _note_loss(trial, part)
    await trial.go_on()


async def names_gone(trial: Trial) -> None:
    """Delete the list of names."""
    async with trial.stage.redis.client() as client:
        await client.delete(*await client.keys("*:blogs"))
    await trial.go_on()


async def key_garbage(trial: Trial, part: str) -> None:
    """Put a value of another type in place of one key of the blog; in the end, delete it."""
    async with trial.stage.redis.client() as client:
        key = await _key(client, part)
        await client.set(key, GARBAGE)
        _note_loss(trial, part)
        await trial.hold()
        if await client.type(key) == b"string":  # a node may have put it right
            await client.delete(key)


async def record_garbage(trial: Trial, part: str) -> None:
    """Put a record that cannot be read into one key of the blog; in the end, remove it."""
    async with trial.stage.redis.client() as client:
        key = await _key(client, part)
        put, remove = await _record(trial, client, key, part)
        await put()
        _note_loss(trial, part)
        await trial.hold()
        await remove()


async def _record(
    trial: Trial, client: Any, key: str, part: str
) -> tuple[Callable[[], Awaitable[Any]], Callable[[], Awaitable[Any]]]:
    if part == "line":
        return partial(client.rpush, key, GARBAGE), partial(client.lrem, key, 0, GARBAGE)
    if part in ("order", "due"):
        return partial(client.zadd, key, {GARBAGE: 1}), partial(client.zrem, key, GARBAGE)
    fields = [field for field in await client.hkeys(key) if field != b"header"]
    field = trial.rng.choice(fields) if fields else b"nothing"

    async def remove() -> None:
        if await client.hget(key, field) == GARBAGE:
            await client.hdel(key, field)

    return partial(client.hset, key, field, GARBAGE), remove


async def garbage_hints(trial: Trial) -> None:
    """Publish messages that no node can read on all channels of nodes."""
    async with trial.stage.redis.client() as client:
        for hint in HINTS:
            for channel in await client.pubsub_channels():
                await client.publish(channel, hint)
            await asyncio.sleep(0.1)
    await trial.go_on()


KINDS = (
    *(FaultKind(f"gone-{part}", partial(key_gone, part=part), loses_answers=part == "answers") for part in PARTS),
    FaultKind("gone-names", names_gone),
    *(FaultKind(f"garbage-{part}", partial(key_garbage, part=part), loses_answers=part == "answers") for part in PARTS),
    *(
        FaultKind(f"unreadable-{part}", partial(record_garbage, part=part), loses_answers=part == "answers")
        for part in PARTS
    ),
    FaultKind("garbage-hints", garbage_hints),
)
