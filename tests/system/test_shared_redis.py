"""Two sites share a Redis: each has a prefix, and a user with the rights of the guide."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from tests.support.node import RunningNode
from tests.support.redis_servers import PASSWORD, user_rules

BLOG = "karabakh"

pytestmark = pytest.mark.redis


async def entries(node: RunningNode) -> dict[str, str]:
    """Return the status of all entries of the blog that readers see."""
    async with node.editor() as client:
        answer = await client.get(f"/blogs/{BLOG}/entries")
        return {entry["id"]: entry["status"] for entry in answer.json()["entries"]}


async def test_a_site_needs_no_more_rights_than_the_guide_gives_and_no_other_keys(start_node, redis_server, eventually):
    async with Redis(port=redis_server.port) as admin:
        await admin.flushall()
        for paper in ("paper1", "paper2"):
            rules = user_rules().replace("stoppress:*", f"{paper}:*")
            await admin.execute_command("ACL", "SETUSER", paper, "reset", *rules.split())
        first, second = [
            await start_node(f"redis://{paper}:{PASSWORD}@127.0.0.1:{redis_server.port}/0?prefix={paper}:")
            for paper in ("paper1", "paper2")
        ]
        for node in (first, second):
            await node.make_blog(BLOG)
        async with first.editor() as editor:
            path = f"/api/blogs/{BLOG}/entries"
            kept, gone = [(await editor.post(path, json={"markdown": text})).json()["id"] for text in ("a", "b")]
            assert (await editor.delete(f"{path}/{gone}")).status_code == 200
            soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
            later = await editor.post(path, json={"markdown": "c", "publish_at": soon, "status": "scheduled"})
            assert later.status_code == 201, later.text
            scheduled = later.json()["id"]
            await editor.put("/api/blogs/other", json={"headline": "other"})
            assert (await editor.delete("/api/blogs/other")).status_code == 204

        async def all_is_out() -> bool:
            found = await entries(first)
            return found == {kept: "published", gone: "retracted", scheduled: "published"}

        await eventually(all_is_out)
        await first.start()
        assert await all_is_out()
        assert await entries(second) == {}
        assert {str(name).partition("'")[2].partition(":")[0] for name in await admin.keys("*")} == {"paper1", "paper2"}
        refused = [entry for entry in await admin.acl_log() if str(entry["username"]).startswith("paper")]
        assert refused == []
        for paper in ("paper1", "paper2"):
            await admin.execute_command("ACL", "DELUSER", paper)
