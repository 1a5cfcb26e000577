"""`stoppress backup` and `stoppress restore`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.command import invoke
from tests.support.node import RunningNode, sqlite_url


async def test_a_backup_beside_a_node_is_restored_after_its_stop(start_node, tmp_path: Path):
    node: RunningNode = await start_node()
    store = {"STOPPRESS_STORE": sqlite_url(tmp_path)}
    await node.make_blog("demo")
    file = tmp_path / "nightly.db"
    for blogs in ("1 blog", "2 blogs"):  # the second replaces the first
        done = invoke("backup", str(file), environ=store)
        assert re.fullmatch(rf"Wrote {file}: {blogs} of {tmp_path}/blogs\.db, 0\.[0-9][1-9] MB\.\n", done.out), done
        await node.make_blog("council")
    refused = invoke("restore", str(file), environ=store)
    assert refused.code == 2
    assert "in use by another stoppress" in refused.error
    await node.stop()
    done = invoke("restore", "--store", store["STOPPRESS_STORE"], str(file))
    kept = rf"{tmp_path}/blogs\.db\.before-restore-[0-9]{{8}}-[0-9]{{6}}-[0-9]{{3}}"
    said = rf"Restored {tmp_path}/blogs\.db from {file}: 2 blogs\. The store that was there before is now {kept}\.\n"
    assert re.fullmatch(said, done.out), done
    await node.start()
    async with node.editor() as editor:
        assert len((await editor.get("/api/blogs")).json()["blogs"]) == 2


@pytest.mark.parametrize("name", ["backup", "restore"])
def test_what_cannot_be_copied_is_said_in_one_line(tmp_path: Path, name: str):
    for store, reason in (
        ("redis://localhost", "for Redis, see docs/howto/back-up-and-restore.md"),
        (sqlite_url(tmp_path), "does not exist or is empty"),
    ):
        result = invoke(name, "--store", store, str(tmp_path / "nightly.db"))
        assert result.code == 2
        assert reason in result.error
    assert list(tmp_path.iterdir()) == []
