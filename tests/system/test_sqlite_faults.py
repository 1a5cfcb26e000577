"""A node on SQLite whose disk is full, or whose file is read, damaged or lost while it runs (P4, P5, P8)."""

from __future__ import annotations

import asyncio
import json
import resource
import shutil
import sqlite3
import statistics
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.conftest import StartNode
from tests.support.node import RunningNode, sqlite_url
from tests.system.test_readiness import LIMIT, seconds_until, status

ENTRIES = "/api/blogs/demo/entries"
SECRET = "a body that must go"
RETRACTIONS = 20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "blogs.db"


@pytest.fixture
async def node(start_node: StartNode, path: Path) -> RunningNode:
    node = await start_node(sqlite_url(path.parent))
    await node.make_blog("demo")
    return node


@pytest.fixture
async def editor(node: RunningNode) -> AsyncIterator[httpx.AsyncClient]:
    async with node.editor() as editor:
        yield editor


@pytest.fixture
async def reader(node: RunningNode) -> AsyncIterator[ClientConnection]:
    async with connect(f"{node.websocket_url}/blogs/demo/live") as reader:
        await reader.recv()
        yield reader


async def post(editor: httpx.AsyncClient, text: str = SECRET) -> str:
    answer = await editor.post(ENTRIES, json={"markdown": text})
    assert answer.status_code == 201, answer.text
    entry_id: str = answer.json()["id"]
    return entry_id


async def until_told(reader: ClientConnection, entry_id: str, status: str) -> None:
    """Wait until the reader knows that an entry has a status."""
    async with asyncio.timeout(LIMIT):
        while True:
            message: dict[str, Any] = json.loads(await reader.recv())
            if any(one["id"] == entry_id and one["status"] == status for one in message.get("entries", ())):
                return


async def seconds_to_retract(editor: httpx.AsyncClient, reader: ClientConnection) -> float:
    """Return the seconds of a retraction until a reader knows of it and nobody gets the body any more."""
    entry_id = await post(editor)
    began = time.monotonic()
    answer = await editor.delete(f"{ENTRIES}/{entry_id}")
    assert answer.status_code == 200, answer.text
    await until_told(reader, entry_id, "retracted")
    for surface in ("/blogs/demo", "/blogs/demo/changes", "/blogs/demo.atom", f"/blogs/demo/entries/{entry_id}"):
        assert SECRET not in (await editor.get(surface)).text
    return time.monotonic() - began


def is_on_disk(path: Path) -> bool:
    files = [file for file in path.parent.glob(f"{path.name}*") if file.is_file()]
    return any(SECRET.encode() in file.read_bytes() for file in files)


@contextmanager
def limited_files(node: RunningNode, size: int) -> Iterator[None]:
    """Let no file of a node grow beyond a size, as on a full disk."""
    before = resource.prlimit(node.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(node.pid, resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.prlimit(node.pid, resource.RLIMIT_FSIZE, before)


async def test_a_retraction_reaches_readers_though_the_file_cannot_grow(node, path, editor, reader, eventually, figure):
    long = [await post(editor, "long " * 20_000) for _ in range(20)]
    await editor.delete(f"{ENTRIES}/{long[0]}")  # empties the log into the file
    await post(editor, "news " * 20_000)  # more than the room that the retracted entry left
    await post(editor, "news " * 20_000)
    with limited_files(node, path.stat().st_size):
        times = [await seconds_to_retract(editor, reader) for _ in range(RETRACTIONS)]
        assert (await node.samples())["stoppress_store_errors_total", "erase"] > 0, "the file could grow"
        assert is_on_disk(path)
    assert statistics.median(times) < 1.0, "a busy machine may miss it now and then"

    async def is_gone() -> bool:
        return not is_on_disk(path)

    await eventually(is_gone)
    figure(f"P5, file cannot grow: {len(times)} retractions known after {max(times):.2f} s at most")


async def test_a_full_disk_turns_a_node_red_and_a_repeated_write_gets_through(node, path, editor, reader):
    entry = {"markdown": "news"}
    with limited_files(node, path.with_name("blogs.db-wal").stat().st_size):
        first = await editor.post(ENTRIES, json=entry, headers={"Idempotency-Key": "one"})
        assert first.status_code == 503
        await seconds_until(503, lambda: status(node))
    await seconds_until(200, lambda: status(node))
    again = await editor.post(ENTRIES, json=entry, headers={"Idempotency-Key": "one"})
    assert again.status_code == 201
    await until_told(reader, again.json()["id"], "published")


async def test_a_retraction_does_not_wait_for_a_backup(node, path, editor, reader, figure):
    await post(editor, "before")
    with closing(sqlite3.connect(path, isolation_level=None)) as backup:
        backup.execute("BEGIN")
        backup.execute("SELECT count(*) FROM items").fetchall()
        times = [await seconds_to_retract(editor, reader) for _ in range(RETRACTIONS)]
        assert await status(node) == 200
    assert statistics.median(times) < 1.0, "a busy machine may miss it now and then"
    figure(f"P5, backup running: {len(times)} retractions known after {max(times):.2f} s at most")


def overwrite_pages(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (path.stat().st_size - 4096))


def replace(path: Path) -> None:
    shutil.copy(path, path.with_name("copy"))
    path.with_name("copy").replace(path)


def lose_items(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other, other:
        assert other.execute("DELETE FROM items WHERE id != 'header'").rowcount > 0


FAULTS: dict[str, Callable[[Path], None]] = {
    "pages are damaged": overwrite_pages,
    "the file is deleted": Path.unlink,
    "the file is replaced": replace,
    "the log is deleted": lambda path: path.with_name(f"{path.name}-wal").unlink(),
    "items are lost": lose_items,
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_node_whose_file_is_lost_or_damaged_turns_red_and_takes_no_writes(node, path, editor, figure, fault):
    entries = [await post(editor, f"{number} " * 500) for number in range(50)]
    await editor.delete(f"{ENTRIES}/{entries[0]}")  # empties the log into the file
    assert await status(node) == 200
    FAULTS[fault](path)
    red = await seconds_until(503, lambda: status(node))
    figure(f"P8, SQLite, {fault}: /readyz red after {red:.1f} s")
    answer = await editor.post(ENTRIES, json={"markdown": "news"})
    assert answer.status_code == 503, answer.text
