"""The reader that locust measures notices what a broken line does to it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from loadtest.faulty_proxy import Fault, faulty_proxy
from loadtest.probe import Probe, Shared
from stoppress.tools.swarm.plan import Target


class Failed(Exception):
    """Ends the probe, with what it reports."""


def fail(kind: str, text: str) -> None:
    raise Failed(kind, text)


BROKEN: dict[str, Fault] = {"gap": lambda update: [], "duplicate": lambda update: [update, update]}


@pytest.mark.parametrize("kind", BROKEN)
async def test_a_probe_says_which_reader_was_told_what(start_node, eventually, kind):
    node = await start_node()
    await node.make_blog("demo")
    times: dict[str, Any] = {}
    async with faulty_proxy(node.port, 3, BROKEN[kind]) as url, node.editor() as editor:
        probe = Probe(7, Shared(Target.parse(url, "demo")), times.__setitem__, fail)
        reading = asyncio.create_task(asyncio.to_thread(probe.run))

        async def is_live() -> bool:
            return "catch-up" in times

        await eventually(is_live)
        for number in range(4):
            await editor.post("/api/blogs/demo/entries", json={"title": f"entry {number}"})
            await asyncio.sleep(0.1)
        with pytest.raises(Failed) as caught:
            async with asyncio.timeout(30):
                await reading
    assert caught.value.args[0] == kind and "reader 7: at " in caught.value.args[1]
    if kind == "gap":
        assert "missed seq 3" in caught.value.args[1]
