"""What is special about the embedded store: its file."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from stoppress.errors import StartError
from stoppress.model import HEADER
from stoppress.store.port import Once, Write
from stoppress.store.sqlite.schema import MIGRATIONS
from stoppress.store.sqlite.store import SQLiteStore

MAKE = Write(HEADER, 0, b"{}")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "blogs.db"


@pytest.fixture
def diary(path: Path) -> Path:
    path.write_bytes(b"a diary, not a database" * 100)
    return path


def modes(path: Path) -> list[int]:
    return [Path(f"{path}{end}").stat().st_mode & 0o777 for end in ("", "-wal", "-shm")]


async def test_other_users_cannot_read_a_new_file_and_an_old_one_stays_as_it_is(path: Path):
    for mode in (0o600, 0o640):
        async with opened(path) as store:
            await store.commit(f"blog-{mode}", [MAKE])
            assert modes(path) == [mode] * 3
        await asyncio.to_thread(path.chmod, 0o640)


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[SQLiteStore]:
    store = SQLiteStore(path)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def assert_refused(path: Path, reason: str) -> None:
    with pytest.raises(StartError, match=reason) as refusal:
        await SQLiteStore(path).open()
    assert "\n" not in str(refusal.value)


async def test_what_was_committed_is_there_when_the_file_is_opened_again(path: Path):
    async with opened(path) as store:
        change = await store.commit("karabakh", [MAKE, Write("a", 0, b"1")], Once("k", "f"))
    async with opened(path) as store:
        assert await store.read("karabakh") == change
        assert await store.recall("karabakh", Once("k", "f")) == change
        assert (await store.commit("karabakh", [Write("b", 0, b"2")])).after == change.cursor


async def test_a_second_process_on_the_same_file_is_refused(path: Path):
    program = (
        "import asyncio, pathlib, sys\n"
        "from stoppress.store.sqlite.store import SQLiteStore\n"
        "asyncio.run(SQLiteStore(pathlib.Path(sys.argv[1])).open())\n"
    )
    async with opened(path):
        other = subprocess.run(  # noqa: ASYNC221, nothing else runs in this test
            [sys.executable, "-c", program, str(path)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
        )
    assert "StartError" in other.stderr
    assert "in use by another stoppress; stop that, or use another file with --store" in other.stderr


def test_a_path_that_cannot_be_a_store_is_named_and_what_is_there_left_alone(diary: Path, tmp_path: Path):
    before = diary.read_bytes()
    for path in (diary, diary, tmp_path, tmp_path / "nowhere" / "blogs.db"):
        asyncio.run(assert_refused(path, f"cannot write to the store {path}"))
    assert diary.read_bytes() == before


async def test_a_file_of_a_newer_stoppress_is_refused(path: Path):
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version={len(MIGRATIONS) + 1}")
    await assert_refused(path, "a newer stoppress wrote")


async def test_a_file_of_schema_0_is_migrated(path: Path):
    with closing(sqlite3.connect(path)) as db:
        db.execute("VACUUM")  # makes a valid file without any table
        assert db.execute("PRAGMA user_version").fetchone() == (0,)
    async with opened(path) as store:
        await store.commit("karabakh", [MAKE])
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
