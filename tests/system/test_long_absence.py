"""A reader who returns after ten thousand changes gets what differs, not what happened."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import httpx
import msgspec
import pytest

from stoppress.model import HEADER, Cursor
from stoppress.store.port import Write
from stoppress.store.sqlite.store import SQLiteStore
from tests.support.client import Client
from tests.support.history import entry, header
from tests.support.surfaces import SURFACES, Session, Surface

ENTRIES, CHANGES = 300, 10_000


def write(number: int, version: int) -> Write:
    content = entry(number, f"2026-01-01T00:{number // 60:02d}:{number % 60:02d}.000Z", f"text {version} " * 60)
    return Write(content.id, version - 1, msgspec.json.encode(content))


async def write_a_long_history(path: Path) -> Cursor:
    """A blog of `ENTRIES`, then `CHANGES` edits of all but the last. Returns the cursor between the two."""
    store = SQLiteStore(path)
    await store.open()
    await store.commit("demo", [Write(HEADER, 0, msgspec.json.encode(header()))])
    before = await store.commit("demo", [write(number, 1) for number in range(ENTRIES)])
    versions = [1] * ENTRIES
    for begin in range(0, CHANGES, 500):
        edits = []
        for number in (change % (ENTRIES - 1) for change in range(begin, begin + 500)):
            versions[number] += 1
            edits.append(write(number, versions[number]))
        await store.commit("demo", edits)
    await store.close()
    return before.cursor


@pytest.fixture
async def returned_to(start_node, tmp_path):
    since = await write_a_long_history(tmp_path / "blogs.db")
    return await start_node(), since


def known_at(since: Cursor) -> Client:
    client = Client()
    client.cursor, client.header = str(since), {"seq": 1}
    for number in range(ENTRIES):
        shown = entry(number, f"2026-01-01T00:{number // 60:02d}:{number % 60:02d}.000Z")
        client.shown[shown.id] = {**msgspec.to_builtins(shown), "seq": number + 2, "version": 1}
    return client


async def test_it_gets_each_differing_entry_once_over_every_surface(returned_to, figure):
    node, since = returned_to
    for surface in SURFACES:
        client = known_at(since)
        await catch_up(surface, node, client)
        assert client.cursor is not None
        assert Cursor.parse(client.cursor).seq == 1 + ENTRIES + CHANGES
        assert client.resets == 0
        assert len(client.applied) == ENTRIES - 1, "the entry that nobody changed was not sent"
        newest = {entry_id: shown["version"] for entry_id, shown in client.shown.items()}
        assert set(newest.values()) == {1, 34, 35}
        assert sum(newest.values()) == ENTRIES + CHANGES
    figure(
        f"a cursor {CHANGES} changes old, {ENTRIES} entries: {ENTRIES - 1} entries sent, each once, "
        f"on each of {len(SURFACES)} surfaces; resets 0"
    )


async def catch_up(surface: Surface, node, client: Client) -> None:
    before = client.cursor
    async with httpx.AsyncClient(timeout=30, trust_env=False, verify=False) as http, asyncio.timeout(30):
        while client.cursor == before:
            with suppress(TimeoutError):
                await surface(Session(node, "demo", client, http, 1))
