"""Damage to the files of the embedded store: it is refused at the start, and found while a node runs."""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from stoppress.errors import StartError, StoreUnavailable
from stoppress.model import HEADER, Segment
from stoppress.store.past.port import Act, Actor
from stoppress.store.port import Once, Write
from stoppress.store.sqlite import copies, store
from stoppress.store.sqlite.store import SQLiteStore

PAGE = 4096
PAGE_TYPES = {"index inner": 2, "table inner": 5, "index leaf": 10, "table leaf": 13, "overflow": 0}

WAL_HEADER, FRAME = 32, 24 + PAGE


class Stores:
    """The files of one store: after a clean stop without a free page, and as `kill -9` leaves them."""

    def __init__(self, folder: Path) -> None:
        self.clean, self.killed, self.older = folder / "clean.db", folder / "killed.db", folder / "older.db"
        self.state: dict[Path, Segment] = {}

    async def make(self) -> Stores:
        path = self.killed.with_name("running.db")
        running = SQLiteStore(path)
        await running.open()
        await running.commit("demo", [Write(HEADER, 0, b'{"headline":"A"}')])
        for number in range(300):
            body = b'{"text":"' + random.Random(number).randbytes(9_000 if number % 40 == 0 else 300).hex().encode()
            await running.commit("demo", [Write(f"entry-{number:04}", 0, body)], Once(f"key-{number}", "f" * 64))
        edit = Act(who=Actor("key", "ann"), action="edit", blog="demo", item="entry-0001")
        await running.commit("demo", [Write("entry-0001", 1, b'{"text":"edited"}')], None, edit)
        copies.back_up(path, self.clean)
        for number in range(20):
            await running.commit("demo", [Write(f"late-{number}", 0, b'{"text":"late"}')])
        for end in ("", "-wal"):
            shutil.copy(f"{path}{end}", f"{self.killed}{end}")
        self.state[self.killed] = await running.read("demo")
        await running.close()
        return self


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Stores:
    return asyncio.run(Stores(tmp_path_factory.mktemp("stores")).make())


