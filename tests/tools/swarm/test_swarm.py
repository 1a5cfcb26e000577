"""`stoppress swarm` against a real server, and against a line that breaks what the server sends."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import Any

import pytest

from loadtest.faulty_proxy import Fault, faulty_proxy, without_the_entry
from tests.support.command import command as program
from tests.support.command import environment, running
from tests.support.node import RunningNode

QUICK = ("--rate", "1000", "--duration", "2", "--publish", "10", "--json")


async def swarm(url: str, key: str, *options: str) -> tuple[int, dict[str, Any], str]:
    """Its exit status, its figures and its errors."""
    process = await asyncio.create_subprocess_exec(
        *program("swarm", url, *options),
        env=environment({"STOPPRESS_API_KEY": key}),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(50):
        out, err = await process.communicate()
    return process.returncode or 0, json.loads(out) if out else {}, err.decode()


@pytest.mark.parametrize("encoding", [(), ("--msgpack",), ("--compress",)], ids=["json", "msgpack", "compressed"])
async def test_every_reader_gets_everything(node: RunningNode, encoding: tuple[str, ...]):
    options = ("--readers", "200", "--churn", "20", "--storm", "50", "--slow", "0.1", *QUICK, *encoding)
    code, figures, err = await swarm(node.url, node.key, *options)
    assert (code, figures["wrong"], figures["live"]) == (0, {}, 200), err
    assert figures["delivered"] > 1_000 and figures["returned"] >= 50 and figures["writes"]["failed"] == []
    assert 0 < figures["publish_to_receive_ms"]["p50"] <= figures["publish_to_receive_ms"]["p99.9"]


async def test_interrupted_it_says_what_it_saw_until_then(node: RunningNode):
    options = ("--readers", "9000", "--rate", "20", "--duration", "600", "--publish", "10", "--ticks")
    async with running("swarm", node.url, *options, STOPPRESS_API_KEY=node.key) as process:
        while json.loads(await process.line("{"))["live"] < 20:
            pass
        assert await process.stop(signal.SIGINT) == 0
        figures = json.loads((await process.rest())[-1])
    assert (figures["live"], figures["wrong"]) == (figures["readers"], {}) and figures["delivered"] > 0


async def test_without_a_server_or_a_blog_it_says_so(node: RunningNode):
    code, _, err = await swarm("http://127.0.0.1:9", "key", "--readers", "1")
    assert code == 1 and "cannot reach http://127.0.0.1:9" in err
    code, _, err = await swarm(node.url, "", "--readers", "2", "--blog", "none")
    assert code == 1 and "4404" in err


BROKEN: dict[str, tuple[Fault, str]] = {
    "an update is lost": (lambda update: [], "gap"),
    "an entry is lost": (without_the_entry, "missed"),
    "an update comes twice": (lambda update: [update, update], "duplicate"),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_line_is_named_with_the_reader_and_what_it_missed(node: RunningNode, name: str):
    breaks, kind = BROKEN[name]
    async with faulty_proxy(node.port, 8, breaks) as url:
        code, figures, err = await swarm(url, node.key, "--readers", "3", *QUICK)
    assert code == 1 and kind in err and figures["wrong"].get(kind), figures
    fault = next(fault for fault in figures["faults"] if fault["kind"] == kind)
    assert fault["reader"].startswith("reader")
    if kind != "duplicate":
        assert "seq " in fault["text"] and "entry " in fault["text"], fault
