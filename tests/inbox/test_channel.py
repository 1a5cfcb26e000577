"""Messages on the channel: every node hears them, one carries them out, and one answers."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.conftest import Eventually, RedisServer, StartNode
from tests.inbox.conftest import NAME
from tests.inbox.sender import CHANNEL, Sender
from tests.inbox.test_stream import titles
from tests.support.node import RunningNode

pytestmark = pytest.mark.redis

NODES = 3


@pytest.fixture
async def nodes(redis: Redis, redis_server: RedisServer, sender: Sender, start_node: StartNode) -> list[RunningNode]:
    """Nodes that hear the channel, with the blog `demo`."""
    nodes = [await start_node(redis_server.url, STOPPRESS_INBOX=NAME) for _ in range(NODES)]
    await nodes[0].make_blog()
    await sender.until_heard_by(NODES)
    return nodes


async def outcomes(nodes: list[RunningNode]) -> dict[str, float]:
    """Return the messages of the channel by outcome, of all nodes together."""
    found: dict[str, float] = {}
    for node in nodes:
        samples = await node.samples()
        for outcome in ("done", "repeated", "rejected", "failed"):
            value = samples["stoppress_inbox_messages_total", outcome, "channel"]
            found[outcome] = found.get(outcome, 0) + value
    return found


async def test_each_message_is_carried_out_and_answered_once_in_order(nodes: list[RunningNode], sender: Sender):
    numbers = range(50)
    for number in numbers:
        message = {"id": f"m{number}", "blog": "demo", "body": {"title": str(number)}}
        assert await sender.publish(message) == NODES
    await sender.publish({"id": "last", "blog": "demo", "body": {"titel": "?"}})
    answers: list[dict[str, Any]] = []
    while not answers or answers[-1]["id"] != "last":
        answer = await sender.heard()
        assert answer is not None, f"{len(answers)} answers, and no more"
        answers.append(answer)
    assert [answer["id"] for answer in answers] == [*(f"m{number}" for number in numbers), "last"]
    assert {answer["status"] for answer in answers[:-1]} == {201}
    assert await titles(nodes[1]) == [str(number) for number in numbers]


async def test_the_nodes_that_are_late_find_the_message_done(
    nodes: list[RunningNode], sender: Sender, eventually: Eventually
):
    await sender.publish({"id": "a", "blog": "demo", "body": {"title": "x"}})

    async def all_have_tried() -> bool:
        return sum((await outcomes(nodes)).values()) == NODES

    await eventually(all_have_tried)
    assert await outcomes(nodes) == {"done": 1, "repeated": NODES - 1, "rejected": 0, "failed": 0}
    answer = await sender.heard()
    assert answer is not None and answer["status"] == 201


async def test_a_message_that_is_sent_again_gets_an_answer_again(inbox_node: RunningNode, sender: Sender):
    first = await sender.tell(id="a", blog="demo", body={"title": "x"})
    message = {"id": "a", "blog": "demo", "body": {"title": "x"}}
    answer: dict[str, Any] | None = None
    for _attempt in range(60):
        await sender.publish(message)
        if answer := await sender.heard(0.5):
            break
    assert answer == {**first, "replayed": True}
    assert await titles(inbox_node) == ["x"]


async def test_a_success_is_announced_after_a_failure_of_another_node(redis: Redis, sender: Sender):
    script = redis.register_script(files("stoppress.inbox").joinpath("announce.lua").read_text())
    answers = [("not final", 503), ("not final", 503), ("final", 201), ("final", 201), ("not final", 503)]
    told = []
    for kind, status in answers:
        document = json.dumps({"status": status})
        told.append(await script(["stoppress:{-inbox}:answered:x"], (f"{CHANNEL}:answers", document, kind, 60_000)))
    assert told == [1, 0, 1, 0, 0]
    assert [await sender.heard(), await sender.heard()] == [{"status": 503}, {"status": 201}]


async def test_a_store_that_fails_is_answered_at_once(redis: Redis, inbox_node: RunningNode, sender: Sender):
    await redis.set("stoppress:{broken}:line", "?")
    answer = await sender.tell(id="a", blog="broken", body={"title": "x"})
    assert (answer["status"], answer["retry_after"]) == (503, 1)
    await redis.delete("stoppress:{broken}:line")
    assert (await sender.tell(id="a", blog="broken", body={"title": "x"}))["status"] == 404


async def test_a_cut_connection_is_made_again(redis: Redis, inbox_node: RunningNode, sender: Sender):
    await sender.until_heard_by(1)
    for one in await redis.client_list(_type="pubsub"):
        if int(one["sub"]) == 2:  # the channel and the probes; not the sender of this test
            await redis.client_kill_filter(_id=one["id"])
    assert (await sender.tell(id="a", blog="demo", body={"title": "x"}))["status"] == 201


async def test_a_frozen_redis_is_noticed(
    redis: Redis, redis_server: RedisServer, inbox_node: RunningNode, sender: Sender, eventually: Eventually
):
    await sender.until_heard_by(1)

    async def failed() -> bool:
        return (await inbox_node.samples())["stoppress_inbox_errors_total", "channel"] > 0

    redis_server.freeze()
    try:
        await eventually(failed)
    finally:
        redis_server.thaw()
    await sender.until_heard_by(1)
    assert (await sender.tell(id="a", blog="demo", body={"title": "x"}))["status"] == 201
