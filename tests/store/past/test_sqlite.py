"""The past in the embedded store: how old acts go, and what its file has after an erasure."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stoppress.model import HEADER
from stoppress.store.accounts.port import RecordWrite
from stoppress.store.past import sqlite as past_sqlite
from stoppress.store.past.port import Act, Actor, Keep
from stoppress.store.port import Write
from stoppress.store.sqlite.store import SQLiteStore

RECORD = RecordWrite("session", "1", b"{}")
ACT = Act(who=Actor("key", "ann"), action="sign_in")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SQLiteStore]:
    store = SQLiteStore(tmp_path / "blogs.db", keep=Keep(audit_days=2))
    await store.open()
    yield store
    await store.close()


async def test_old_acts_are_not_shown_and_go_with_the_next_write(store: SQLiteStore, monkeypatch):
    monkeypatch.setattr(past_sqlite, "_REMOVE_EVERY", 4)
    now = time.time()
    for days_ago in (5, 4, 1):
        with monkeypatch.context() as patched:
            patched.setattr(time, "time", lambda at=now - days_ago * 86_400: at)
            await store.accounts.write([RECORD], ACT)
    assert len(await store.past.acts(None, limit=9)) == len(await store.past.acts(None, after="0", limit=9)) == 1
    for _ in range(2):
        await store.accounts.write([RECORD], ACT)
    assert store._db.execute("SELECT count(*) FROM audit").fetchone() == (3,)


async def test_of_many_acts_the_newest_are_kept(store: SQLiteStore, monkeypatch):
    monkeypatch.setattr(past_sqlite, "MAX_ACTS", 5)
    monkeypatch.setattr(past_sqlite, "_COUNT_EVERY", 10)
    for _ in range(31):
        await store.accounts.write([RECORD], ACT)
    assert len(await store.past.acts(None, limit=99)) == 5


async def test_ids_grow_and_times_are_right_also_after_the_clock_was_set_back(store: SQLiteStore, monkeypatch):
    ahead = time.time() + 9_000
    monkeypatch.setattr(time, "time", lambda: ahead)
    await store.accounts.write([RECORD], ACT)
    monkeypatch.undo()
    await store.accounts.write([RECORD], ACT)
    newest, before = await store.past.acts(None, limit=9)
    assert int(newest.id) == int(before.id) + 1
    assert newest.at < before.at


async def test_a_version_that_went_for_the_limit_is_in_no_file_after_a_retraction(tmp_path: Path):
    store = SQLiteStore(tmp_path / "blogs.db", keep=Keep(versions=1))
    await store.open()
    await store.commit("demo", [Write(HEADER, 0, b"{}"), Write("a", 0, b"secret 0")])
    for number in range(5):
        await store.commit("demo", [Write("a", number + 1, b"secret %d" % (number + 1) * 900)])
    await store.commit("demo", [Write("a", 6, b"gone", erase=True)])
    files = b"".join(path.read_bytes() for path in tmp_path.glob("blogs.db*"))  # noqa: ASYNC240
    await store.close()
    assert b"gone" in files and b"secret" not in files
