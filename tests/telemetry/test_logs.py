"""The log of a real node: one line of JSON for each event, and no secret in any of them."""

from __future__ import annotations

import json

import httpx
import pytest
from redis.asyncio import Redis

from tests.support.command import running

CANARIES = ("canary-key", "canary-redis", "canary-query", "canary-header", "canary-once", "canary-body")


@pytest.mark.redis
async def test_nothing_that_is_secret_gets_into_the_log(redis_server):
    store = redis_server.url.replace("//", "//default:canary-redis@")
    environ = {"STOPPRESS_KEYS": "ann:editor:canary-key", "STOPPRESS_STORE": store}
    async with Redis(port=redis_server.port) as admin:
        await admin.flushall()
        await admin.config_set("requirepass", "canary-redis")
        try:
            async with running("serve", "--port", "0", "--log-format", "json", **environ) as server:
                url = (await server.line("serves")).split("serves ")[1]
                headers = {"authorization": "Bearer canary-key", "idempotency-key": "canary-once"}
                async with httpx.AsyncClient(base_url=url, trust_env=False, headers=headers) as editor:
                    await editor.put("/api/blogs/demo?token=canary-query", json={"headline": "canary-body"})
                    await editor.get("/blogs/demo?token=canary-query")
                    await editor.post(
                        "/api/blogs/demo/entries?token=canary-query",
                        json={"markdown": "canary-body"},
                        headers={"authorization": "Bearer canary-header"},
                    )
                    await admin.client_kill_filter(_type="pubsub")  # no_hints
                    redis_server.freeze()
                    await editor.post("/api/blogs/demo/entries", json={"markdown": "canary-body"})
                    redis_server.thaw()
                await server.line("no_hints")
                await server.stop()
                lines = [*server.lines, *await server.rest()]
        finally:
            redis_server.thaw()
            await admin.config_set("requirepass", "")
    events = [json.loads(line) for line in lines if line.startswith("{")]
    assert {event["event"] for event in events} >= {"editor_request", "no_hints"}
    requests = [(event["status"], event["key"]) for event in events if event["event"] == "editor_request"]
    assert requests == [(201, "ann"), (401, "none"), (503, "ann")]
    assert [line for line in lines if any(canary in line for canary in CANARIES)] == []
