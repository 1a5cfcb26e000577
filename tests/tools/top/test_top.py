"""`stoppress top`: what it reads from metrics, and what it shows of a real node."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import signal
import subprocess
from math import inf
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from stoppress.errors import StoppressError
from stoppress.tools.top.reading import Between, Reading
from tests.conftest import StartNode
from tests.support.command import Result, command, environment, stoppress


async def top(*arguments: str) -> Result:
    return await asyncio.to_thread(stoppress, "top", *arguments)


def row(text: str, name: str) -> str:
    found = re.search(rf"^{re.escape(name)} +(.*)$", text, re.MULTILINE)
    assert found, text
    return found[1]


def exposition(changes: int, fast: int, slow: int) -> str:
    """Of two workers, each with the same numbers."""
    lines = []
    for worker in ("1", "2"):
        lines += [
            f'stoppress_ready{{worker="{worker}"}} 1.0',
            f'stoppress_changes_total{{worker="{worker}",origin="here"}} {changes}',
            f'stoppress_changes_total{{worker="{worker}",origin="elsewhere"}} 0',
            f'lag_seconds_bucket{{worker="{worker}",le="0.01"}} {fast}',
            f'lag_seconds_bucket{{worker="{worker}",le="0.5"}} {fast + slow}',
            f'lag_seconds_bucket{{worker="{worker}",le="+Inf"}} {fast + slow}',
        ]
    return "\n".join(lines) + "\n"


# Reading


def test_rates_are_of_all_workers_and_between_two_readings():
    between = Between(Reading(exposition(10, 0, 0), 100), Reading(exposition(30, 0, 0), 110))
    assert between.rate("stoppress_changes_total") == 4
    assert between.rates("stoppress_changes_total", "origin") == {"elsewhere": 0, "here": 4}


def test_a_counter_that_began_anew_counts_from_0():
    between = Between(Reading(exposition(1_000, 0, 0), 100), Reading(exposition(5, 0, 0), 110))
    assert between.rate("stoppress_changes_total") == 1


def test_a_quantile_is_of_what_came_between():
    between = Between(Reading(exposition(0, 1_000, 0), 0), Reading(exposition(0, 1_098, 2), 1))
    assert [between.quantile("lag_seconds", share) for share in (0.5, 0.98, 0.99, 1)] == [0.01, 0.01, 0.5, 0.5]
    assert Between(between.now, between.now).quantile("lag_seconds", 0.5) is None


def test_what_took_longer_than_all_bounds_is_more_than_them():
    text = 'stoppress_ready 1\nlag_seconds_bucket{le="1"} 0\nlag_seconds_bucket{le="+Inf"} 3\n'
    assert Between(None, Reading(text + "process_start_time_seconds 0\n", 0)).quantile("lag_seconds", 0.5) == inf


@pytest.mark.parametrize("text", ["", "<!doctype html>", "other_metric 1\n"])
def test_what_is_not_of_a_node_is_refused(text: str):
    with pytest.raises(StoppressError, match="not Stoppress's metrics"):
        Reading(text, 0)


# Showing


async def test_where_nobody_watches_it_is_printed_once_as_plain_text(start_node: StartNode):
    node = await start_node(STOPPRESS_METRICS_BLOGS="3")
    await node.make_blog()
    live = f"{node.websocket_url}/blogs/demo/live"
    async with connect(live) as first, connect(live) as second, node.editor() as editor:
        await first.recv(), await second.recv()
        assert (await editor.post("/api/blogs/demo/entries", json={"markdown": "news"})).status_code == 201
        await first.recv(), await second.recv()
        result = await top("--url", f"{node.url}/")
    assert result.code == 0 and "\x1b" not in result.out
    assert f"{node.url}  ready  up 0:00:" in result.out
    assert row(result.out, "readers").split() == ["2", "websocket", "2"]
    assert "2  demo" in result.out
    assert re.fullmatch(r"\d\.\d/s  here \d\.\d", row(result.out, "changes"))
    assert re.fullmatch(r"p50 [\d.]+ m?s  p99 [\d.]+ m?s", row(result.out, "publish to write"))
    assert row(result.out, "from other nodes") == "-"
    assert row(result.out, "store").split()[0] == "up"


async def test_a_terminal_is_refreshed_until_ctrl_c(start_node: StartNode):
    node = await start_node()
    terminal, end = pty.openpty()
    arguments = command("top", "--url", node.url, "--every", "0.2")
    process = await asyncio.create_subprocess_exec(*arguments, env=environment(), stdout=end, stderr=subprocess.PIPE)
    os.close(end)
    seen = b""
    try:
        async with asyncio.timeout(30):
            while seen.count(b"\x1b[H\x1b[J") < 3:
                seen += await asyncio.to_thread(os.read, terminal, 65_536)
            await node.stop()
            while b"cannot reach" not in seen:  # it goes on: the node may come back
                seen += await asyncio.to_thread(os.read, terminal, 65_536)
            process.send_signal(signal.SIGINT)
            _, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
        os.close(terminal)
    assert (process.returncode, errors.strip()) == (130, b"")
    assert b"since the start" in seen and b"per second over the last 0." in seen


async def test_who_may_not_read_the_metrics_is_told_what_to_do(start_node: StartNode, tmp_path: Path):
    (tmp_path / "token").write_text("token-of-the-tests\n")
    node = await start_node(STOPPRESS_METRICS_TOKEN_FILE=str(tmp_path / "token"))
    refused = await top("--url", node.url)
    assert refused.code == 1 and "rejects the request (401)" in refused.error and "--token-file" in refused.error
    assert (await top("--url", node.url, "--token-file", str(tmp_path / "token"))).code == 0
    missing = await top("--url", node.url, "--token-file", str(tmp_path / "nothing"))
    assert missing.code == 2 and "No such file" in missing.error


async def test_a_node_that_is_not_there_is_said():
    result = await top("--url", "http://127.0.0.1:1")
    assert result.code == 1 and "cannot reach http://127.0.0.1:1" in result.error
