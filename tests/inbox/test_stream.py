"""Messages on the stream: carried out once, answered once, whatever happens to nodes and to the store."""

from __future__ import annotations

import asyncio
import json
import signal
from importlib.resources import files
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.conftest import Eventually, StartNode
from tests.inbox.conftest import NAME
from tests.inbox.sender import ANSWERS, GROUP, MESSAGES, Sender, packed
from tests.support.node import RunningNode
from tests.support.redis_servers import Cluster, RedisServer, until

pytestmark = pytest.mark.redis

LONG_AGO_MS = 10**7


async def titles(node: RunningNode) -> list[str]:
    """Return the titles of the entries of `demo`, oldest first."""
    async with node.editor() as editor:
        entries = (await editor.get("/api/blogs/demo/entries", params={"limit": 500})).json()["entries"]
    return [entry["title"] for entry in sorted(entries, key=lambda entry: entry["seq"])]


async def taken_by_a_dead_node(redis: Any, deliveries: int = 1, **fields: Any) -> bytes:
    """Put a message into the stream that a node took long ago and never answered. Return its id."""
    stream_id: bytes = await redis.xadd(MESSAGES, packed(fields))
    await redis.xreadgroup(GROUP, "dead", {MESSAGES: ">"})
    options = {"idle": LONG_AGO_MS, "retrycount": deliveries, "force": True}
    await redis.xclaim(MESSAGES, GROUP, "dead", 0, [stream_id], **options)
    return stream_id


async def make_group(redis: Redis) -> None:
    await redis.xgroup_create(MESSAGES, GROUP, "0", mkstream=True)


async def test_messages_that_were_sent_before_a_node_started_are_carried_out_in_order(
    redis: Redis, redis_server: RedisServer, sender: Sender, start_node: StartNode
):
    await sender.add(blog="demo", action="create_blog")
    for number in range(40):
        await sender.add(blog="demo", body={"title": str(number)})
    node = await start_node(redis_server.url, STOPPRESS_INBOX=NAME)
    answers = await sender.answers(41)
    assert {answer["status"] for answer in answers} == {201}
    assert await titles(node) == [str(number) for number in range(40)]
    assert await redis.xlen(MESSAGES) == 0, "nothing is left in the stream"


@pytest.mark.parametrize("committed", [False, True])
async def test_a_message_of_a_dead_node_is_taken_over_and_carried_out_once(
    redis: Redis, redis_server: RedisServer, sender: Sender, start_node: StartNode, committed: bool
):
    await make_group(redis)
    stream_id = await taken_by_a_dead_node(redis, blog="demo", body={"title": "x"})
    node = await start_node(redis_server.url)
    await node.make_blog()
    if committed:  # and then the node died; the name of the editor is that of the key
        async with node.editor() as editor:
            headers = {"idempotency-key": stream_id.decode(), "content-type": "application/json"}
            await editor.post("/api/blogs/demo/entries", content=json.dumps({"title": "x"}), headers=headers)
    await start_node(redis_server.url, STOPPRESS_INBOX=NAME)
    (answer,) = await sender.answers(1)
    assert (answer["status"], answer["id"], answer["replayed"]) == (201, stream_id.decode(), committed)
    assert await titles(node) == ["x"]
    assert (await redis.xpending(MESSAGES, GROUP))["pending"] == 0


async def test_several_nodes_answer_a_message_once(redis: Redis):
    await make_group(redis)
    stream_id = await taken_by_a_dead_node(redis, blog="demo")
    script = redis.register_script(files("stoppress.inbox").joinpath("finish.lua").read_text())
    done = [await script([MESSAGES, ANSWERS], (GROUP, stream_id, "a", "{}", 10)) for _node in range(2)]
    assert done == [1, 0]
    assert (await redis.xlen(ANSWERS), await redis.xlen(MESSAGES)) == (1, 0)


async def test_a_message_that_may_end_nodes_is_given_up(
    redis: Redis, redis_server: RedisServer, sender: Sender, start_node: StartNode
):
    await make_group(redis)
    await taken_by_a_dead_node(redis, deliveries=20, blog="demo", id="poison", body={"title": "x"})
    node = await start_node(redis_server.url, STOPPRESS_INBOX=NAME)
    await node.make_blog()
    (answer,) = await sender.answers(1)
    assert (answer["status"], answer["id"]) == (503, "poison")
    assert "got no result in 20 attempts" in answer["detail"]
    assert await titles(node) == []


