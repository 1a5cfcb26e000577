"""What is special about the embedded store: its file."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pytest

from stoppress.errors import BlogNotFound, StartError, StoreUnavailable
from stoppress.model import HEADER, Item, Segment
from stoppress.store.accounts.port import RecordWrite
from stoppress.store.past.port import Act, Actor
from stoppress.store.port import Once, Write
from stoppress.store.sqlite import schema
from stoppress.store.sqlite import store as store_module
from stoppress.store.sqlite.schema import MIGRATIONS
from stoppress.store.sqlite.store import SQLiteStore
from tests.conftest import Eventually

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


class FailingConnection(sqlite3.Connection):
    """A connection whose commits report an error, before or after they are done, as a disk may."""

    fails = ""

    def __exit__(self, *error: Any) -> Literal[False]:
        if self.fails == "before" and error[0] is None:
            self.rollback()
        super().__exit__(*error)
        if self.fails and error[0] is None:
            raise sqlite3.OperationalError("disk I/O error")
        return False


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> type[FailingConnection]:
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=FailingConnection))
    monkeypatch.setattr(FailingConnection, "fails", "")
    return FailingConnection


WRITES = {
    "a visible item": [Write("a", 0, b"{}")],
    "a draft": [Write("a", 0, b"{}", visible=False)],
    "the removal of a draft": [Write("draft", 1, None, visible=False)],
}


@pytest.mark.parametrize("writes", WRITES.values(), ids=WRITES)
async def test_a_commit_that_fails_when_it_is_done_is_done(path: Path, failing, writes):
    async with opened(path) as store:
        await store.commit("karabakh", [MAKE, Write("draft", 0, b"{}", visible=False)])
        failing.fails = "after"
        change = await store.commit("karabakh", writes, Once("k", "f"))
        failing.fails = ""
        assert await store.heads(["karabakh"]) == [change.cursor]
        assert await store.recall("karabakh", Once("k", "f")) == change


@pytest.mark.parametrize("writes", WRITES.values(), ids=WRITES)
async def test_a_commit_that_fails_before_it_is_done_has_written_nothing(path: Path, failing, writes):
    async with opened(path) as store:
        made = await store.commit("karabakh", [MAKE, Write("draft", 0, b"{}", visible=False)])
        failing.fails = "before"
        for work in (lambda: store.commit("karabakh", writes, Once("k", "f")), lambda: store.delete("karabakh")):
            with pytest.raises(StoreUnavailable, match="disk I/O error"):
                await work()
        failing.fails = ""
        assert await store.heads(["karabakh"]) == [made.cursor]
        assert [item.id for item in await store.drafts("karabakh")] == ["draft"]
        assert await store.recall("karabakh", Once("k", "f")) is None


async def test_a_deletion_that_fails_when_it_is_done_is_done(path: Path, failing):
    async with opened(path) as store:
        await store.commit("karabakh", [MAKE])
        failing.fails = "after"
        await store.delete("karabakh")
        failing.fails = ""
        with pytest.raises(BlogNotFound):
            await store.read("karabakh")


@pytest.mark.parametrize("write", [RecordWrite("key", "ann", b"2"), RecordWrite("key", "nobody", None)])
@pytest.mark.parametrize("fails", ["before", "after"])
async def test_a_record_and_its_act_are_written_both_or_not_at_all(path: Path, failing, write: RecordWrite, fails: str):
    act = Act(who=Actor("key", "root"), action="revoke_key")
    async with opened(path) as store:
        await store.accounts.write([RecordWrite("key", "ann", b"1")])
        failing.fails = fails
        if fails == "before":
            with pytest.raises(StoreUnavailable, match="disk I/O error"):
                await store.accounts.write([write], act)
        else:
            await store.accounts.write([write], act)
        failing.fails = ""
        is_written = fails == "after"
        assert len(await store.past.acts(None, limit=9)) == is_written
        ann = await store.accounts.get("key", "ann")
        assert ann and ann.body == (write.body if is_written and write.body else b"1")


SECRET = b"a body that must go"


def on_disk(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))


@pytest.mark.parametrize("how", ["retracted", "deleted", "restored"])
async def test_an_erased_body_leaves_the_log_as_soon_as_other_programs_let_it(
    path: Path, monkeypatch, eventually: Eventually, how: str
):
    monkeypatch.setattr(store_module, "ERASE_SECONDS", 0.01)
    for module in (schema, store_module):  # whatever waits for the other program does not end in time
        monkeypatch.setattr(module, "BUSY_SECONDS", 300.0)
    errors: list[str] = []

    async def is_gone() -> bool:
        return SECRET not in on_disk(path)

    store = SQLiteStore(path, errors.append)
    await store.open()
    change = await store.commit("karabakh", [MAKE, Write("a", 0, SECRET)])
    with closing(sqlite3.connect(path, isolation_level=None)) as backup:
        backup.execute("BEGIN")
        backup.execute("SELECT count(*) FROM items").fetchall()
        async with asyncio.timeout(30):
            if how == "retracted":
                await store.commit("karabakh", [Write("a", 1, b"gone", erase=True)])
            elif how == "deleted":
                await store.delete("karabakh")
            else:
                lost = Segment(change.cursor, ("tag",), (Item("a", 3, 2, b"gone"),))
                await store.restore("karabakh", change.cursor, lost, ["a"])
            await store.commit("other", [MAKE])
            await store.ping()
        assert not await is_gone()
        assert set(errors) == {"erase"}
    await eventually(is_gone)
    await store.close()


async def test_a_body_that_could_not_be_erased_before_a_kill_is_erased_by_the_next_start(path: Path):
    killed = path.with_name("killed.db")
    async with opened(path) as store:
        await store.commit("karabakh", [MAKE, Write("a", 0, SECRET)])
        with closing(sqlite3.connect(path, isolation_level=None)) as backup:
            backup.execute("BEGIN")
            backup.execute("SELECT count(*) FROM items").fetchall()
            await store.commit("karabakh", [Write("a", 1, b"gone", erase=True)])
            for end in ("", "-wal"):
                shutil.copy(f"{path}{end}", f"{killed}{end}")
    assert SECRET in on_disk(killed)
    async with opened(killed):
        assert SECRET not in on_disk(killed)


async def test_a_store_that_another_program_writes_to_answers_reads(path: Path):
    async with opened(path) as store:
        made = await store.commit("karabakh", [MAKE])
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert await store.read("karabakh") == made
            with pytest.raises(StoreUnavailable, match="locked"):
                await store.commit("karabakh", [Write("a", 0, b"{}")])
        await store.commit("karabakh", [Write("a", 0, b"{}")])
