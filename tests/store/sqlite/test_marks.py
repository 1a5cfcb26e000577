"""What is missing from the log of a killed node is noticed by its next start."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from stoppress.errors import StartError
from stoppress.model import HEADER
from stoppress.store.port import Write
from stoppress.store.sqlite import copies
from stoppress.store.sqlite.store import SQLiteStore
from tests.support.warm import WarmProcess

WRITES = 20


def write_until_killed(path: str) -> None:
    asyncio.run(_write(Path(path)))


async def _write(path: Path) -> None:
    store = SQLiteStore(path)
    await store.open()
    await store.commit("demo", [Write(HEADER, 0, b"{}")])
    for number in range(WRITES):
        await store.commit("demo", [Write(f"entry-{number}", 0, b"x" * 3_000)])
    copies.back_up(path, path.with_name("backup.db"))
    sys.stdout.write("written\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


@pytest.fixture
async def killed(tmp_path: Path) -> Path:
    """The path of a store whose process was killed."""
    path = tmp_path / "blogs.db"
    process = WarmProcess(partial(write_until_killed, str(path)), {})
    assert await process.line() == "written"
    await process.stop(signal.SIGKILL)
    return path


async def length(path: Path) -> int:
    """Start and stop a store. Return the seq of its head; 0 if it has no blog."""
    store = SQLiteStore(path)
    await store.open()
    (head,) = await store.heads(["demo"])
    await store.close()
    return head.seq if head else 0


def cut(share: float) -> Callable[[Path], None]:
    def damage(log: Path) -> None:
        log.write_bytes(log.read_bytes()[: int(log.stat().st_size * share)])

    return damage


def damage_the_last_frame(log: Path) -> None:
    whole = log.read_bytes()
    log.write_bytes(whole[:-100] + bytes([whole[-100] ^ 1]) + whole[-99:])


LOSSES: dict[str, Callable[[Path], None]] = {
    "deleted": Path.unlink,
    "emptied": cut(0),
    "cut in half": cut(0.5),
    "cut within its last frame": cut(0.999),
    "damaged in its last frame": damage_the_last_frame,
}


@pytest.mark.parametrize("loss", LOSSES)
async def test_a_log_that_lacks_answered_writes_is_refused(killed: Path, loss):
    LOSSES[loss](killed.with_name("blogs.db-wal"))
    for _ in range(2):
        with pytest.raises(StartError, match=r"blogs.db-wal (is gone|has .* frames); to start with what is left"):
            await length(killed)
    killed.with_name("blogs.db.lock").unlink()
    assert await length(killed) < WRITES + 1


async def test_a_whole_log_is_accepted_as_often_as_a_node_is_killed(killed: Path):
    assert await length(killed) == WRITES + 1
    assert await length(killed) == WRITES + 1


async def test_a_log_that_another_program_has_copied_into_the_database_is_not_missed(killed: Path):
    with closing(sqlite3.connect(killed)) as other:
        assert other.execute("SELECT count(*) FROM items").fetchone() == (WRITES + 1,)
    assert not killed.with_name("blogs.db-wal").exists()
    assert await length(killed) == WRITES + 1


async def test_a_backup_that_was_put_back_by_hand_is_accepted(killed: Path):
    for end in ("", "-wal", "-shm"):
        killed.with_name(f"blogs.db{end}").unlink()
    shutil.copy2(killed.with_name("backup.db"), killed)
    assert await length(killed) == WRITES + 1
