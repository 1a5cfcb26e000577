"""How often a key may write."""

from __future__ import annotations

import httpx
import pytest

from tests.conftest import StartNode
from tests.support.node import RunningNode


@pytest.fixture
async def node(start_node: StartNode) -> RunningNode:
    return await start_node(
        STOPPRESS_MAX_WRITES="3", STOPPRESS_KEYS="ann:editor:secret-of-ann bob:editor:secret-of-bob"
    )


async def test_a_key_that_writes_too_often_is_told_to_wait_and_others_are_not(node: RunningNode):
    async with httpx.AsyncClient(base_url=node.url, trust_env=False) as client:
        ann, bob = ({"authorization": f"Bearer secret-of-{name}"} for name in ("ann", "bob"))
        assert (await client.put("/api/blogs/demo", json={}, headers=ann)).status_code == 201
        entries = [await client.post("/api/blogs/demo/entries", json={"title": "x"}, headers=ann) for _ in range(3)]
        assert [answer.status_code for answer in entries] == [201, 201, 429]
        problem = entries[-1].json()
        assert entries[-1].headers["content-type"] == "application/problem+json"
        assert "'ann' has made 3 writes within a minute" in problem["detail"]
        assert 1 <= int(entries[-1].headers["retry-after"]) <= 60
        assert (await client.delete("/api/blogs/demo", headers=ann)).status_code == 429
        assert (await client.get("/api/blogs/demo", headers=ann)).status_code == 200  # reading is not counted
        assert (await client.post("/api/blogs/demo/entries", json={"title": "x"}, headers=bob)).status_code == 201
