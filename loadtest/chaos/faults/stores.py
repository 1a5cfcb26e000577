"""Faults of stores: emptied, rolled back, exchanged, split, full, or no longer allowed."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from signal import SIGCONT, SIGKILL, SIGSTOP
from typing import Any

from loadtest.chaos.faults.kind import FaultKind, Trial
from loadtest.chaos.stage.servers import RedisProcess
from loadtest.chaos.writers import Order

NOTICE_SECONDS = 4.0
"""Seconds in which nodes have to notice that their address leads to another Redis."""

FULL_SHARES = (1.0, 0.3, 0.6)
"""Shares of writes that find no room: all of them, or some, as other programs use the same disk."""

TAKEN_COMMANDS = ("-evalsha", "-publish", "-lindex", "-zrangebyscore")


async def flushall(trial: Trial) -> None:
    """Empty Redis."""
    async with trial.stage.redis.client() as client:
        await client.flushall()
    trial.lost(0.0)
    await trial.go_on()


async def older_copy(trial: Trial) -> None:
    """Start Redis from an older copy of its append-only file."""
    redis, copy = trial.stage.redis, trial.stage.folder / "copy"
    kept_until = time.monotonic()
    redis.copy_files(copy)
    await trial.hold()
    await redis.kill()
    trial.lost(kept_until)
    await redis.restart_from(copy)
    await trial.go_on()


async def draft_copy(trial: Trial) -> None:
    """Publish drafts after the copy was made, start Redis from the copy, and write before a node can look."""
    redis, copy = trial.stage.redis, trial.stage.folder / "copy"
    for kind in ("draft", "draft", "schedule"):
        await trial.writers.write(Order(kind, due_in=0.5))
    kept_until = time.monotonic()
    redis.copy_files(copy)
    for draft in trial.writers.known("draft"):
        await trial.writers.write(Order("publish", draft.id))
    await asyncio.sleep(1.0)
    await redis.kill()
    trial.lost(kept_until)
    await redis.restart_from(copy)
    await trial.writers.write(Order("create"))
    await trial.go_on()


async def older_dump(trial: Trial) -> None:
    """Start Redis from an older dump."""
    redis = trial.stage.redis
    kept_until = time.monotonic()
    async with redis.client() as client:
        await client.save()
    await trial.hold()
    await redis.kill()
    trial.lost(kept_until)
    await redis.start("--appendonly", "no")
    async with redis.client() as client:
        await client.config_set("appendonly", "yes")
    await trial.go_on()


async def _replica(trial: Trial) -> RedisProcess:
    replica = await trial.stage.add_redis()
    await replica.replicate(trial.stage.redis)
    return replica


async def _replicated(trial: Trial) -> float:
    """Return a moment up to which the replica has everything that was written to the primary."""
    moment = time.monotonic()
    async with trial.stage.redis.client() as client:
        await client.set("chaos:mark", 1)  # WAIT waits for writes of its own connection
        await client.wait(1, 2_000)
    return moment


async def promotion(trial: Trial) -> None:
    """Lead the nodes to a replica that has everything, and kill the primary."""
    replica = await _replica(trial)
    with trial.cut_off():
        for link in trial.stage.links:
            link.refuses = True
            link.cut()
        await _replicated(trial)
        await _exchange(trial, replica)
    await trial.go_on()


async def _exchange(trial: Trial, replica: RedisProcess) -> None:
    with trial.cut_off():
        await trial.stage.redis.kill()
        await replica.promote()
        trial.stage.redis = replica
        for link in trial.stage.links:
            link.switch(replica.port, cut=True)
            link.heal()


async def lagging_promotion(trial: Trial) -> None:
    """Lead the nodes to a replica that misses the last writes, and kill the primary."""
    replica = await _replica(trial)
    kept_until = await _replicated(trial)
    await replica.promote()
    await trial.go_on()
    trial.lost(kept_until)
    await _exchange(trial, replica)
    await trial.go_on()


async def split_brain(trial: Trial) -> None:
    """Lead new connections to a replica, and let the primary and all connections to it live on; a node starts anew."""
    replica = await _replica(trial)
    kept_until = await _replicated(trial)
    await replica.promote()
    trial.lost(kept_until)
    trial.stage.redis = replica
    with trial.cut_off():
        for link in trial.stage.links:
            link.switch(replica.port, cut=False)
        await asyncio.sleep(NOTICE_SECONDS)
    trial.lost(kept_until)
    anew = trial.rng.choice(trial.stage.nodes)
    await anew.stop(SIGKILL)
    await anew.start()
    await trial.hold()


async def full(trial: Trial) -> None:
    """Let Redis be out of memory."""
    async with trial.stage.redis.client() as client:
        await client.config_set("maxmemory", "1")
        await trial.hold()
        await client.config_set("maxmemory", "0")


async def disk_full(trial: Trial) -> None:
    """Let the disk of Redis be full."""
    trial.stage.redis.machine.fill_disk(trial.rng.choice(FULL_SHARES))
    await trial.hold()
    trial.stage.redis.machine.repair()
    await trial.go_on()


async def no_channels(trial: Trial) -> None:
    """Take all channels from the nodes' user."""
    await _without(trial, "resetchannels")


