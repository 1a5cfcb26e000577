"""A node reads what an earlier version has stored. `versions/` has one store of each kind for every released version.

`before-access` is of the last version in which all keys were in the settings.

The files were written by that version and are never changed, except that the Idempotency-Key in them lives longer.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from stoppress.model import Header, StoredEntry
from tests.conftest import StartNode
from tests.support.node import ADMIN_KEY

VERSIONS = Path(__file__).with_name("versions")


def includes(new: Any, old: Any) -> bool:
    """Return whether an answer of today has everything of an earlier one; it may have more fields."""
    if isinstance(old, dict):
        return isinstance(new, dict) and all(name in new and includes(new[name], old[name]) for name in old)
    if isinstance(old, list):
        return isinstance(new, list) and len(new) == len(old) and all(map(includes, new, old))
    return bool(new == old)


@pytest.fixture(params=["0.1.0", "before-access"])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=pytest.mark.redis)])
async def stored(request: pytest.FixtureRequest, tmp_path: Path, version: str) -> tuple[str, dict[str, Any]]:
    """The address of a store of an earlier version, and what that version answered."""
    earlier: dict[str, Any] = json.loads((VERSIONS / f"{version}.{request.param}.json").read_text())
    if request.param == "sqlite":
        with closing(sqlite3.connect(tmp_path / "old.db")) as database:
            database.executescript((VERSIONS / f"{version}.sql").read_text())
        return f"sqlite:{tmp_path / 'old.db'}", earlier
    url = request.getfixturevalue("redis_server").url
    async with Redis.from_url(url) as redis:
        await redis.flushall()
        for command in earlier["commands"]:
            await redis.execute_command(*(part.encode("latin-1") for part in command))
    return url, earlier


async def test_a_store_of_an_earlier_version_is_read_and_continued(start_node: StartNode, stored):
    url, earlier = stored
    node = await start_node(url)
    async with node.editor() as editor:
        entries = "/api/blogs/council/entries"
        assert includes((await editor.get("/blogs/council/changes")).json(), earlier["changes"])
        assert includes((await editor.get(entries)).json(), earlier["entries"])
        repeated = {"title": "Approved", "html": "<p>31 votes to 12.</p>", "key": True}
        again = await editor.post(entries, json=repeated, headers={"Idempotency-Key": "cms-1"})
        assert again.json()["id"] in {entry["id"] for entry in earlier["changes"]["entries"]}
        draft = next(entry for entry in earlier["entries"]["entries"] if entry["status"] == "draft")
        published = await editor.patch(f"{entries}/{draft['id']}", json={"status": "published"})
        assert published.is_success, published.text
        changes = (await editor.get("/blogs/council/changes", params={"since": earlier["changes"]["cursor"]})).json()
        assert [entry["id"] for entry in changes["entries"]] == [draft["id"]]
    async with node.editor(key=ADMIN_KEY) as admin:
        made = await admin.post("/api/keys", json={"name": "ann", "role": "contributor", "blogs": ["council"]})
        assert made.status_code == 201, made.text
    async with node.editor(key=made.json()["secret"]) as ann:
        assert (await ann.post(entries, json={"markdown": "x", "status": "draft"})).status_code == 201


def test_an_unknown_field_of_a_later_version_is_ignored():
    header = msgspec.json.decode(b'{"blog":"a","headline":"A","status":"live","later":1}', type=Header)
    entry = msgspec.json.decode(b'{"id":"a","version":1,"status":"published","later":1}', type=StoredEntry)
    assert (header.headline, entry.id) == ("A", "a")
