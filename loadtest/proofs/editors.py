"""Many editors on one blog over two nodes, who change the same entries all the time: no change is lost."""

from __future__ import annotations

import asyncio
import random
import re
import tempfile
import time
import uuid
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx

from loadtest.ports import free_port
from loadtest.proofs.rolling import program
from loadtest.server import KEY, NodeProcess
from tests.support.desk import DeskView, open_desk

EDITORS = 20
ENTRIES = 5
"""Few entries, so that editors get in each other's way."""

PRESENCE_SECONDS = 10.0
"""Time between two reports of a desk that is open."""

GONE_SECONDS = 30.0
"""Time after which somebody who does not report is gone."""

MAX_TRIES = 50
"""Tries of one change: each one loses only if a colleague's wins."""

BLOG = "demo"


class MarkingEditor:
    """One editor with an open desk, who adds a mark to entries and never overwrites another's."""

    def __init__(self, number: int, http: httpx.AsyncClient, desk: DeskView, seed: int) -> None:
        self.tab = f"tab-of-editor-{number:04}"
        self.done: list[tuple[str, str]] = []
        """The entry and the mark of each change that was answered."""
        self.conflicts = 0
        self.desk = desk
        self._number = number
        self._http = http
        self._random = random.Random(seed + number)  # noqa: S311
        self._marks = 0

    async def edit(self) -> None:
        """Add a mark to a random entry, as the desk shows it; after a conflict, to the newer version."""
        shown = self._random.choice(
            [one for one in self.desk.entries.values() if one["entry"]["status"] == "published"]
        )
        entry, version = shown["entry"], shown["version"]
        self._marks += 1
        mark = f"[{self._number}-{self._marks}]"
        for _ in range(MAX_TRIES):
            headers = {"if-match": f'"{version}"', "idempotency-key": str(uuid.uuid4())}
            form = {"markdown": f"{entry.get('markdown', '')} {mark}"}
            answer = await self._http.patch(f"/api/blogs/{BLOG}/entries/{entry['id']}", json=form, headers=headers)
            if answer.status_code != 412:
                answer.raise_for_status()
                self.done.append((entry["id"], mark))
                return
            self.conflicts += 1
            entry, version = answer.json()["entry"], answer.headers["etag"].strip('"')
        raise AssertionError(f"{mark} lost {MAX_TRIES} times")

    async def work(self, rate: float, end: float) -> None:
        """Edit at a rate, at random times, until a time by `time.monotonic`."""
        while time.monotonic() < end:
            await asyncio.sleep(self._random.expovariate(rate))
            await self.edit()

    async def be_there(self) -> None:
        """Report until cancelled, as an open desk does."""
        while True:
            body = {"tab": self.tab, "editing": "new"}
            (await self._http.put(f"/api/blogs/{BLOG}/presence", json=body)).raise_for_status()
            await asyncio.sleep(PRESENCE_SECONDS)


async def editors(seconds: float = 60.0, rate: float = 10.0, count: int = EDITORS) -> bool:
    """Play it, print what was found, and return whether nothing was lost and everybody saw the same.

    Args:
        seconds: how long they edit.
        rate: edits a second, of all together.
        count: how many editors.
    """
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = free_port()
        arguments = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder))
        await stack.enter_async_context(program("redis-server", *arguments, port=port))
        nodes = [NodeProcess(folder, STOPPRESS_STORE=f"redis://127.0.0.1:{port}/0") for _ in range(2)]
        for node in nodes:
            await stack.enter_async_context(node)
        first = await stack.enter_async_context(_client(nodes[0]))
        await _fill(first)
        staff = [await _hire(stack, nodes[number % 2], number) for number in range(count)]
        presence = [asyncio.create_task(one.be_there()) for one in staff]
        begin = time.monotonic()
        await asyncio.gather(*(one.work(rate / count, begin + seconds) for one in staff))
        took = time.monotonic() - begin
        lost, differing = await _compare(first, staff)
        is_presence_right = await _presence(staff, presence)
    done, conflicts = sum(len(one.done) for one in staff), sum(one.conflicts for one in staff)
    print(f"{count} editors on 2 nodes: {done:,} edits in {took:.0f} s, {conflicts:,} conflicts, {len(lost)} lost")
    print(
        f"timelines that differ from the server's: {differing}; presence: {'right' if is_presence_right else 'WRONG'}"
    )
    return not lost and not differing and is_presence_right


def _client(node: NodeProcess) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=node.url, headers={"authorization": f"Bearer {KEY}"}, timeout=60, trust_env=False)


async def _fill(http: httpx.AsyncClient) -> None:
    (await http.put(f"/api/blogs/{BLOG}", json={"headline": "Demo"})).raise_for_status()
    for number in range(ENTRIES):
        form = {"markdown": f"Entry {number}:"}
        (await http.post(f"/api/blogs/{BLOG}/entries", json=form)).raise_for_status()


async def _hire(stack: AsyncExitStack, node: NodeProcess, number: int) -> MarkingEditor:
    http = await stack.enter_async_context(_client(node))
    desk = await stack.enter_async_context(open_desk(http, BLOG))
    return MarkingEditor(number, http, desk, seed=1)


async def _compare(http: httpx.AsyncClient, staff: list[MarkingEditor]) -> tuple[list[str], int]:
    """Return the marks that are not in their entries exactly once, and the number of desks that show something else."""
    entries = await _entries(http)
    marks = {entry_id: re.findall(r"\[\d+-\d+\]", entry["markdown"]) for entry_id, entry in entries.items()}
    lost = [mark for one in staff for entry_id, mark in one.done if marks[entry_id].count(mark) != 1]
    differing = 0
    for one in staff:
        try:
            async with asyncio.timeout(GONE_SECONDS):
                await one.desk.until(lambda desk: _shown(desk) == {key: one["version"] for key, one in entries.items()})
        except TimeoutError:
            differing += 1
        shown = {key: value["entry"].get("markdown") for key, value in one.desk.entries.items()}
        differing += shown != {key: entry["markdown"] for key, entry in entries.items()}
    return lost, differing


def _shown(desk: DeskView) -> dict[str, int]:
    return {key: value["version"] for key, value in desk.entries.items()}


async def _entries(http: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    answer = await http.get(f"/api/blogs/{BLOG}/entries", params={"limit": 500})
    return {entry["id"]: entry for entry in answer.raise_for_status().json()["entries"]}


async def _presence(staff: list[MarkingEditor], reports: list[asyncio.Task[None]]) -> bool:
    """Return whether all desks show who is there, also after some have gone without a word."""
    everybody = {one.tab for one in staff}
    stays = {one.tab for one in staff[::2]}
    is_right = await _until_present(staff, everybody)
    for one, report in zip(staff, reports, strict=True):
        if one.tab not in stays:
            report.cancel()
    is_right = await _until_present(staff, stays) and is_right
    for report in reports:
        report.cancel()
    await asyncio.gather(*reports, return_exceptions=True)
    return is_right


async def _until_present(staff: list[MarkingEditor], tabs: set[str]) -> bool:
    """Return whether all desks show these tabs, and no others, within the time after which somebody counts as gone."""
    end = time.monotonic() + GONE_SECONDS + PRESENCE_SECONDS
    while time.monotonic() < end:
        if all({person["tab"] for person in one.desk.people} == tabs for one in staff):
            return True
        await asyncio.sleep(0.2)
    return False
