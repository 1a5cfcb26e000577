"""What Prometheus is told, and to whom; `process` tests that any of several workers answers for all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

import stoppress
from stoppress.telemetry.counts import REJECTIONS
from stoppress.telemetry.metrics import FAMILIES
from tests.support.publishing import post
from tests.test_docs import DOCS, rows


async def test_readers_and_what_they_are_sent_are_counted(start_node, eventually):
    node = await start_node()
    await node.make_blog()
    live = f"{node.websocket_url}/blogs/demo/live"
    async with connect(live, compression=None) as first, connect(live, compression=None) as second:
        await first.recv(), await second.recv()
        await post(node, markdown="news")
        await first.recv(), await second.recv()

        async def lag_was_measured() -> bool:
            return bool((await node.samples())[("stoppress_event_loop_lag_seconds_count",)])

        await eventually(lag_was_measured)
        seen = await node.samples()
        assert seen["stoppress_readers", "none", "json", "websocket"] == 2
        assert seen["stoppress_deliveries_total", "websocket"] == 2
        assert seen["stoppress_catch_ups_total", "opening"] == 2
        assert seen["stoppress_changes_total", "here"] == 1
        assert seen[("stoppress_publish_to_write_seconds_count",)] == 1
        assert 0 < seen[("stoppress_publish_to_write_seconds_sum",)] < 60  # seconds, and no other unit
        assert seen["stoppress_store_operation_seconds_count", "commit"] == 2
        assert seen["stoppress_store_errors_total", "commit"] == 0
        assert seen["stoppress_http_requests_total", "POST", "/api/blogs/{blog}/entries", "201"] == 1
        assert seen[("stoppress_ready",)] == seen[("stoppress_store_up",)] == 1


async def test_refusals_are_counted_by_reason(node, blog):
    for address in (f"{blog}/live?since=x", "nothing/live"):
        async with connect(f"{node.websocket_url}/blogs/{address}") as line:
            await line.wait_closed()
    seen = await node.samples()
    assert seen["stoppress_refusals_total", "malformed_cursor"] == 1
    assert seen["stoppress_refusals_total", "no_such_blog"] == 1


@pytest.mark.redis
async def test_a_change_from_another_node_is_timed(start_node, redis_server):
    here, there = await start_node(redis_server.url), await start_node(redis_server.url)
    await here.make_blog()
    async with connect(f"{there.websocket_url}/blogs/demo/live") as line:
        await line.recv()
        await post(here, markdown="news")
        await line.recv()
    seen = await there.samples()
    assert seen["stoppress_changes_total", "elsewhere"] == 1
    assert seen[("stoppress_publish_to_receive_seconds_count",)] == 1
    assert seen[("stoppress_publish_to_receive_seconds_sum",)] < 60  # seconds, and no other unit


@pytest.mark.parametrize("header", [{"x-forwarded-for": "192.0.2.1"}, {"host": "live.example"}, {"via": "1.1 proxy"}])
async def test_what_comes_through_a_proxy_gets_no_metrics(reader, header):
    assert (await reader.get("/metrics", headers=header)).status_code == 403


def test_every_metric_is_documented_as_it_is():
    documented = [tuple(row) for row in rows((DOCS / "reference" / "metrics.md").read_text()) if len(row) == 4]
    families = [(one.name, one.kind, ", ".join(one.labels) or "none", one.help) for one in FAMILIES]
    assert documented[2:] == families


def test_every_reason_of_a_refusal_is_documented_and_used():
    page = (DOCS / "reference" / "metrics.md").read_text()
    sources = "".join(path.read_text() for path in Path(stoppress.__file__).parent.rglob("*.py"))
    assert set(re.findall(r'count_rejection\("(\w+)"\)', sources)) <= set(REJECTIONS)
    assert [reason for reason in REJECTIONS if f"| `{reason}` |" not in page] == []
