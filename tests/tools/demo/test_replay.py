"""The replay of the demonstration: its timeline, told in a second, ends in the blog that the timeline says."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import msgspec
import pytest

from stoppress.errors import StoppressError
from stoppress.newsroom.rendering import Rendered
from stoppress.tools.demo.replay import Replay, Step, Timeline
from tests.conftest import StartNode

SPEED = 100
"""How much faster than in the demonstration."""


def faster(timeline: Timeline) -> Timeline:
    steps = [msgspec.structs.replace(step, at=step.at / SPEED) for step in timeline.steps]
    return msgspec.structs.replace(timeline, steps=steps)


def expected_of(timeline: Timeline) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The header and the entries, oldest first, that a timeline ends with; by its plain meaning."""
    header, entries = dict(timeline.header), {}
    for step in timeline.steps:
        match step.op:
            case "create":
                entries[step.ref] = {"status": "published", "corrections": [], **(step.entry or {})}
            case "edit":
                entry = entries[step.ref]
                entry |= step.change or {}
                entry["corrections"] = entry["corrections"] + ([step.correction] if step.correction else [])
            case "retract":
                entries[step.ref] = {"status": "retracted", "note": step.note}
            case "pin":
                header["pinned"] = step.ref
                for ref, entry in entries.items():
                    entry["pinned"] = ref == step.ref
            case "header":
                header |= step.change or {}
    return header, list(entries.values())


def shown(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry as readers get it, in the words of a timeline."""
    if entry["status"] == "retracted":
        return {"status": "retracted", "note": entry.get("note")}
    kept = ("status", "title", "text", "authors", "source", "tags", "key", "breaking", "pinned")
    found = {name: entry[name] for name in kept if entry.get(name)}
    return found | {"corrections": [one["text"] for one in entry.get("corrections", ())]}


def planned(entry: dict[str, Any]) -> dict[str, Any]:
    if entry["status"] == "retracted":
        return entry
    kept = {name: value for name, value in entry.items() if name == "corrections" or (value and name != "markdown")}
    return kept | {"text": Rendered.from_markdown(entry["markdown"]).text}


async def test_the_replay_ends_in_the_blog_that_its_timeline_says(start_node: StartNode):
    node, timeline, told = await start_node(), Timeline.karabakh(), []
    async with node.editor() as editor:
        replay = Replay(faster(timeline), editor, lambda number, total, line: told.append((number, total, line)))
        await replay.run()
        update = (await editor.get(f"/blogs/{timeline.blog}/changes")).json()
    header, entries = expected_of(timeline)
    found = sorted(update["entries"], key=lambda entry: entry["id"])
    assert [shown(entry) for entry in found] == [planned(entry) for entry in entries]
    refs = [step.ref for step in timeline.steps if step.op == "create"]
    assert update["header"]["pinned"] == found[refs.index(header.pop("pinned"))]["id"]
    header["coverage_start"] = header["coverage_start"].replace("Z", ".000Z")
    assert {name: update["header"][name] for name in header} == header
    count = len(timeline.steps)
    assert [(number, total) for number, total, _ in told] == [(number, count) for number in range(1, count + 1)]


async def test_a_replay_keeps_to_its_times():
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        return httpx.Response(201, headers={"location": "/x"})

    timeline = Timeline("b", {}, [Step(0, "create", "a", entry={"markdown": "x"}), Step(3_600, "pin", "a")])
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://test") as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await Replay(timeline, client, lambda *_: None).run()
    assert asked == ["PUT", "POST"]


async def test_a_step_that_the_server_refuses_ends_the_replay_with_its_reason():
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200 if request.method == "PUT" else 422, json={"detail": "it needs something to show"})

    timeline = Timeline("b", {}, [Step(0, "create", "a", entry={})])
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://test") as client:
        with pytest.raises(StoppressError, match=r"rejected POST /api/blogs/b/entries \(422\): .*something to show"):
            await Replay(timeline, client, lambda *_: None).run()


def test_the_timeline_is_in_order_and_takes_about_a_minute():
    times = [step.at for step in Timeline.karabakh().steps]
    assert times == sorted(times)
    assert times[0] == 0
    assert 30 <= times[-1] <= 90