def overwrite(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


def page_of(kind: str, at: int, data: bytes = b"\xa5" * 40) -> Callable[[Path], None]:
    """Overwrite some bytes of a page of a kind in the middle of the file."""

    def damage(path: Path) -> None:
        whole = path.read_bytes()
        pages = [page for page in range(PAGE, len(whole), PAGE) if whole[page] == PAGE_TYPES[kind]]
        assert pages, f"the store has no {kind} page"
        overwrite(path, pages[len(pages) // 2] + at, data)

    return damage


def at(offset: int, data: bytes) -> Callable[[Path], None]:
    return lambda path: overwrite(path, offset, data)


def cut(share: float) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        whole = path.read_bytes()
        path.write_bytes(whole[: int(len(whole) * share)])

    return damage


def row(statement: str) -> Callable[[Path], None]:
    """Change what SQLite itself cannot check."""

    def damage(path: Path) -> None:
        with closing(sqlite3.connect(path)) as db, db:
            db.execute(statement)

    return damage


def flip_a_byte_of_a_body(path: Path) -> None:
    at = path.read_bytes().index(b'{"text":"') + 100
    overwrite(path, at, bytes([path.read_bytes()[at] ^ 1]))


def in_log(at: int, data: bytes) -> Callable[[Path], None]:
    return lambda path: overwrite(path.with_name(f"{path.name}-wal"), at, data)


CLEAN: dict[str, Callable[[Path], None]] = {
    "the magic text": at(0, b"SQLite garbage 3"),
    "the page size": at(16, b"\x07\x07"),
    "the whole header": at(0, bytes(100)),
    "the version of the schema": at(60, b"\0\0\0\1"),
    "the schema page": at(PAGE - 300, b"\xa5" * 40),
    "an inner page of a table": page_of("table inner", 0),
    "the pointers in an inner page of a table": page_of("table inner", 12),
    "an inner page of an index": page_of("index inner", 0),
    "the keys in an inner page of an index": page_of("index inner", PAGE - 20, b"x"),
    "a leaf page of a table": page_of("table leaf", 1),
    "the pointers in a leaf page of a table": page_of("table leaf", 8),
    "a leaf page of an index": page_of("index leaf", 3),
    "the keys in a leaf page of an index": page_of("index leaf", PAGE - 20, b"x"),
    "the pointer of an overflow page": page_of("overflow", 0, b"\0\7\7\7"),
    "the content of an overflow page": page_of("overflow", 2_000, b"!"),
    "a byte of a body": flip_a_byte_of_a_body,
    "a page full of zeros": page_of("table leaf", 0, bytes(PAGE)),
    "a file without its second half": cut(0.5),
    "a file without its last bytes": cut(0.999),
    "an item that is gone": row("DELETE FROM items WHERE id='entry-0007'"),
    "a changed tag": row("UPDATE tags SET tag='aaaaaaaaaaaaa' WHERE seq=9"),
    "an earlier head": row("UPDATE blogs SET seq=9, tag=(SELECT tag FROM tags WHERE seq=9)"),
    "a blog without its row": row("DELETE FROM blogs"),
    "an act": row("UPDATE audit SET act=replace(act, 'ann', 'bob')"),
    "the time of an act": row("UPDATE audit SET at=at-1"),
    "the body of an earlier version": row("UPDATE versions SET body='{}' WHERE body NOT NULL"),
    "the author of a version": row('UPDATE versions SET who=\'{"kind":"key","name":"bob"}\''),
    "a remembered answer": row("UPDATE answers SET fingerprint='g' WHERE key='key-7'"),
}
"""Damage to the file of a node that was stopped."""

KILLED: dict[str, Callable[[Path], None]] = {
    "an empty file with a log": cut(0),
    "a log full of garbage": in_log(0, random.Random(1).randbytes(50_000)),
    "a log with a damaged header": in_log(14, b"!"),
    "a damaged page in the log": in_log(WAL_HEADER + FRAME + 500, b"\xa5"),
    "a damaged frame in the log": in_log(WAL_HEADER + FRAME + 8, b"\xa5" * 8),
}
"""Damage to the files of a node that was killed."""


async def start(path: Path) -> str:
    """Start and stop a store. Return why it does not start; empty if it does."""
    store = SQLiteStore(path)
    try:
        await store.open()
    except StartError as error:
        return str(error)
    await store.close()
    return ""


async def test_a_damaged_file_is_refused_and_left_as_it_is(stores: Stores, tmp_path, figure):
    for place, damage in (CLEAN | KILLED).items():
        folder = tmp_path / place
        folder.mkdir()
        path = folder / "blogs.db"
        source = stores.clean if place in CLEAN else stores.killed
        for file in source.parent.glob(f"{source.name}*"):
            shutil.copy(file, folder / file.name.replace(source.name, path.name))
        assert await start(path) == "", "it is whole"
        for file in source.parent.glob(f"{source.name}*"):
            shutil.copy(file, folder / file.name.replace(source.name, path.name))
        damage(path)
        before = {file.name: file.read_bytes() for file in folder.glob("blogs.db*")}
        refused = await start(path)
        assert f"cannot write to the store {path}: it is damaged" in refused, place
        assert "restore a backup with `stoppress restore FILE`" in refused
        assert {name: (folder / name).read_bytes() for name in before} == before
        with pytest.raises(StartError) as found:
            SQLiteStore(path).check()
        assert str(found.value) == refused, "the doctor says something else"
    figure(f"damaged places of an SQLite store refused at the start: {len(CLEAN | KILLED)} of {len(CLEAN | KILLED)}")


@pytest.mark.parametrize("left", [-1, -FRAME + 100, -FRAME])
async def test_an_incomplete_last_write_is_not_damage(stores: Stores, tmp_path, left):
    path, log = tmp_path / "blogs.db", tmp_path / "blogs.db-wal"
    shutil.copy(stores.killed, path)
    log.write_bytes(stores.killed.with_name("killed.db-wal").read_bytes()[:left])
    opened = SQLiteStore(path)
    await opened.open()
    state = await opened.read("demo")
    await opened.close()
    whole = stores.state[stores.killed]
    assert state.cursor.seq >= whole.cursor.seq - 1
    assert state.tags == whole.tags[: len(state.tags)]


async def test_the_log_of_a_killed_node_over_an_older_backup_is_refused(stores: Stores, tmp_path):
    path = tmp_path / "blogs.db"
    shutil.copy(stores.clean, path)
    shutil.copy(stores.killed.with_name("killed.db-wal"), tmp_path / "blogs.db-wal")
    with pytest.raises(StartError, match="damaged"):
        await SQLiteStore(path).open()


async def test_a_file_that_was_cut_to_nothing_is_refused_and_a_new_empty_one_is_not(tmp_path):
    path = tmp_path / "blogs.db"
    path.touch()
    for _ in range(2):
        opened = SQLiteStore(path)
        await opened.open()
        await opened.close()
    for lose in (lambda: path.write_bytes(b""), path.unlink):
        lose()
        with pytest.raises(StartError, match="it had blogs and has none; to start with none, delete"):
            await SQLiteStore(path).open()
    path.with_name("blogs.db.lock").unlink()
    assert await start(path) == ""


@pytest.mark.parametrize(
    "place", ["a leaf page of a table", "a byte of a body", "an item that is gone", "a changed tag"]
)
async def test_damage_while_a_node_runs_stops_writes_until_a_check_passes(stores: Stores, tmp_path, monkeypatch, place):
    monkeypatch.setattr(store, "CHECK_AGAIN_SECONDS", 0.0)
    path = tmp_path / "blogs.db"
    shutil.copy(stores.clean, path)
    opened = SQLiteStore(path)
    await opened.open()
    try:
        await opened.ping()
        await opened.read("demo")
        CLEAN[place](path)
        for work in (opened.ping, lambda: opened.commit("demo", [Write("new", 0, b"{}")]), opened.ping):
            with pytest.raises(StoreUnavailable, match="damaged"):
                await work()
        if place == "a byte of a body":
            flip_a_byte_of_a_body(path)  # as it was
            await opened.ping()
            await opened.commit("demo", [Write("new", 0, b"{}")])
    finally:
        await opened.close()


async def test_a_check_that_passes_after_work_of_another_program_changes_nothing(tmp_path):
    path = tmp_path / "blogs.db"
    opened = SQLiteStore(path)
    await opened.open()
    await opened.commit("demo", [Write(HEADER, 0, b"{}")])
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    await opened.ping()
    await opened.commit("demo", [Write("a", 0, b"{}")])
    await opened.close()


@pytest.mark.parametrize("how", ["deleted", "replaced", "log deleted"])
async def test_a_file_that_is_not_the_open_one_takes_no_writes(tmp_path, how):
    path = tmp_path / "blogs.db"
    opened = SQLiteStore(path)
    await opened.open()
    made = await opened.commit("demo", [Write(HEADER, 0, b"{}")])
    lost = path.with_name("blogs.db-wal") if how == "log deleted" else path
    kept = lost.rename(tmp_path / "kept")
    if how == "replaced":
        shutil.copy(kept, path)
    for work in (opened.ping, lambda: opened.commit("demo", [Write("a", 0, b"{}")]), lambda: opened.delete("demo")):
        with pytest.raises(StoreUnavailable, match="deleted, moved or replaced while the node was running"):
            await work()
    kept.rename(lost)
    await opened.ping()
    assert await opened.read("demo") == made
    await opened.close()
