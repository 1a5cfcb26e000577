"""Readers of a private blog whose tokens end within a minute: all renew them, and nobody misses or repeats a change."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import httpx

from loadtest.bench.machine import cpu_seconds, resident_bytes
from loadtest.proofs.private_readers import BLOG, CONNECTS_PER_SECOND, SECRET, Crowd
from loadtest.server import KEY, NodeProcess

MAX_IDLE_KILOBYTES = 2.5
"""Maximum memory of the node per idle reader of a private blog."""

MAX_LATE_SECONDS = 5.0
"""Maximum time from the end of a token until its connection is closed."""

CALM_SECONDS = 20.0
"""Seconds with all readers connected before the first token ends."""

MINUTE_SECONDS = 60.0
"""Seconds within which all tokens end."""

_WARM_READERS = 200


async def _publish(url: str, rate: float) -> None:
    async with _editor(url) as editor:
        while True:
            answer = await editor.post(f"/api/blogs/{BLOG}/entries", json={"markdown": "One more **update**."})
            answer.raise_for_status()
            await asyncio.sleep(1 / rate)


def _editor(url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, headers={"authorization": f"Bearer {KEY}"}, trust_env=False, timeout=60)


class Played(NamedTuple):
    """What was measured."""

    crowd: Crowd
    idle: float
    """Kilobytes of memory of the node per idle reader."""
    calm_cpu: float
    """Share of a core that the node used before the first token ended."""
    renewing_cpu: float
    """The same within the minute in which they ended."""
    head: str
    renewed: int
    at_head: int


async def play(readers: int, publish: float) -> Played:
    """Run a node and its readers. Return what was measured."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "secret")
        await asyncio.to_thread(file.write_text, SECRET)
        async with NodeProcess(Path(folder), STOPPRESS_TOKEN_SECRET_FILE=str(file)) as node:
            async with _editor(node.url) as editor:
                made = await editor.put(f"/api/blogs/{BLOG}", json={"headline": "For subscribers", "access": "token"})
                made.raise_for_status()
            return await _play(node, readers, publish)


async def _play(node: NodeProcess, readers: int, publish: float) -> Played:
    warm = Crowd(node.port)
    await warm.connect(_WARM_READERS, time.time() + 3_600, 0)
    warm.leave()
    await asyncio.sleep(1)
    crowd, before = Crowd(node.port), resident_bytes(node.pid)
    ends_from = time.time() + readers / CONNECTS_PER_SECOND + CALM_SECONDS + 5
    await crowd.connect(readers, ends_from, MINUTE_SECONDS)
    await asyncio.sleep(1)
    idle = (resident_bytes(node.pid) - before) / readers / 1024
    publishing = asyncio.create_task(_publish(node.url, publish))
    calm = await _share_until(node.pid, ends_from)
    renewing = await _share_until(node.pid, ends_from + MINUTE_SECONDS + MAX_LATE_SECONDS + 10)
    publishing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await publishing
    async with _editor(node.url) as editor:
        head = (await editor.get(f"/blogs/{BLOG}/changes")).json()["cursor"]
    await asyncio.sleep(2)
    renewed = sum(reader.renewals == 1 for reader in crowd.readers)
    at_head = sum(reader.cursor == head for reader in crowd.readers)
    crowd.leave()
    return Played(crowd, idle, calm, renewing, head, renewed, at_head)


async def _share_until(pid: int, moment: float) -> float:
    """Wait until a Unix time. Return the share of a core that a process used meanwhile."""
    before, began = cpu_seconds(pid), time.monotonic()
    await asyncio.sleep(max(0.1, moment - time.time()))
    return (cpu_seconds(pid) - before) / (time.monotonic() - began)


async def private(readers: int, publish: float) -> bool:
    """Play the proof and print the result. Return whether all readers renewed their tokens and missed nothing."""
    played = await play(readers, publish)
    crowd, late = played.crowd, max(played.crowd.late, default=0.0)
    print(
        f"{played.renewed:,} of {readers:,} renewed their token once, {played.at_head:,} are at the head {played.head}"
    )
    print(f"closed {min(crowd.late, default=0):.1f} to {late:.1f} s after the end of the token")
    print(f"{crowd.postponed:,} handshakes put off because the machine was busy")
    print(f"wrong: {dict(crowd.wrong) or 'nothing'}")
    print(f"memory per idle private reader: {played.idle:.2f} KB")
    print(f"CPU of the node: {played.calm_cpu:.1%} before, {played.renewing_cpu:.1%} while the tokens ended")
    is_kept = played.renewed == played.at_head == readers and not crowd.wrong and late <= MAX_LATE_SECONDS
    return is_kept and played.idle <= MAX_IDLE_KILOBYTES