async def test_a_blog_that_cannot_be_written_does_not_hold_up_others(
    redis: Redis, inbox_node: RunningNode, sender: Sender
):
    await redis.set("stoppress:{broken}:line", "?")
    for number in range(20):  # more than a node takes at once
        await sender.add(blog="broken", id=f"broken-{number}", body={"title": "x"})
    assert (await sender.send(blog="demo", body={"title": "fine"}))["status"] == 201
    pending = await redis.xpending(MESSAGES, GROUP)
    assert pending["pending"] == 20
    await redis.delete("stoppress:{broken}:line")
    ids: Any = [one["message_id"] for one in await redis.xpending_range(MESSAGES, GROUP, "-", "+", 20)]
    await redis.xclaim(MESSAGES, GROUP, "dead", 0, ids, idle=LONG_AGO_MS)
    answers = await sender.answers(21)
    assert [answer["status"] for answer in answers[1:]] == [404] * 20
    assert [answer["id"] for answer in answers[1:]] == [f"broken-{number}" for number in range(20)]


async def test_a_stream_that_is_lost_or_cannot_be_read_comes_back(
    redis: Redis, inbox_node: RunningNode, sender: Sender, eventually: Eventually
):
    await redis.delete(MESSAGES)
    assert (await sender.send(blog="demo", body={"title": "after a loss"}))["status"] == 201
    await redis.delete(MESSAGES)
    await redis.set(MESSAGES, "?")

    async def failed() -> bool:
        return (await inbox_node.samples())["stoppress_inbox_errors_total", "stream"] >= 3

    await eventually(failed)
    async with inbox_node.editor() as editor:
        assert (await editor.get("/readyz")).status_code == 200
    await redis.delete(MESSAGES)
    assert (await sender.send(blog="demo", body={"title": "after a repair"}))["status"] == 201


async def test_a_node_survives_a_restart_of_redis(
    redis: Redis, redis_server: RedisServer, inbox_node: RunningNode, eventually: Eventually
):
    await redis.aclose()
    redis_server.stop()
    redis_server.start()
    async with Redis.from_url(redis_server.url) as again, Sender(again) as sender:
        await sender.until_heard_by(1)
        # The node has put the blog back, or it does so before the answer comes
        assert (await sender.by("stream", blog="another", action="create_blog"))["status"] == 201
        assert (await sender.by("channel", blog="another", body={"title": "x"}))["status"] == 201


async def test_nodes_that_have_ended_leave_the_group(
    redis: Redis, redis_server: RedisServer, sender: Sender, start_node: StartNode
):
    await make_group(redis)
    await redis.xgroup_createconsumer(MESSAGES, GROUP, "dead")
    await taken_by_a_dead_node(redis, blog="demo")
    await redis.xgroup_createconsumer(MESSAGES, GROUP, "recent")
    text = files("stoppress.inbox").joinpath("join.lua").read_text()
    await asyncio.sleep(0.01)
    await redis.register_script(text)([MESSAGES], (GROUP, 1))
    names = {one["name"] for one in await redis.xinfo_consumers(MESSAGES, GROUP)}
    assert names == {b"dead"}, "it has a message left"


async def test_a_stopped_node_leaves_its_messages_to_others(
    redis: Redis, redis_server: RedisServer, inbox_node: RunningNode, sender: Sender, start_node: StartNode
):
    other = await start_node(redis_server.url, STOPPRESS_INBOX=NAME)
    numbers = range(100)
    for number in numbers:
        await sender.add(blog="demo", body={"title": str(number)})
    assert await inbox_node.stop(signal.SIGTERM) == 0
    answers = await sender.answers(len(numbers))
    assert len({answer["id"] for answer in answers}) == len(answers) == len(numbers)
    assert sorted(await titles(other), key=int) == [str(number) for number in numbers]


async def test_both_ways_work_in_a_cluster(redis_cluster: Cluster, start_node: StartNode, eventually: Eventually):
    until(redis_cluster.can_fail_over)
    redis_cluster.flush()
    node = await start_node(redis_cluster.node_url, STOPPRESS_INBOX=NAME)
    async with Redis(port=redis_cluster.master("-inbox").port) as client, Sender(client) as sender:
        assert (await sender.send(blog="demo", action="create_blog"))["status"] == 201

        async def is_answered() -> bool:
            await sender.publish({"blog": "demo", "id": "one", "body": {"title": "heard"}})
            answer = await sender.heard(0.5)
            return answer is not None and answer["status"] == 201

        await eventually(is_answered)
    assert await titles(node) == ["heard"]
