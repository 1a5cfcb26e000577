"""Webhooks of a real node: what receivers get, how it is signed, and what happens if they do not take it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.access.test_outside import INSIDE
from tests.conftest import Eventually, StartNode
from tests.support.node import ADMIN_KEY, RunningNode
from tests.support.receiver import Received, Receiver
from tests.support.redis_servers import RedisServer

HOSTS = {"STOPPRESS_WEBHOOK_HOSTS": "127.0.0.1"}

_numbers = itertools.count()


@pytest.fixture
async def node(empty_node: StartNode) -> RunningNode:
    return await empty_node(**HOSTS)


@pytest.fixture
async def admin(node: RunningNode) -> AsyncIterator[httpx.AsyncClient]:
    async with node.editor(key=ADMIN_KEY) as client:
        yield client
        for hook in (await client.get("/api/webhooks")).json()["webhooks"]:
            await client.delete(f"/api/webhooks/{hook['name']}")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        yield receiver


async def make(admin: httpx.AsyncClient, url: str, **fields: Any) -> dict[str, Any]:
    answer = await admin.post("/api/webhooks", json={"name": f"hook-{next(_numbers)}", "url": url, **fields})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def new_blog(admin: httpx.AsyncClient) -> str:
    path = f"/api/blogs/blog-{next(_numbers)}"
    assert (await admin.put(path, json={"headline": "A"})).status_code == 201
    return path


def is_signed(secret: str, one: Received) -> bool:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{one.id}.{one.headers['webhook-timestamp']}.".encode() + one.body
    expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return one.headers["webhook-signature"] == f"v1,{expected}"


async def test_each_change_is_told_once_in_order_and_signed(admin: httpx.AsyncClient, receiver: Receiver):
    before = await new_blog(admin)
    await admin.post(f"{before}/entries", json={"markdown": "old"})
    hook = await make(admin, receiver.url)
    blog = await new_blog(admin)
    entry = await admin.post(f"{blog}/entries", json={"markdown": "**one**"})
    await receiver.until(2)
    path = entry.headers["location"]
    await admin.post(f"{blog}/entries", json={"markdown": "a draft", "status": "draft"})
    await admin.patch(path, json={"markdown": "two", "correction": "Not one."})
    await receiver.until(3)
    await admin.patch(path, json={"pinned": True})
    await receiver.until(5)
    await admin.request("DELETE", path, json={"note": "Wrong."})
    await receiver.until(7)
    await admin.delete(blog)
    received = await receiver.until(8)
    assert sorted(receiver.kinds[3:5]) == ["blog.changed", "entry.changed"]
    assert receiver.kinds[:3] == ["blog.created", "entry.published", "entry.changed"]
    assert sorted(receiver.kinds[5:7]) == ["blog.changed", "entry.retracted"] and receiver.kinds[7] == "blog.deleted"
    assert all(is_signed(hook["secret"], one) for one in received)
    assert len({one.id for one in received}) == 8
    assert all(abs(int(one.headers["webhook-timestamp"]) - time.time()) < 60 for one in received)
    assert "<strong>one</strong>" in received[1].event["data"]["entry"]["html"]
    assert received[2].event["data"]["entry"]["corrections"][0]["text"] == "Not one."
    assert "old" not in str([one.body for one in received]) and "a draft" not in str([one.body for one in received])
    seqs = [int(one.event["data"]["cursor"].partition("-")[0]) for one in received[:7]]
    assert seqs == sorted(seqs)
    assert received[0].headers["content-type"] == "application/json" and "x=1" in receiver.url


async def test_only_the_wanted_events_of_the_wanted_blogs_are_told(admin: httpx.AsyncClient, receiver: Receiver):
    blog, other = await new_blog(admin), await new_blog(admin)
    await make(admin, receiver.url, blogs=[blog.rpartition("/")[2]], events=["entry.retracted"])
    for path in (other, blog):
        entry = await admin.post(f"{path}/entries", json={"markdown": "x"})
        await admin.delete(entry.headers["location"])
    (one,) = await receiver.until(1)
    assert (one.kind, one.event["data"]["blog"]) == ("entry.retracted", blog.rpartition("/")[2])


async def test_a_receiver_that_fails_gets_the_event_again_and_then_in_order(
    admin: httpx.AsyncClient, receiver: Receiver
):
    blog = await new_blog(admin)
    hook = await make(admin, receiver.url)
    receiver.statuses = [500]
    first = await admin.post(f"{blog}/entries", json={"markdown": "first"})
    await receiver.until(1)
    await admin.post(f"{blog}/entries", json={"markdown": "second"})
    state = (await admin.get(f"/api/webhooks/{hook['name']}")).json()
    assert [(one["blog"], one["attempts"], one["reason"]) for one in state["failing"]] == [
        (blog.rpartition("/")[2], 1, "it answered 500")
    ]
    received = await receiver.until(3)
    assert received[0].id == received[1].id != received[2].id
    ids = [one.event["data"]["entry"]["id"] for one in received]
    assert ids[0] == ids[1] == first.json()["id"] != ids[2]


async def test_an_entry_that_is_retracted_before_the_next_attempt_is_never_told(
    admin: httpx.AsyncClient, receiver: Receiver
):
    blog = await new_blog(admin)
    await make(admin, receiver.url)
    await admin.post(f"{blog}/entries", json={"markdown": "x"})
    await receiver.until(1)
    receiver.statuses = [503]
    await admin.post(f"{blog}/entries", json={"markdown": "y"})
    await receiver.until(2)  # the blog waits for the next attempt from here
    secret = await admin.post(f"{blog}/entries", json={"markdown": "SECRET"})
    await admin.delete(secret.headers["location"])
    received = await receiver.until(4)
    assert receiver.kinds[3] == "entry.retracted"
    assert all(b"SECRET" not in one.body for one in received)


async def test_a_rejected_event_is_given_up_listed_and_can_be_sent_again(
    admin: httpx.AsyncClient, receiver: Receiver, eventually: Eventually
):
    blog = await new_blog(admin)
    hook = await make(admin, receiver.url)
    receiver.statuses = [410]
    entry = await admin.post(f"{blog}/entries", json={"markdown": "SECRET"})
    dead_path = f"/api/webhooks/{hook['name']}/dead"

    async def dead() -> list[dict[str, Any]]:
        return list((await admin.get(dead_path)).json()["dead"])

    (event,) = await eventually(dead)
    assert (event["kind"], event["attempts"], event["reason"]) == ("entry.published", 1, "it answered 410")
    assert event["item"] == entry.json()["id"] and "SECRET" not in json.dumps(event)
    assert (await admin.get(f"/api/webhooks/{hook['name']}")).json()["dead"] == 1
    await admin.delete(entry.headers["location"])
    await receiver.until(2)
    receiver.statuses = [500]
    again = await admin.post(f"{dead_path}/{event['id']}")
    assert again.json() == {"delivered": False, "reason": "it answered 500"}
    again = await admin.post(f"{dead_path}/{event['id']}")
    assert again.json() == {"delivered": True, "reason": None}
    last = receiver.received[-1]
    assert last.kind == "entry.retracted" and b"SECRET" not in last.body
    assert await dead() == []
    assert (await admin.post(f"{dead_path}/{event['id']}")).status_code == 404


async def test_a_redirect_is_not_followed(admin: httpx.AsyncClient, receiver: Receiver):
    blog = await new_blog(admin)
    async with Receiver() as elsewhere:
        receiver.location, receiver.statuses = elsewhere.url, [307]
        hook = await make(admin, receiver.url)
        await admin.post(f"{blog}/entries", json={"markdown": "x"})
        await receiver.until(2)  # the second attempt
        assert elsewhere.received == []
    assert (await admin.get(f"/api/webhooks/{hook['name']}")).status_code == 200


async def test_the_secret_is_shown_once_and_only_to_admins(
    admin: httpx.AsyncClient, node: RunningNode, receiver: Receiver
):
    hook = await make(admin, receiver.url)
    for path in ("/api/webhooks", f"/api/webhooks/{hook['name']}"):
        answer = await admin.get(path)
        assert "whsec_" not in answer.text and hook["secret"] not in answer.text
        assert answer.headers["cache-control"] == "no-store"
    async with node.editor() as editor:
        assert (await editor.get("/api/webhooks")).status_code == 403
    assert (await admin.post("/api/webhooks", json={"name": hook["name"], "url": receiver.url})).status_code == 409
    acts = (await admin.get("/api/audit?limit=5")).json()["acts"]
    assert ("make_webhook", hook["name"]) in [(act["action"], act.get("item")) for act in acts]


async def test_an_admin_of_some_blogs_manages_only_webhooks_for_them(
    admin: httpx.AsyncClient, node: RunningNode, receiver: Receiver
):
    made = await admin.post("/api/keys", json={"name": f"k-{next(_numbers)}", "role": "admin", "blogs": ["sport-*"]})
    everywhere = await make(admin, receiver.url)
    async with node.editor(key=made.json()["secret"]) as limited:
        assert (await limited.post("/api/webhooks", json={"name": "x", "url": receiver.url})).status_code == 403
        own = await make(limited, receiver.url, blogs=["sport-a"])
        assert [one["name"] for one in (await limited.get("/api/webhooks")).json()["webhooks"]] == [own["name"]]
        assert (await limited.delete(f"/api/webhooks/{everywhere['name']}")).status_code == 403


async def test_a_removed_webhook_is_told_nothing_more(admin: httpx.AsyncClient, receiver: Receiver):
    blog = await new_blog(admin)
    hook = await make(admin, receiver.url)
    async with Receiver() as second:
        assert (await admin.delete(f"/api/webhooks/{hook['name']}")).status_code == 204
        await make(admin, second.url)
        await admin.post(f"{blog}/entries", json={"markdown": "x"})
        await second.until(1)
    assert receiver.received == []


async def test_no_address_inside_can_be_a_receiver(empty_node: StartNode):
    """A figure: of more than thirty inside addresses none gets through."""
    node = await empty_node()
    async with node.editor(key=ADMIN_KEY) as admin:
        for host in INSIDE:
            answer = await admin.post("/api/webhooks", json={"name": "x", "url": f"http://{host}:{node.port}/"})
            assert (answer.status_code, answer.json().get("field")) == (422, "url"), (host, answer.text)
        assert (await admin.get("/api/webhooks")).json() == {"webhooks": []}


async def test_there_are_at_most_twenty(admin: httpx.AsyncClient, receiver: Receiver):
    for _ in range(20):
        await make(admin, receiver.url, blogs=["nothing"])
    refused = await admin.post("/api/webhooks", json={"name": "more", "url": receiver.url})
    assert refused.status_code == 409 and "20 webhooks" in refused.json()["detail"]


@pytest.mark.redis
async def test_two_nodes_tell_each_change_once_and_one_goes_on_where_the_other_was_killed(
    redis_server: RedisServer, start_node: StartNode, receiver: Receiver
):
    redis_server.flush() if hasattr(redis_server, "flush") else None
    nodes = [await start_node(redis_server.url, **HOSTS) for _ in range(2)]
    async with nodes[0].editor(key=ADMIN_KEY) as first, nodes[1].editor(key=ADMIN_KEY) as second:
        blog = await new_blog(first)
        hook = await make(first, receiver.url, blogs=[blog.rpartition("/")[2]])
        sent = await asyncio.gather(
            *(editor.post(f"{blog}/entries", json={"markdown": "x"}) for editor in (first, second) * 5)
        )
        received = await receiver.until(10)
        assert {one.event["data"]["entry"]["id"] for one in received} == {one.json()["id"] for one in sent}
        assert len(received) == 10, "each once"
        receiver.is_silent = True
        entry = await first.post(f"{blog}/entries", json={"markdown": "in flight"})
        await receiver.until(11)
        await nodes[0].stop(signal.SIGKILL)
        receiver.is_silent = False
        received = await receiver.until(12)
        assert received[11].id == received[10].id
        assert received[11].event["data"]["entry"]["id"] == entry.json()["id"]
        await second.delete(f"/api/webhooks/{hook['name']}")
        await second.delete(blog)


async def test_changes_of_the_time_without_a_node_are_told_later(
    start_node: StartNode, receiver: Receiver, tmp_path: Path
):
    """A node is killed between a commit and the event: its next start tells it."""
    node = await start_node(**HOSTS)
    async with node.editor(key=ADMIN_KEY) as admin:
        blog = await new_blog(admin)
        await make(admin, receiver.url)
        receiver.statuses = [503]
        await admin.post(f"{blog}/entries", json={"markdown": "x"})
        await receiver.until(1)
    await node.stop(signal.SIGKILL)
    await node.start()
    received = await receiver.until(2)
    assert received[0].id == received[1].id
