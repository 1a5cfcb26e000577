"""Two nodes on one Redis, 200 readers who keep leaving, 300 writes: what arrives is what was written."""

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
from tests.support.readers import SURFACES, Surface

READERS, WRITES, SEED = 200, 300, 20261123


class CheckedClient(Client):
    """Also remembers what it showed at every cursor, to be compared with what editors were told."""

    def __init__(self) -> None:
        super().__init__()
        self.shown_at: dict[str, frozenset[Any]] = {}

    def receive(self, message: dict[str, Any]) -> None:
        super().receive(message)
        if self.complete and self.cursor is not None:
            self.shown_at[self.cursor] = frozenset(self.state().items())


class Editors:
    """Writes at random through random nodes, and knows from the answers what the blog is at each cursor."""

    def __init__(self, nodes: list[RunningNode], rng: random.Random) -> None:
        self._clients = [node.editor() for node in nodes]
        self._rng = rng
        self.entries: dict[str, dict[str, Any]] = {}
        self.states: dict[str, frozenset[Any]] = {}
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
        self.entries[entry["id"]] = entry
        self.cursor = answer.headers["stoppress-cursor"]
        current = {(each["id"], (each["seq"], each["version"])) for each in self.entries.values()}
        self.states[self.cursor] = frozenset(current)

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()


async def read_and_leave(
    nodes: list[RunningNode], surface: Surface, client: CheckedClient, editors: Editors, quiet: asyncio.Event
) -> int:
    """Follow the blog, leaving at random and coming back with the cursor. Returns how often it left."""
    rng = random.Random(f"{SEED} {id(client)}")
    left = 0
    async with httpx.AsyncClient(timeout=30, trust_env=False, verify=False) as http:
        while not (quiet.is_set() and client.cursor == editors.cursor):
            with suppress(TimeoutError):
                async with asyncio.timeout(rng.uniform(0.1, 4)):
                    await surface(rng.choice(nodes), "chaos", client, http)
            left += 1
    return left


@pytest.mark.slow
async def test_readers_end_with_the_servers_state_however_often_they_leave(start_node, redis_server):
    async with Redis.from_url(redis_server.url) as redis:
        await redis.flushall()
    rng = random.Random(SEED)
    nodes = [await start_node(redis_server.url, STOPPRESS_BEAT="0.5") for _ in range(2)]
    await nodes[0].make_blog("chaos")
    editors, quiet = Editors(nodes, rng), asyncio.Event()
    clients = [CheckedClient() for _ in range(READERS)]
    async with asyncio.timeout(100), asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(read_and_leave(nodes, SURFACES[number % len(SURFACES)], client, editors, quiet))
            for number, client in enumerate(clients)
        ]
        for _ in range(WRITES):
            await editors.write()
            await asyncio.sleep(rng.uniform(0, 0.04))
        await editors.close()
        quiet.set()

    final = editors.states[editors.cursor]
    for client in clients:
        newest = {item for item in final if client.oldest is None or client.oldest <= _place(editors, item[0])}
        assert frozenset(client.state().items()) == newest
        for cursor, shown in client.shown_at.items():
            if client.oldest is None and cursor in editors.states:
                assert shown == editors.states[cursor], f"a mixture was shown at {cursor}"
        assert client.resets == 1, "only the first message was a reset"
    left = sum(task.result() for task in tasks)
    updates = sum(client.updates for client in clients)
    print(f"\n{READERS} readers over {len(SURFACES)} surfaces and {len(nodes)} nodes; writes: {editors.counts}")
    print(f"{left} times a reader left and came back; {updates} updates applied")
    print("gaps: 0, duplicates: 0, steps back: 0, readers with another state than the server: 0")


def _place(editors: Editors, entry_id: str) -> tuple[str, str]:
    return editors.entries[entry_id]["published_at"], entry_id
