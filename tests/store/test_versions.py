"""A node reads what an earlier version has stored. `versions/` has one store of each kind for every released version.

`before-access` is from the last commit before there were roles, an audit and versions of entries (e22d17b7). The files
were written by these versions and are never changed, except that the Idempotency-Keys in them live longer.
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
from tests.support.node import KEY

VERSIONS = Path(__file__).with_name("versions")


def includes(new: Any, old: Any) -> bool:
    """Return whether an answer of today has everything of an earlier one; it may have more fields."""
    if isinstance(old, dict):
        return isinstance(new, dict) and all(name in new and includes(new[name], old[name]) for name in old)
    if isinstance(old, list):
        return isinstance(new, list) and len(new) == len(old) and all(map(includes, new, old))
    return bool(new == old)


KINDS = ["sqlite", pytest.param("redis", marks=pytest.mark.redis)]


async def store_of(version: str, request: pytest.FixtureRequest, folder: Path) -> tuple[str, dict[str, Any]]:
    """Make the store of an earlier version. Return its address, and what is in the file next to it."""
    content: dict[str, Any] = json.loads((VERSIONS / f"{version}.{request.param}.json").read_text())
    if request.param == "sqlite":
        with closing(sqlite3.connect(folder / "old.db")) as database:
            database.executescript((VERSIONS / f"{version}.sql").read_text())
        return f"sqlite:{folder / 'old.db'}", content
    url = request.getfixturevalue("redis_server").url
    async with Redis.from_url(url) as redis:
        await redis.flushall()
        for command in content["commands"]:
            await redis.execute_command(*(part.encode("latin-1") for part in command))
    return url, content


@pytest.fixture(params=KINDS)
async def stored(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, dict[str, Any]]:
    """The address of a store of version 0.1.0, and what that version answered."""
    return await store_of("0.1.0", request, tmp_path)


@pytest.fixture(params=KINDS)
async def before_access(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, dict[str, Any]]:
    """The address of a store from before there were roles, and what that version answered."""
    url, content = await store_of("before-access", request, tmp_path)
    return url, content.get("answers", content)


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


ADMIN = {"authorization": "Bearer secret-of-ada"}


async def test_a_store_from_before_roles_is_served_unchanged_and_then_has_a_past(start_node: StartNode, before_access):
    url, earlier = before_access
    node = await start_node(url, STOPPRESS_KEYS=f"tests:editor:{KEY} ada:admin:secret-of-ada")
    async with node.editor() as editor:
        assert (await editor.get("/blogs/council/changes")).json() == earlier["changes"]
        assert (await editor.get("/api/blogs/council/entries")).json() == earlier["entries"]
        assert (await editor.get("/api/blogs")).json() == earlier["blogs"]
        assert (await editor.get("/api/blogs/gone")).status_code == 404
        entries = "/api/blogs/council/entries"
        repeated = {"title": "Approved", "html": "<p>31 votes to 12.</p>", "key": True}
        again = await editor.post(entries, json=repeated, headers={"Idempotency-Key": "cms-1"})
        assert again.headers["idempotency-replayed"] == "true"
        for entry in earlier["entries"]["entries"]:
            (only,) = (await editor.get(f"{entries}/{entry['id']}/versions")).json()["versions"]
            assert only["entry"] == entry and "who" not in only

        edited = next(one for one in earlier["entries"]["entries"] if one.get("title") == "Doors open")
        written = await editor.patch(f"{entries}/{edited['id']}", json={"markdown": "About **60 people** have come."})
        assert written.is_success, written.text
        newest, before = (await editor.get(f"{entries}/{edited['id']}/versions")).json()["versions"]
        assert newest["who"] == {"kind": "key", "name": "tests"}
        assert before["entry"] == {name: value for name, value in edited.items() if name != "seq"}
        acts = (await editor.get("/api/audit", params={"blog": "council"}, headers=ADMIN)).json()["acts"]
        assert [(act["action"], act["item"], act["version"]) for act in acts] == [("edit", edited["id"], 3)]
        retracted = await editor.delete(f"{entries}/{edited['id']}")
        assert retracted.json()["status"] == "retracted"
        (only,) = (await editor.get(f"{entries}/{edited['id']}/versions")).json()["versions"]
        assert only["entry"] == retracted.json()
        made = await editor.post("/api/keys", json={"name": "ann", "role": "contributor"}, headers=ADMIN)
        assert made.status_code == 201, made.text
    async with node.editor(key=made.json()["secret"]) as ann:
        assert (await ann.post(entries, json={"markdown": "x", "status": "draft"})).status_code == 201


def test_an_unknown_field_of_a_later_version_is_ignored():
    header = msgspec.json.decode(b'{"blog":"a","headline":"A","status":"live","later":1}', type=Header)
    entry = msgspec.json.decode(b'{"id":"a","version":1,"status":"published","later":1}', type=StoredEntry)
    assert (header.headline, entry.id) == ("A", "a")
