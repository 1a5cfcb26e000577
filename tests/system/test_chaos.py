"""Two nodes share a Redis. 48 readers leave and return during many writes, and end with what was written."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from tests.support.client import Client
from tests.support.node import RunningNode
from tests.support.surfaces import SURFACES, Session, Surface
from tests.support.tries import tries

READERS, WRITES, SEED = 48, tries(100), 20261123


def mark(entry: dict[str, Any] | None) -> int:
    """The marks of all entries of a state, xored, are a digest of it that is cheap to keep."""
    return 0 if entry is None else hash((entry["id"], entry["seq"], entry["version"]))


class CheckedClient(Client):
    """Also remembers what it showed at every cursor, to be compared with what editors were told."""

    def __init__(self) -> None:
        super().__init__()
        self.shown_at: dict[str, int] = {}
        self._digest = 0

    def receive(self, message: dict[str, Any]) -> None:
        super().receive(message)
        if self.complete and self.cursor is not None:
            self.shown_at[self.cursor] = self._digest

    def _put(self, entry: dict[str, Any]) -> None:
        before = self.shown.get(entry["id"])
        super()._put(entry)
        self._digest ^= mark(before) ^ mark(self.shown.get(entry["id"]))

    def _reset(self, message: dict[str, Any]) -> None:
        super()._reset(message)
        self._digest = 0


class Editors:
    """Writes at random through random nodes, and knows from the answers what the blog is at each cursor."""

    def __init__(self, nodes: list[RunningNode], rng: random.Random) -> None:
        self._clients = [node.editor() for node in nodes]
        self._rng = rng
        self.entries: dict[str, dict[str, Any]] = {}
        self.digests: dict[str, int] = {}
        self._digest = 0
        self.cursor = ""
        self.counts = {"published": 0, "edited": 0, "retracted": 0}

    async def write(self) -> None:
        client = self._rng.choice(self._clients)
        alive = [entry_id for entry_id, entry in self.entries.items() if entry["status"] == "published"]
        kind = self._rng.choice(["published", "published", "edited", "retracted"]) if len(alive) > 5 else "published"
        address = "/api/blogs/chaos/entries"
        if kind == "published":
            answer = await client.post(address, json={"markdown": f"entry **{len(self.entries)}** " * 10})
        elif kind == "edited":
            address += f"/{self._rng.choice(alive)}"
            answer = await client.patch(address, json={"title": f"edit {self.cursor}", "correction": "better"})
        else:
            answer = await client.request("DELETE", f"{address}/{self._rng.choice(alive)}", json={"note": "wrong"})
        assert answer.is_success, answer.text
        self.counts[kind] += 1
        entry = answer.json()
        self._digest ^= mark(self.entries.get(entry["id"])) ^ mark(entry)
        self.entries[entry["id"]] = entry
        self.cursor = answer.headers["stoppress-cursor"]
        self.digests[self.cursor] = self._digest

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()


async def read_and_leave(
    nodes: list[RunningNode], surface: Surface, client: CheckedClient, editors: Editors, quiet: asyncio.Event
) -> int:
    """Follow the blog, leaving at random and coming back with the cursor. Returns how often it left."""
    rng = random.Random(f"{SEED} {id(client)}")
    left, stays = 0, 4.0
    async with httpx.AsyncClient(timeout=30, trust_env=False, verify=False) as http:
        while not (quiet.is_set() and client.cursor == editors.cursor):
            with suppress(TimeoutError):
                await surface(Session(rng.choice(nodes), "chaos", client, http, rng.uniform(0.1, stays)))
            left += 1
            stays += 4 * quiet.is_set()  # on a busy machine, four seconds are too short to get anything
    return left


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_readers_end_with_the_servers_state_however_often_they_leave(start_node, redis_server, figure):
    async with Redis.from_url(redis_server.url) as redis:
        await redis.flushall()
    rng = random.Random(SEED)
    nodes = [await start_node(redis_server.url, STOPPRESS_BEAT="0.5") for _ in range(2)]
    await nodes[0].make_blog("chaos")
    editors, quiet = Editors(nodes, rng), asyncio.Event()
    clients = [CheckedClient() for _ in range(READERS)]
    async with asyncio.timeout(270), asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(read_and_leave(nodes, SURFACES[number % len(SURFACES)], client, editors, quiet))
            for number, client in enumerate(clients)
        ]
        for _ in range(WRITES):
            await editors.write()
            await asyncio.sleep(rng.uniform(0, 0.04))
        await editors.close()
        quiet.set()

    state = {entry_id: (entry["seq"], entry["version"]) for entry_id, entry in editors.entries.items()}
    published_at = {entry_id: entry["published_at"] for entry_id, entry in editors.entries.items()}
    wrong = sum(client.state() != client.expected_of(state, published_at) for client in clients)
    assert wrong == 0, "readers with another state than the server"
    assert {client.resets for client in clients} == {1}, "only the first message was a reset"
    shown = [
        (cursor, digest == editors.digests[cursor])
        for client in clients
        if client.oldest is None
        for cursor, digest in client.shown_at.items()
        if cursor in editors.digests
    ]
    mixtures = sum(not same for _, same in shown)
    assert mixtures == 0, f"a mixture was shown at {[cursor for cursor, same in shown if not same][:3]}"
    left = sum(task.result() for task in tasks)
    updates = sum(client.updates for client in clients)
    figure(
        f"{READERS} readers over {len(SURFACES)} surfaces and {len(nodes)} nodes, {WRITES} writes {editors.counts}: "
        f"left and came back {left} times; {updates} updates, each checked to follow on the one before, to bring "
        f"each version once and never to go back; {mixtures} of {len(shown)} states shown are no state of the blog; "
        f"{wrong} readers end with another state than the server"
    )
