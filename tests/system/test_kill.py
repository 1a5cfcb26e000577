"""kill -9 between any two steps of a publish: what was answered is there after the restart (P4)."""

from __future__ import annotations

import asyncio
import random
import signal
from functools import partial
from pathlib import Path

import httpx
import pytest

from stoppress.model import HEADER, Segment
from stoppress.store.sqlite.store import SQLiteStore
from tests.support.killed_server import serve
from tests.support.node import KEY, RunningNode, sqlite_url
from tests.support.warm import WarmProcess

KILLS, AT_ONCE = 100, 4

LINES_OF_A_PUBLISH = 3_000
"""More than a publish takes; kills beyond its end hit the next one."""


async def publish_until_it_dies(store: str, lines: int) -> list[str]:
    """Return the ids of the entries that were answered with 201 before the server was killed."""
    server = WarmProcess(partial(serve, store, lines), {"STOPPRESS_KEYS": f"tests:editor:{KEY}"})
    url = await server.line()
    answered: list[str] = []
    try:
        async with httpx.AsyncClient(
            base_url=url, headers={"authorization": f"Bearer {KEY}"}, timeout=30, trust_env=False, verify=False
        ) as editor:
            while True:
                answer = await editor.post("/api/blogs/demo/entries", json={"markdown": "x", "pinned": True})
                assert answer.status_code == 201, answer.text
                answered.append(answer.json()["id"])
    except httpx.TransportError:
        pass
    assert await server.ended() == -signal.SIGKILL
    return answered


async def reopen(path: Path) -> Segment:
    store = SQLiteStore(path)
    await store.open()
    segment = await store.read("demo")
    await store.close()
    return segment


def check(segment: Segment, answered: list[str]) -> int:
    """The state is whole, and has every answered entry. Returns how many unanswered entries were stored too."""
    seqs = [item.seq for item in segment.items]
    assert seqs == sorted(set(seqs)), "two items share a seq"
    assert max(seqs) == segment.cursor.seq, "the newest change belongs to no item"
    entries = {item.id for item in segment.items} - {HEADER}
    assert set(answered) <= entries, f"lost: {set(answered) - entries}"
    return len(entries) - len(answered)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_every_answered_write_survives_a_kill_at_any_line(tmp_path, figure):
    rng = random.Random(9)
    template = tmp_path / "template"
    template.mkdir()
    async with RunningNode(sqlite_url(template)) as node:
        await node.make_blog("demo")
    whole = (template / "blogs.db").read_bytes()
    kills = [(number, rng.randrange(1, 2 * LINES_OF_A_PUBLISH)) for number in range(KILLS)]

    async def share(first: int) -> list[tuple[int, int]]:
        results = []
        for number, lines in kills[first::AT_ONCE]:
            path = tmp_path / f"{number}.db"
            path.write_bytes(whole)
            answered = await publish_until_it_dies(f"sqlite:{path}", lines)
            results.append((len(answered), check(await reopen(path), answered)))
        return results

    shares = await asyncio.gather(*(share(first) for first in range(AT_ONCE)))
    results = [result for one in shares for result in one]
    assert len(results) == KILLS
    answered, unanswered = (sum(column) for column in zip(*results, strict=True))
    figure(f"{KILLS} kills within a publish: {answered} answered writes, lost 0; {unanswered} unanswered were kept")
    assert answered > KILLS // 5, "the kills came too early to say anything"
    assert unanswered > 0, "no kill came between the commit and the answer"


async def test_a_killed_server_starts_again_and_goes_on(start_node):
    node = await start_node()
    await node.make_blog("demo")
    async with node.editor() as editor:
        first = await editor.post("/api/blogs/demo/entries", json={"markdown": "before"})
        await node.stop(signal.SIGKILL)
        await node.start()
        second = await editor.post("/api/blogs/demo/entries", json={"markdown": "after"})
        page = (await editor.get("/blogs/demo/changes", params={"since": first.headers["stoppress-cursor"]})).json()
    assert [entry["id"] for entry in page["entries"]] == [second.json()["id"]]
