"""What an update takes on the wire: the demonstration's timeline in each encoding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import msgpack
from websockets.frames import Opcode

from stoppress.tools.demo.replay import Replay, Timeline
from stoppress.wire.frames import DeflateStream, frame
from tests.conftest import StartNode

MOST = 1.3
"""How many bytes the markup of an update may take for one of its JSON, in the shared stream."""


class Follower:
    """A reader that asks after each write what it changed: as JSON and as HTML."""

    def __init__(self, reader: httpx.AsyncClient, blog: str) -> None:
        self._reader = reader
        self._address = f"/blogs/{blog}/changes"
        self._cursor = "0"
        self.values: list[Any] = []
        self.json: list[bytes] = []
        self.html: list[bytes] = []

    async def follow(self, _answer: httpx.Response) -> None:
        plain = await self._reader.get(self._address, params={"since": self._cursor})
        shown = await self._reader.get(self._address, params={"since": self._cursor, "view": "html", "lang": "en"})
        self.values.append(plain.json())
        self.json.append(plain.content)
        self.html.append(shown.content)
        self._cursor = plain.json()["cursor"]


def sizes(payloads: list[bytes], opcode: Opcode) -> tuple[float, float, float]:
    """Return bytes of a frame in the mean: plain, compressed by itself, and in a shared stream."""
    stream = DeflateStream()
    frames = [
        (len(frame(opcode, one)), len(DeflateStream().frame(opcode, one)), len(stream.frame(opcode, one)))
        for one in payloads
    ]
    plain, alone, shared = (sum(column) / len(payloads) for column in zip(*frames, strict=True))
    return plain, alone, shared


async def test_compression_saves_much_and_markup_costs_little(start_node: StartNode, figure: Callable[[str], None]):
    node, timeline = await start_node(), Timeline.karabakh()
    for step in timeline.steps:
        step.at = 0
    async with node.editor() as editor, httpx.AsyncClient(base_url=node.url, trust_env=False) as reader:
        follower = Follower(reader, timeline.blog)
        editor.event_hooks["response"] = [follower.follow]
        await Replay(timeline, editor, lambda *_: None).run()
    values, json, html = follower.values, follower.json, follower.html
    found = {
        "JSON": sizes(json, Opcode.TEXT),
        "msgpack": sizes([msgpack.packb(value) for value in values], Opcode.BINARY),
        "HTML": sizes(html, Opcode.TEXT),
    }
    for name, (plain, alone, shared) in found.items():
        figure(
            f"an update of the demonstration ({len(values)} of them) as {name}: {plain:.0f} bytes plain, "
            f"{alone:.0f} compressed by itself, {shared:.0f} in the shared stream"
        )
    plain, alone, shared = found["JSON"]
    assert alone <= 0.6 * plain and shared <= 0.3 * plain
    assert found["HTML"][2] <= MOST * shared
