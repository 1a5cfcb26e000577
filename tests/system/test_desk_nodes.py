"""Desks on two nodes with one Redis."""

from __future__ import annotations

import asyncio
import signal
import time

import pytest
from redis.asyncio import Redis

from loadtest.chaos.stage.proxy import NetworkLink
from stoppress.desk.presence import STALE_SECONDS
from stoppress.desk.watch import ASKED_SECONDS
from tests.support.desk import open_desk
from tests.support.node import ADMIN_KEY, RunningNode
from tests.support.redis_servers import RedisServer
from tests.system.conftest import BLOG

pytestmark = [pytest.mark.redis, pytest.mark.slow]

ENTRIES = f"/api/blogs/{BLOG}/entries"


async def test_drafts_of_another_node_appear_live_also_if_its_messages_are_lost(
    nodes: list[RunningNode], link: NetworkLink
):
    async with nodes[0].editor() as here, nodes[1].editor() as there, open_desk(there, BLOG) as desk:
        made = [(await here.post(ENTRIES, json={"markdown": text, "status": "draft"})).json()["id"] for text in "ab"]
        await desk.until(lambda desk: set(desk.entries) == set(made))
        link.refuses = True
        link.cut()
        await here.delete(f"{ENTRIES}/{made[0]}")
        await here.patch(f"{ENTRIES}/{made[1]}", json={"markdown": "edited"})
        made.append((await here.post(ENTRIES, json={"markdown": "c", "status": "draft"})).json()["id"])
        link.heal()
        await desk.until(lambda desk: set(desk.entries) == set(made[1:]))
        await desk.until(lambda desk: desk.entries[made[1]]["entry"]["text"] == "edited")
        await here.patch(f"{ENTRIES}/{made[1]}", json={"status": "published"})
        await desk.until(lambda desk: desk.entries[made[1]]["entry"]["status"] == "published")


async def test_presence_over_two_nodes(nodes: list[RunningNode], redis_server: RedisServer, figure):
    address = f"/api/blogs/{BLOG}/presence"
    seconds = []
    async with (
        nodes[0].editor() as here,
        nodes[1].editor(key=ADMIN_KEY) as there,
        open_desk(here, BLOG) as desk,
        open_desk(there, BLOG) as other,
    ):
        for number in range(6):
            sender, editing = (here, there)[number % 2], "new" if number < 3 else None
            began = time.monotonic()
            await sender.put(address, json={"tab": f"tab-{number:05}", "editing": editing})
            for view in (desk, other):
                await view.until(lambda view: len(view.people) == number + 1)  # noqa: B023, it is called at once
            seconds.append(time.monotonic() - began)
        assert desk.people == other.people
        began = time.monotonic()
        await here.delete(f"{address}?tab=tab-00000")  # of a tab of this node
        await there.put(address, json={"tab": "tab-00002"})  # as a proxy may send a tab to another node
        for view in (desk, other):
            await view.until(lambda view: len(view.people) == 6)
        seconds.append(time.monotonic() - began)
        await nodes[1].stop(signal.SIGKILL)
        began, kept = time.monotonic(), 3
        while time.monotonic() - began < STALE_SECONDS + 2 and len(desk.people) > kept:
            for number in (2, 4):
                await here.put(address, json={"tab": f"tab-{number:05}"})
            await asyncio.sleep(1)
        gone = time.monotonic() - began
    figure(
        f"presence over two nodes: seen everywhere within {max(seconds):.1f} s; tabs of a killed node gone "
        f"after {gone:.0f} s"
    )
    assert max(seconds) < 2
    assert {person["tab"] for person in desk.people} == {"tab-00002", "tab-00004"}


async def test_without_open_desks_there_is_no_command(nodes: list[RunningNode], redis_server: RedisServer, figure):
    async with Redis.from_url(redis_server.url) as redis, nodes[0].editor() as here, nodes[1].editor() as there:

        async def scripts(seconds: float) -> float:
            before = (await redis.info("commandstats")).get("cmdstat_evalsha", {"calls": 0})["calls"]
            await asyncio.sleep(seconds)
            after = (await redis.info("commandstats")).get("cmdstat_evalsha", {"calls": 0})["calls"]
            return float(after - before) / seconds

        idle = await scripts(4)
        async with open_desk(here, BLOG), open_desk(here, BLOG):
            one = await scripts(4)
            async with open_desk(there, BLOG):
                both = await scripts(4)
        await there.put(f"/api/blogs/{BLOG}/presence", json={"tab": "tab-12345"})
        await there.delete(f"/api/blogs/{BLOG}/presence?tab=tab-12345")
        await asyncio.sleep(ASKED_SECONDS + 2)
        again = await scripts(4)
    figure(
        f"Redis: {idle:.1f} scripts/s without a desk, {one:.1f} with two desks at one node, {both:.1f} at two nodes, "
        f"{again:.1f} after all were closed"
    )
    assert one - idle <= 1.6 and both - idle <= 3.1
    assert again <= idle + 0.5, "other work sends a script now and then"
