"""Messages on the channel: every node hears them, one carries them out, and one answers."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.conftest import Eventually, StartNode
from tests.inbox.conftest import NAME
from tests.inbox.sender import MESSAGES, Sender
from tests.inbox.test_stream import titles
from tests.support.node import RunningNode
from tests.support.redis_servers import RedisServer

pytestmark = pytest.mark.redis

NODES = 3


@pytest.fixture
async def nodes(redis: Redis, redis_server: RedisServer, sender: Sender, start_node: StartNode) -> list[RunningNode]:
    """Nodes that hear the channel, with the blog `demo`."""
    nodes = [await start_node(redis_server.url, STOPPRESS_INBOX=NAME) for _ in range(NODES)]
    await nodes[0].make_blog()
    await sender.until_heard_by(NODES)
    return nodes


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


async def test_a_message_is_in_the_stream_once_whoever_hears_it(redis: Redis, sender: Sender):
    script = redis.register_script(files("stoppress.inbox").joinpath("hear.lua").read_text())
    keys = [f"stoppress:{{-inbox}}:heard:{name}" for name in "abc"]
    lengths = []
    for number in (1, 3, 3):
        assert await script([MESSAGES, *keys[:number]], (60_000, 10, *"abc"[:number])) == 0, "none is lost"
        lengths.append(await redis.xlen(MESSAGES))
    assert lengths == [1, 3, 3]
    assert [fields[b"channel"] for _, fields in await sender.redis.xrange(MESSAGES)] == [b"a", b"b", b"c"]


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


async def test_a_message_that_is_too_large_is_not_kept(redis: Redis, inbox_node: RunningNode, sender: Sender):
    await sender.until_heard_by(1)
    await sender.publish(b'{"id":"a","blog":"demo","body":"' + b"x" * 2_000_000 + b'"}')
    answer = await sender.heard()
    assert answer is not None and (answer["status"], answer["id"]) == (413, None)


async def test_a_full_stream_takes_no_more_from_the_channel(redis: Redis):
    hear = redis.register_script(files("stoppress.inbox").joinpath("hear.lua").read_text())
    keys = ["messages", "one", "two", "three"]
    assert await hear(keys, [60_000, 2, "1", "2", "3"]) == 1
    assert await hear(keys, [60_000, 2, "1", "2", "3"]) == 1, "the first two are there, and still only once"
    assert await redis.xlen("messages") == 2


async def test_what_was_heard_gets_into_the_stream_when_redis_takes_it_again(
    redis: Redis, inbox_node: RunningNode, sender: Sender, eventually: Eventually
):
    await sender.until_heard_by(1)
    await redis.delete(MESSAGES)
    await redis.set(MESSAGES, "?")
    await sender.publish({"id": "a", "blog": "demo", "body": {"title": "x"}})

    async def failed() -> bool:
        return (await inbox_node.samples())["stoppress_inbox_errors_total", "channel"] > 0

    await eventually(failed)
    await redis.delete(MESSAGES)
    answer = await sender.heard()
    assert answer is not None and (answer["id"], answer["status"]) == ("a", 201)


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

    async def answer() -> Any:  # Redis may still deliver to the connection that the node has given up
        await sender.publish({"id": "a", "blog": "demo", "body": {"title": "x"}})
        return await sender.heard(1)

    assert (await eventually(answer))["status"] == 201
