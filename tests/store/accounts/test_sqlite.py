"""Accounts in the embedded store: a file of the version before, and damage."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from stoppress.errors import StartError, StoreUnavailable
from stoppress.model import HEADER
from stoppress.store.accounts.port import Record, RecordWrite
from stoppress.store.port import Write
from stoppress.store.sqlite import copies
from stoppress.store.sqlite.store import SQLiteStore

ANN = RecordWrite("key", "ann", b'{"role":"editor"}')


async def opened(path: Path) -> SQLiteStore:
    store = SQLiteStore(path)
    await store.open()
    return store


async def with_a_record(path: Path) -> Path:
    store = await opened(path)
    await store.commit("demo", [Write(HEADER, 0, b"{}")])
    await store.accounts.write([ANN])
    await store.close()
    return path


async def test_a_file_without_records_gets_their_tables(tmp_path: Path):
    path = await with_a_record(tmp_path / "blogs.db")
    with closing(sqlite3.connect(path)) as db:
        db.executescript("DROP TABLE records; PRAGMA user_version=3")
    store = await opened(path)
    assert await store.blogs() == ["demo"]
    assert await store.accounts.records("key") == []
    assert await store.accounts.write([ANN]) == [1]
    assert (await store.accounts.count("a", 60)).events == 1
    await store.close()


async def test_counters_are_bounded_and_do_not_write_to_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("stoppress.store.accounts.sqlite._MAX_COUNTERS", 3)
    store = await opened(tmp_path / "blogs.db")
    before = (tmp_path / "blogs.db-wal").stat()
    for name in "abcdea":
        await store.accounts.count(name, 60)
    counted = [(await store.accounts.count(name, 60, 0)).events for name in "abcde"]
    assert counted == [1, 0, 0, 1, 1]
    assert (tmp_path / "blogs.db-wal").stat() == before
    await store.close()


async def test_a_changed_record_is_found(tmp_path: Path):
    path = await with_a_record(tmp_path / "blogs.db")
    store = await opened(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute('UPDATE records SET body=CAST(\'{"role":"admin"}\' AS BLOB)')
        db.commit()
    with pytest.raises(StoreUnavailable, match="Record key/ann is not as it was written"):
        await store.accounts.get("key", "ann")
    await store.close()
    with pytest.raises(StartError, match="the record key/ann is not as it was written"):
        await opened(path)


async def test_a_backup_has_the_records(tmp_path: Path):
    path = await with_a_record(tmp_path / "blogs.db")
    copies.back_up(path, tmp_path / "backup.db")
    copies.restore(tmp_path / "backup.db", tmp_path / "new.db")
    store = await opened(tmp_path / "new.db")
    assert await store.accounts.get("key", "ann") == Record("ann", 1, b'{"role":"editor"}')
    await store.close()
