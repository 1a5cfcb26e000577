"""Backups of the embedded store, and their return."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from stoppress.errors import StartError
from stoppress.model import HEADER, Segment
from stoppress.store.past.port import Act, Actor
from stoppress.store.port import Write
from stoppress.store.sqlite import copies, files
from stoppress.store.sqlite.schema import MIGRATIONS
from stoppress.store.sqlite.store import SQLiteStore
from tests.store.test_versions import VERSIONS

MAKE = Write(HEADER, 0, b"{}")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "blogs.db"


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups" / "nightly.db"


async def state_of(path: Path, *writes: Write) -> Segment:
    """Open a store, write to it, close it, and return what was in it."""
    store = SQLiteStore(path)
    await store.open()
    try:
        if writes:
            await store.commit("demo", writes)
        return await store.read("demo")
    finally:
        await store.close()


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


async def test_a_backup_during_writes_is_the_store_as_of_one_moment(path, backup):
    store = SQLiteStore(path)
    await store.open()
    await store.commit("demo", [MAKE])

    async def write() -> None:
        for number in range(200):
            await store.commit("demo", [Write(f"{number:03}-{part}", 0, b"x" * 5_000) for part in "ab"])

    writing = asyncio.create_task(write())
    sizes = []
    while not writing.done():
        assert (await asyncio.to_thread(copies.back_up, path, backup)).blogs == 1
        copied = await state_of(backup)
        ids = [item.id for item in copied.items[1:]]
        assert ids == [f"{number:03}-{part}" for number in range(len(ids) // 2) for part in "ab"]
        sizes.append(len(ids))
        backup.with_name("nightly.db.lock").unlink()  # of the look at the copy
    await writing
    await store.close()
    assert sizes == sorted(sizes)
    assert names(backup.parent) == {"nightly.db"}
    assert backup.stat().st_mode & 0o777 == 0o600


async def test_a_backup_of_a_killed_node_has_what_is_in_its_log(path, backup):
    store = SQLiteStore(path)
    await store.open()
    await store.commit("demo", [MAKE])
    for end in ("", "-wal"):
        shutil.copy(f"{path}{end}", path.with_name(f"killed.db{end}"))
    whole = await store.read("demo")
    await store.close()
    copies.back_up(path.with_name("killed.db"), backup)
    assert await state_of(backup) == whole


def linked(path: Path) -> Path:
    path.with_name("link.db").symlink_to(path)
    return path.with_name("link.db")


def written(path: Path) -> Path:
    path.write_text("notes of an editor")
    return path


def another_store(path: Path) -> Path:
    path.touch()
    path.with_name(f"{path.name}.lock").touch()
    return path


TARGETS: dict[str, Callable[[Path], Path]] = {
    "the store itself": lambda path: path,
    "the log of the store": lambda path: path.with_name("blogs.db-wal"),
    "a link to the store": linked,
    "a file that is not a backup": lambda path: written(path.with_name("notes.txt")),
    "a folder": lambda path: path.parent,
    "a folder that does not exist": lambda path: path.parent / "nothing" / "nightly.db",
    "the store of another node": lambda path: another_store(path.with_name("other.db")),
}


@pytest.mark.parametrize("target", TARGETS)
async def test_a_backup_never_overwrites_anything_but_a_backup(path, target):
    whole = await state_of(path, MAKE)
    file = TARGETS[target](path)
    before = {name: (path.parent / name).read_bytes() for name in names(path.parent)}
    with pytest.raises(StartError) as refused:
        copies.back_up(path, file)
    assert str(file.resolve()) in str(refused.value)
    assert {name: (path.parent / name).read_bytes() for name in names(path.parent)} == before
    assert await state_of(path) == whole


def damage(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"a body", b"a bodx"))


async def test_a_backup_that_fails_leaves_the_earlier_one(path, backup):
    await state_of(path, MAKE, Write("a", 0, b"a body"))
    copies.back_up(path, backup)
    before = backup.read_bytes()
    damage(path)
    with pytest.raises(StartError, match="damaged: the item demo/a is not as it was written"):
        copies.back_up(path, backup)
    assert names(backup.parent) == {"nightly.db"}
    assert backup.read_bytes() == before
    with pytest.raises(StartError, match=r"nothing.db does not exist or is empty"):
        copies.back_up(path.with_name("nothing.db"), backup)


async def test_a_backup_has_the_audit_and_earlier_versions(path, backup):
    store = SQLiteStore(path)
    await store.open()
    edit = Act(who=Actor("key", "ann"), action="edit", blog="demo", item="a")
    await store.commit("demo", [MAKE, Write("a", 0, b"one")])
    await store.commit("demo", [Write("a", 1, b"two")], None, edit)
    kept = await store.past.acts("demo", limit=9), await store.past.versions("demo", "a", limit=9)
    copies.back_up(path, backup)
    await store.delete("demo", edit)
    await store.close()
    copies.restore(backup, path)
    store = SQLiteStore(path)
    await store.open()
    assert (await store.past.acts("demo", limit=9), await store.past.versions("demo", "a", limit=9)) == kept
    assert (len(kept[0]), [one.body for one in kept[1]]) == (1, [None, b"one"])
    await store.close()


async def test_a_restored_store_is_that_of_the_backup_and_knows_no_later_cursor(path, backup):
    store = SQLiteStore(path)
    await store.open()
    old = await store.commit("demo", [MAKE, Write("a", 0, b"{}")])
    copies.back_up(path, backup)
    later = await store.commit("demo", [Write("b", 0, b"{}"), Write("a", 1, b"edited")])
    with pytest.raises(StartError, match="in use by another stoppress"):
        copies.restore(backup, path)
    for end in ("", "-wal", "-shm"):
        shutil.copy(f"{path}{end}", path.with_name(f"killed.db{end}"))
    whole = await store.read("demo")
    await store.close()
    path = path.with_name("killed.db")
    path.chmod(0o640)
    copied = copies.restore(backup, path)
    assert path.stat().st_mode & 0o777 == 0o640, "the mode of the store before"
    assert await state_of(path) == old
    after = await state_of(path, *(Write(f"new-{number}", 0, b"{}") for number in range(5)))
    store = SQLiteStore(path)
    await store.open()
    for tag in later.tags:
        assert tag not in after.tags
    assert await store.read("demo", later.cursor) == after, "the whole blog: a reset"
    await store.close()
    assert copied.kept is not None
    assert await state_of(copied.kept) == whole, "with its log"
    copies.restore(copied.kept, path)
    assert await state_of(path) == whole


async def test_a_store_behind_a_link_is_backed_up_and_restored_with_its_log(path, backup):
    link = linked(path)
    store = SQLiteStore(link)
    await store.open()
    old = await store.commit("demo", [MAKE])
    copies.back_up(link, backup)
    await store.commit("demo", [Write("a", 0, b"{}")])
    await store.close()
    copies.restore(backup, link)
    assert link.is_symlink()
    assert await state_of(path) == old


async def test_a_backup_is_restored_where_there_was_no_store(path, backup):
    whole = await state_of(path, MAKE)
    copies.back_up(path, backup)
    elsewhere = backup.with_name("blogs.db")
    assert copies.restore(backup, elsewhere) == (1, None)
    assert await state_of(elsewhere) == whole


async def test_a_backup_of_an_earlier_version_is_restored(path, tmp_path):
    with closing(sqlite3.connect(tmp_path / "old.db")) as database:
        database.executescript((VERSIONS / "0.1.0.sql").read_text())
    assert copies.restore(tmp_path / "old.db", path).blogs == 1
    store = SQLiteStore(path)
    await store.open()
    assert await store.blogs() == ["council"]
    await store.close()


@pytest.mark.parametrize("wrong", ["damaged", "newer", "text", "missing", "the store itself"])
async def test_a_wrong_backup_changes_nothing(path, backup, wrong):
    whole = await state_of(path, MAKE, Write("a", 0, b"a body"))
    copies.back_up(path, backup)
    if wrong == "damaged":
        damage(backup)
    elif wrong == "newer":
        with closing(sqlite3.connect(backup)) as db:
            db.execute(f"PRAGMA user_version={len(MIGRATIONS) + 1}")
    elif wrong == "text":
        written(backup)
    elif wrong == "missing":
        backup.unlink()
    before = names(path.parent)
    with pytest.raises(StartError):
        copies.restore(path if wrong == "the store itself" else backup, path)
    assert names(path.parent) == before
    assert await state_of(path) == whole


@pytest.mark.parametrize("step", [1, 2, 3])
async def test_a_restore_that_is_interrupted_is_finished_by_the_next_start(path, backup, monkeypatch, step):
    old = await state_of(path, MAKE)
    copies.back_up(path, backup)
    await state_of(path, Write("a", 0, b"{}"))
    steps = iter(range(1, 4))

    def interrupted(_: Path) -> None:
        if next(steps) == step:
            raise KeyboardInterrupt

    for module in (copies, files):
        monkeypatch.setattr(module, "sync_folder", interrupted)
    with pytest.raises(KeyboardInterrupt):
        copies.restore(backup, path)
    monkeypatch.undo()
    assert await state_of(path) == old
    kept = [name for name in names(path.parent) if "before-restore" in name]
    assert len(kept) == 1
    assert not any("restored" in name for name in names(path.parent))