async def no_command(trial: Trial) -> None:
    """Take a command from the nodes' user."""
    await _without(trial, trial.rng.choice(TAKEN_COMMANDS))


async def _without(trial: Trial, rule: str) -> None:
    async with trial.stage.redis.client() as client:
        acl: Any = client
        with trial.cut_off():
            await acl.execute_command("ACL", "SETUSER", "default", rule)
            await trial.hold()
            await acl.execute_command("ACL", "SETUSER", "default", "allchannels", "+@all")


async def deleted_while_asleep(trial: Trial) -> None:
    """Empty Redis and delete the blog while a node sleeps; make the blog again, then wake the node."""
    sleeper, awake = trial.stage.nodes[1], trial.stage.nodes[0]
    sleeper.signal(SIGSTOP)
    if trial.rng.random() < 0.5:
        async with trial.stage.redis.client() as client:
            await client.flushall()
        trial.lost(0.0)
    if trial.rng.random() < 0.5:
        await trial.go_on()
    await trial.writers.write(Order("delete_blog", is_keyed=False), awake)
    await trial.go_on()
    await trial.writers.write(Order("create_blog"), awake)
    await trial.hold()
    sleeper.signal(SIGCONT)


async def sqlite_disk_full(trial: Trial) -> None:
    """Let the disk of SQLite be full."""
    node = trial.stage.nodes[0]
    node.machine.fill_disk(trial.rng.choice(FULL_SHARES))
    await trial.hold()
    node.machine.repair()
    await trial.go_on()


async def sqlite_moved(trial: Trial) -> None:
    """Move the file of SQLite away from under the node, and back."""
    file = trial.stage.folder / "blogs.db"
    file.rename(file.with_name("moved.db"))
    await trial.hold()
    file.with_name("moved.db").rename(file)
    await trial.go_on()


async def sqlite_backup(trial: Trial) -> None:
    """Hold a read transaction open, as a backup does."""
    with closing(sqlite3.connect(trial.stage.folder / "blogs.db")) as backup:
        backup.execute("BEGIN")
        backup.execute("SELECT count(*) FROM sqlite_master").fetchone()
        await trial.hold()
        backup.rollback()


KINDS = (
    FaultKind("flushall", flushall, loses_answers=True),
    FaultKind("older-copy", older_copy, loses_answers=True),
    FaultKind("draft-older-copy", draft_copy, loses_answers=True),
    FaultKind("older-dump", older_dump, loses_answers=True),
    FaultKind("promotion", promotion),
    FaultKind("lagging-promotion", lagging_promotion, loses_answers=True),
    FaultKind("split-brain", split_brain, loses_answers=True),
    FaultKind("redis-full", full, may_be_long=True),
    FaultKind("redis-disk-full", disk_full, may_be_long=True),
    FaultKind("acl-channels", no_channels, may_be_long=True),
    FaultKind("acl-command", no_command, may_be_long=True),
    FaultKind("deleted-while-asleep", deleted_while_asleep, loses_answers=True),
    FaultKind("sqlite-disk-full", sqlite_disk_full, nodes=1, may_be_long=True),
    FaultKind("sqlite-moved", sqlite_moved, nodes=1, may_be_long=True),
    FaultKind("sqlite-backup", sqlite_backup, nodes=1),
)
