"""How often a key may write."""

from __future__ import annotations

import httpx
import pytest

from stoppress.access.identity import Identity
from stoppress.telemetry.counts import Counts
from stoppress.web.editors.write_limit import WriteLimit
from stoppress.web.problems import HTTPError
from tests.conftest import StartNode
from tests.support.clock import Clock
from tests.support.node import RunningNode

ANN, BOB = Identity("key", "ann", "editor"), Identity("key", "bob", "editor")


def written(limit: WriteLimit, key: Identity, times: int) -> int:
    count = 0
    for _ in range(times):
        try:
            limit.count(key)
        except HTTPError:
            continue
        count += 1
    return count


def test_a_minutes_writes_may_come_at_once_and_further_ones_one_by_one():
    clock, counts = Clock(), Counts()
    limit = WriteLimit(12_000, counts, clock)
    assert written(limit, ANN, 12_010) == 12_000
    assert counts.rejections["too_many_writes"] == 10
    assert written(limit, BOB, 1) == 1
    clock.now += 0.1
    assert written(limit, ANN, 100) == 20


def test_a_key_is_told_when_its_next_write_is_taken():
    clock = Clock()
    limit = WriteLimit(3, Counts(), clock)
    written(limit, ANN, 3)
    clock.now += 4.5
    with pytest.raises(HTTPError, match="Wait 16 s") as refusal:
        limit.count(ANN)
    clock.now += int(refusal.value.headers["retry-after"])
    limit.count(ANN)


def test_0_is_no_limit():
    assert written(WriteLimit(0, Counts()), ANN, 1_000) == 1_000


@pytest.fixture
async def node(start_node: StartNode) -> RunningNode:
    return await start_node(
        STOPPRESS_MAX_WRITES="3", STOPPRESS_KEYS="ann:editor:secret-of-ann bob:editor:secret-of-bob"
    )


async def test_a_key_that_writes_too_often_is_told_to_wait_and_others_are_not(node: RunningNode):
    async with httpx.AsyncClient(base_url=node.url, trust_env=False) as client:
        ann, bob = ({"authorization": f"Bearer secret-of-{name}", "idempotency-key": "k"} for name in ("ann", "bob"))
        assert (await client.put("/api/blogs/demo", json={}, headers=ann)).status_code == 201
        ann["idempotency-key"] = "another"
        entries = [await client.post("/api/blogs/demo/entries", json={"title": "x"}, headers=ann) for _ in range(3)]
        assert [answer.status_code for answer in entries] == [201, 201, 429]
        problem = entries[-1].json()
        assert entries[-1].headers["content-type"] == "application/problem+json"
        assert "'ann' has made 3 writes within a minute" in problem["detail"]
        assert 1 <= int(entries[-1].headers["retry-after"]) <= 60
        assert (await client.delete("/api/blogs/demo", headers=ann)).status_code == 429
        assert (await client.get("/api/blogs/demo", headers=ann)).status_code == 200  # reading is not counted
        bob["idempotency-key"] = "another"
        other = await client.post("/api/blogs/demo/entries", json={"title": "x"}, headers=bob)
        assert other.status_code == 201 and other.json()["id"] != entries[0].json()["id"], "keys of others are others"
