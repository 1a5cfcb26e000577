"""Publish entries, retract them, and measure for how long any surface of any node still shows them."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

import msgspec

from loadtest.proofs.takedown.live import GIVE_UP_SECONDS, FollowingReader, until_told
from loadtest.proofs.takedown.looks import (
    BLOG,
    ENTRIES,
    NodeClient,
    TriedEntry,
    body_of,
    looks_at,
    until_gone,
    until_shown,
)
from loadtest.proofs.takedown.stores import SQLite

LIMIT_SECONDS = 1.0
"""The promise."""

AT_ONCE = 4
"""Tries of one batch. Their retractions begin within `SPREAD_SECONDS`."""

SPREAD_SECONDS = 1.0
"""Longest wait before a retraction."""

STRAINED_SECONDS = 2.0
"""Seconds for which a retraction is repeated while the store is strained."""

REPEAT_SECONDS = 0.2
"""Pause before a refused retraction is repeated."""


class Takedown(NamedTuple):
    """One try that was answered."""

    seconds: float
    """From the answer until the last surface was without the entry."""
    last: str
    """That surface."""


@dataclass
class _Retracted:
    """An entry whose retraction was answered."""

    entry: TriedEntry
    answered_at: float
    gone_at: float
    last: str

    @property
    def takedown(self) -> Takedown:
        return Takedown(self.gone_at - self.answered_at, self.last)


class Tries:
    """The tries with one store.

    Args:
        nodes: through which entries are published and retracted at random.
        followers: readers that must be told of each retraction.
        store: is strained while retractions are sent.
    """

    def __init__(self, nodes: Sequence[NodeClient], followers: Sequence[FollowingReader], store: SQLite) -> None:
        self.done: list[Takedown] = []
        self.refused = 0
        """Requests to retract that were answered with 503."""
        self.delayed = 0
        """Entries that could be retracted only when the store was no longer strained."""
        self._nodes = nodes
        self._followers = followers
        self._store = store
        self._numbers = count()
        self._since = "0"

    async def make_blog(self) -> None:
        """Create the blog."""
        answer = await self._node().http.put(f"/api/blogs/{BLOG}", json={"headline": "Takedown"})
        self._since = answer.raise_for_status().headers["stoppress-cursor"]

    async def run(self, tries: int) -> None:
        """Make that many tries."""
        for begin in range(0, tries, AT_ONCE):
            await self._batch(min(AT_ONCE, tries - begin))

    async def _batch(self, size: int) -> None:
        since = self._since
        entries = await asyncio.gather(*(self._publish(since) for _ in range(size)))
        shown = looks_at(entries, self._nodes, compressed=True)
        await asyncio.gather(*(until_shown(*look) for look in shown.items()))
        async with self._store.strain():
            delayed = await self._take_down(entries, STRAINED_SECONDS)
        self.delayed += len(delayed)
        if delayed and await self._take_down(delayed, GIVE_UP_SECONDS):
            raise RuntimeError(f"an entry cannot be retracted within {GIVE_UP_SECONDS:g} s")

    def _node(self) -> NodeClient:
        return random.choice(self._nodes)  # noqa: S311, no secret

    async def _publish(self, since: str) -> TriedEntry:
        token, key = f"token{next(self._numbers)}x", str(uuid.uuid4())
        headers = {"idempotency-key": key, "content-type": "application/json"}
        answer = await self._node().http.post(ENTRIES, content=body_of(token), headers=headers)
        return TriedEntry(answer.raise_for_status().json()["id"], token, since, key)

    async def _take_down(self, entries: Sequence[TriedEntry], seconds: float) -> list[TriedEntry]:
        """Retract entries and measure. Return those that were refused for so many seconds."""
        tried = await asyncio.gather(*(self._try(entry, seconds) for entry in entries))
        done = [one for one in tried if one is not None]
        if done:
            await self._look_again(done)
        self.done += (one.takedown for one in done)
        return [entry for entry, one in zip(entries, tried, strict=True) if one is None]

    async def _try(self, entry: TriedEntry, seconds: float) -> _Retracted | None:
        await asyncio.sleep(random.uniform(0, SPREAD_SECONDS))  # noqa: S311, no secret
        answered_at = await self._retract(entry, seconds)
        return None if answered_at is None else _Retracted(entry, answered_at, *await self._watch(entry))

    async def _retract(self, entry: TriedEntry, seconds: float) -> float | None:
        """Retract an entry, and return when the answer was here; None if it was refused for so many seconds."""
        deadline = time.monotonic() + seconds
        while True:
            note = msgspec.json.encode({"note": f"swarm-{time.time_ns()}"})  # readers of a swarm measure the time since
            answer, came_at = await self._node().fetcher.fetch_timed("DELETE", f"{ENTRIES}/{entry.id}", note)
            if answer.status == 200:
                self._since = answer.headers["stoppress-cursor"]
                return came_at
            if answer.status != 503:
                raise RuntimeError(f"a retraction was answered with {answer.status}: {answer.body[:200]!r}")
            self.refused += 1
            if time.monotonic() > deadline:
                return None
            await asyncio.sleep(REPEAT_SECONDS)

    async def _watch(self, entry: TriedEntry) -> tuple[float, str]:
        """Look at all surfaces until the entry is gone. Return when it was gone from the last one, and its name."""
        looks = looks_at([entry], self._nodes, compressed=True)
        gone = asyncio.gather(*(until_gone(*look) for look in looks.items()))
        told = asyncio.gather(*(until_told(follower, entry.id) for follower in self._followers))
        times = [(one.at, look.name) for one, look in zip(await gone, looks, strict=True)]
        times += zip(await told, (follower.name for follower in self._followers), strict=True)
        return max(times)

    async def _look_again(self, done: Sequence[_Retracted]) -> None:
        """Look at all surfaces once more when the promise begins for all of these entries."""
        await asyncio.sleep(max(one.answered_at for one in done) + LIMIT_SECONDS - time.monotonic())
        looks = looks_at([one.entry for one in done], self._nodes, compressed=False)
        gone = await asyncio.gather(*(until_gone(*look) for look in looks.items()))
        for back, (look, tokens) in zip(gone, looks.items(), strict=True):
            for one in done if back.was_there else ():
                if one.entry.token in tokens:  # it, or another one that the look shows
                    one.gone_at, one.last = max((one.gone_at, one.last), (back.at, look.name))
