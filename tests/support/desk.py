"""An editor's open desk, as its script sees it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx


class DeskView:
    """What a desk shows: it applies the events of its stream."""

    def __init__(self) -> None:
        self.header: dict[str, Any] = {}
        self.entries: dict[str, dict[str, Any]] = {}
        self.people: list[dict[str, Any]] = []
        self.readers: dict[str, Any] = {}
        self.delivery: dict[str, dict[str, Any]] = {}
        self.closed: dict[str, Any] | None = None
        self.kinds: list[str] = []
        """The types of the events that came, in order."""
        self.has_ended = False
        self._changed = asyncio.Event()

    def take(self, kind: str, data: dict[str, Any]) -> None:
        match kind:
            case "snapshot":
                self.header, self.entries = data["header"], {one["entry"]["id"]: one for one in data["entries"]}
                self.people, self.readers = data.get("people", []), data.get("readers", {})
                self.delivery = {one["id"]: one for one in data.get("delivery", [])}
            case "entry":
                self.entries[data["entry"]["id"]] = data
            case "gone":
                self.entries.pop(data["id"], None)
            case "header":
                self.header = data["header"]
            case "people":
                self.people = data["people"]
            case "readers":
                self.readers = data
            case "delivery":
                self.delivery[data["id"]] = data
            case "close":
                self.closed = data
        self.kinds.append(kind)
        self._changed.set()

    async def until(self, is_true: Callable[[DeskView], Any]) -> Any:
        """Return the answer to a question about this view as soon as it is true, within half a minute."""
        async with asyncio.timeout(30):
            while not (answer := is_true(self)):
                assert not self.has_ended, f"the stream ended: {self.closed}"
                self._changed.clear()
                await self._changed.wait()
            return answer

    async def until_closed(self) -> dict[str, Any] | None:
        """Return the last event of the stream once it has ended, within half a minute."""
        async with asyncio.timeout(30):
            while not self.has_ended:
                self._changed.clear()
                await self._changed.wait()
        return self.closed

    def end(self) -> None:
        self.has_ended = True
        self._changed.set()


@asynccontextmanager
async def open_desk(editor: httpx.AsyncClient, blog: str) -> AsyncIterator[DeskView]:
    """Open a desk of a blog; it begins with its snapshot."""
    view = DeskView()
    async with editor.stream(
        "GET", f"/api/blogs/{blog}/desk", headers={"accept": "text/event-stream"}, timeout=60
    ) as answer:
        if answer.status_code != 200:
            await answer.aread()
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        following = asyncio.create_task(_follow(answer, view))
        try:
            await view.until(lambda view: view.kinds)
            yield view
        finally:
            following.cancel()
            await asyncio.wait([following])


async def _follow(answer: httpx.Response, view: DeskView) -> None:
    kind = ""
    try:
        async for line in answer.aiter_lines():
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            elif line.startswith("data: "):
                view.take(kind, json.loads(line.removeprefix("data: ")))
    except httpx.TransportError:
        pass  # the server has cut the connection
    finally:
        view.end()
