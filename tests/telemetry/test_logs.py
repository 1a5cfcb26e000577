"""The log of a real node: one line of JSON for each event, and no secret in any of them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

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


PIPELINED = [b"GET /blogs/x HTTP/1.1", b"GET /blogs/demo/events HTTP/1.1", b"GET /blogs/demo/changes?wait=9 HTTP/1.1"]
FOREIGN = [b"GET /livez HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c", b"CONNECT x:1 HTTP/1.1", b"PRI * HTTP/2.0"]


async def test_pipelined_requests_and_foreign_protocols_leave_no_errors_in_the_log(tmp_path: Path):
    environ = {"STOPPRESS_KEYS": "ann:editor:secret", "STOPPRESS_STORE": f"sqlite:{tmp_path}/blogs.db"}
    async with running("serve", "--port", "0", "--log-format", "json", **environ) as server:
        url = (await server.line("serves")).split("serves ")[1]
        async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
            await http.put("/api/blogs/demo", json={}, headers={"authorization": "Bearer secret"})
            for first in PIPELINED + FOREIGN:
                for answered in (True, False):  # or the client goes away first
                    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
                    writer.write(b"".join(line + b"\r\nHost: x\r\n\r\n" for line in [first, *PIPELINED]))
                    if answered:
                        assert await reader.readline()
                    writer.transport.abort()
                    assert (await http.get("/livez")).status_code == 200
        await server.stop()
        lines = [*server.lines, *await server.rest()]
    assert [line for line in lines if '"error"' in line or "Traceback" in line] == []
