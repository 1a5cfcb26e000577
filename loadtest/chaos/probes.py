"""Probes of a run: the health of nodes, all surfaces after a retraction, and the state that nodes have at the end."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from loadtest.chaos.log import HealthSeen, LagSeen, ResourcesSeen, RunLog, StateRead, SurfaceRead
from loadtest.chaos.stage.servers import ChaosNode
from loadtest.chaos.writers import BLOG, TOKEN, token_of
from loadtest.surfaces import SurfaceRequest, surfaces_of

HEALTH_SECONDS = 0.4
"""Pause between two looks at `/readyz`."""

HEALTH_TIMEOUT_SECONDS = 4.0

LAG_SECONDS = 0.1

READ_TIMEOUT_SECONDS = 4.0


class Probes:
    """The probes of one run; `http` has an editor's key."""

    def __init__(self, nodes: list[ChaosNode], log: RunLog, http: httpx.AsyncClient) -> None:
        self._nodes = nodes
        self._log = log
        self._http = http

    async def watch_health(self) -> None:
        """Ask all nodes for their health until cancelled."""
        while True:
            await asyncio.gather(*map(self._see_health, self._nodes))
            await asyncio.sleep(HEALTH_SECONDS)

    async def _see_health(self, node: ChaosNode) -> None:
        began, status = time.monotonic(), 0
        with suppress(httpx.HTTPError):
            status = (await self._http.get(f"{node.url}/readyz", timeout=HEALTH_TIMEOUT_SECONDS)).status_code
        self._log.add(HealthSeen(at=began, node=node.number, status=status, until=time.monotonic()))

    async def watch_lag(self) -> None:
        """Log each time by which this process was late, until cancelled."""
        while True:
            due = time.monotonic() + LAG_SECONDS
            await asyncio.sleep(LAG_SECONDS)
            if (late := time.monotonic() - due) > LAG_SECONDS:
                self._log.add(LagSeen(seconds=late))

    async def read_surfaces(self, entry: str) -> None:
        """Read every surface of every node that may show an entry."""
        requests = [(node, *named) for node in self._nodes for named in surfaces_of(BLOG, entry).items()]
        await asyncio.gather(*(self._read_surface(*one) for one in requests))

    async def _read_surface(self, node: ChaosNode, name: str, request: SurfaceRequest) -> None:
        event = SurfaceRead(node=node.number, surface=name, status=0, until=0.0)
        try:
            answer = await self._http.get(
                node.url + request.address, headers=request.headers, timeout=READ_TIMEOUT_SECONDS
            )
            event.status, event.tokens = answer.status_code, sorted(set(TOKEN.findall(answer.text)))
        except httpx.HTTPError:
            pass
        event.until = time.monotonic()
        self._log.add(event)

    def see_resources(self) -> None:
        """Log the memory and the open files of all nodes that run."""
        for node in self._nodes:
            if node.pid is not None:
                pages = int(Path(f"/proc/{node.pid}/statm").read_text().split()[1])
                files = len(list(Path(f"/proc/{node.pid}/fd").iterdir()))
                self._log.add(ResourcesSeen(node=node.number, resident=pages * 4096, files=files))

    async def states(self) -> list[StateRead]:
        """Return the state that each node gives to readers, and the one that it gives to editors from the store."""
        found = await asyncio.gather(*(read(node) for node in self._nodes for read in (self._memory, self._store)))
        return list(found)

    async def _memory(self, node: ChaosNode) -> StateRead:
        state = StateRead(node=node.number, source="memory", cursor="0", status=0)
        more = True
        try:
            while more:
                address = f"{node.url}/blogs/{BLOG}/changes"
                answer = await self._http.get(address, params={"since": state.cursor}, timeout=READ_TIMEOUT_SECONDS)
                state.status = answer.status_code
                if answer.status_code != 200:
                    break
                update = answer.json()
                for item in [*update["entries"], *([update["header"]] if "header" in update else [])]:
                    state.items[item.get("id", "header")] = _row(item)
                state.cursor, more = update["cursor"], update.get("more", False)
        except httpx.HTTPError:
            state.status = 0
        return state

    async def _store(self, node: ChaosNode) -> StateRead:
        state = StateRead(node=node.number, source="store", cursor="", status=0)
        address: str | None = f"/api/blogs/{BLOG}/entries?limit=500"
        try:
            while address is not None:
                answer = await self._http.get(node.url + address, timeout=READ_TIMEOUT_SECONDS)
                state.status = answer.status_code
                if answer.status_code != 200:
                    break
                content = answer.json()
                state.items |= {item["id"]: _row(item) for item in content["entries"]}
                address = content.get("next")
        except httpx.HTTPError:
            state.status = 0
        return state


def is_settled(states: list[StateRead], cursors: set[str | None]) -> bool:
    """Return whether all nodes have one state, in memory and in the store, and all readers are at its cursor."""
    memory = [state for state in states if state.source == "memory"]
    stores = [state for state in states if state.source == "store"]
    visible = [{key: row for key, row in state.items.items() if row[0]} for state in stores]
    entries = [{key: row for key, row in state.items.items() if key != "header"} for state in memory]
    return (
        all(state.status == 200 for state in states)
        and len({state.cursor for state in memory}) == 1
        and cursors == {memory[0].cursor}
        and all(found == entries[0] for found in [*entries, *visible])
        and not count_scheduled(stores)
    )


def count_scheduled(states: list[StateRead]) -> int:
    """Return how many scheduled entries the states have, all together."""
    return sum(row[2] == "scheduled" for state in states for row in state.items.values())


def _row(item: dict[str, Any]) -> tuple[int, int, str, str]:
    return item.get("seq", 0), item.get("version", 0), item["status"], token_of(item)
