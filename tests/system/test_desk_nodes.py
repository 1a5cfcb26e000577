"""Desks on two nodes with one Redis."""

from __future__ import annotations

import pytest

from loadtest.chaos.stage.proxy import NetworkLink
from tests.support.desk import open_desk
from tests.support.node import RunningNode
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
