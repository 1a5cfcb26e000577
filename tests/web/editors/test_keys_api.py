"""`/api/keys` over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import msgpack
import pytest

from stoppress.access.secret import is_secret
from tests.conftest import StartNode
from tests.support.command import running
from tests.support.node import ADMIN_KEY, RunningNode

_numbers = count(1)


@pytest.fixture
async def admin(node: RunningNode) -> AsyncIterator[httpx.AsyncClient]:
    async with node.editor(key=ADMIN_KEY) as client:
        yield client


def form(**fields: Any) -> dict[str, Any]:
    return {"name": f"key-{next(_numbers)}", "role": "editor", **fields}


async def test_a_key_is_made_used_listed_and_revoked(node: RunningNode, admin: httpx.AsyncClient, blog: str):
    sent = form(blogs=[blog], expires_at="2099-01-01T01:00:00+01:00")
    made = await admin.post("/api/keys", json=sent)
    assert (made.status_code, made.headers["location"]) == (201, f"/api/keys/{sent['name']}")
    key = made.json()
    secret = key.pop("secret")
    assert is_secret(secret)
    assert made.headers["cache-control"] == "no-store"
    assert key["expires_at"] == "2099-01-01T00:00:00.000Z"
    assert (await admin.get(made.headers["location"])).json() == key
    async with node.editor(key=secret) as client:
        entry = await client.post(f"/api/blogs/{blog}/entries", json={"markdown": "x", "status": "draft"})
        assert entry.json()["created_by"] == f"key:{sent['name']}"
        listed = (await admin.get("/api/keys")).json()["keys"]
        assert [one["last_used_at"] is not None for one in listed if one["name"] == sent["name"]] == [True]
        assert secret not in str(listed)
        assert (await admin.delete(made.headers["location"])).status_code == 204
        refused = await client.post(f"/api/blogs/{blog}/entries", json={"markdown": "x"})
        assert (refused.status_code, refused.json()["title"]) == (401, "Unauthorized")
    for again in (admin.delete(made.headers["location"]), admin.get(made.headers["location"])):
        assert (await again).status_code == 404


async def test_the_audit_says_who_made_and_revoked_a_key(admin: httpx.AsyncClient):
    sent = form()
    headers = {"stoppress-reason": "for the night"}
    assert (await admin.post("/api/keys", json=sent, headers=headers)).status_code == 201
    assert (await admin.post("/api/keys", json=sent)).status_code == 409, "which leaves no line"
    assert (await admin.delete(f"/api/keys/{sent['name']}")).status_code == 204
    assert (await admin.delete(f"/api/keys/{sent['name']}")).status_code == 404, "nor does this"
    revoked, made = (await admin.get("/api/audit", params={"limit": 2})).json()["acts"]
    assert [(act["action"], act["item"]) for act in (made, revoked)] == [
        ("make_key", sent["name"]),
        ("revoke_key", sent["name"]),
    ]
    assert made["who"] == {"kind": "key", "name": "root"}
    assert (made["reason"], made["address"]) == ("for the night", "127.0.0.1")


async def test_msgpack_works_as_elsewhere(admin: httpx.AsyncClient):
    headers = {"content-type": "application/msgpack", "accept": "application/msgpack"}
    made = await admin.post("/api/keys", content=msgpack.packb(form()), headers=headers)
    assert (made.status_code, made.headers["content-type"]) == (201, "application/msgpack")
    assert is_secret(msgpack.unpackb(made.content)["secret"])
    assert msgpack.unpackb((await admin.get("/api/keys", headers=headers)).content)["keys"]


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"name": ""}, "name", "must be 1 to 64 letters"),
        ({"name": "a/b"}, "name", "must be 1 to 64 letters"),
        ({"name": "a\n"}, "name", "must be 1 to 64 letters"),
        ({"name": "x" * 65}, "name", "must be 1 to 64 letters"),
        ({"role": "king"}, "role", "must be admin, contributor, editor or reader"),
        ({"role": "settings_editor"}, "role", "must be admin, contributor, editor or reader"),
        ({"blogs": []}, "blogs", "a list of 1 to 100 items"),
        ({"blogs": ["a"] * 101}, "blogs", "a list of 1 to 100 items"),
        ({"blogs": ["a b"]}, "blogs[0]", "the name of a blog, or a pattern such as sport-*"),
        ({"blogs": ["ok", "x" * 101]}, "blogs[1]", "the name of a blog, or a pattern"),
        ({"expires_at": "tomorrow"}, "expires_at", "a time with a time zone"),
        ({"expires_at": "2099-01-01T00:00:00"}, "expires_at", "a time with a time zone"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at", "must be in the future"),
        ({"secret": "mine"}, "secret", "Unknown field `secret`. Allowed fields: name, role, blogs, expires_at."),
    ],
)
async def test_a_malformed_key_is_told_what_is_allowed(admin: httpx.AsyncClient, fields, field: str, words: str):
    answer = await admin.post("/api/keys", json=form(**fields))
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert words in answer.json()["detail"]


async def test_a_name_is_taken_until_its_key_is_revoked(admin: httpx.AsyncClient):
    sent = form()
    assert (await admin.post("/api/keys", json=sent)).status_code == 201
    again = await admin.post("/api/keys", json=sent)
    assert (again.status_code, "Revoke it first" in again.json()["detail"]) == (409, True)


async def test_keys_of_the_settings_are_not_listed_and_not_revoked(admin: httpx.AsyncClient):
    assert "root" not in {key["name"] for key in (await admin.get("/api/keys")).json()["keys"]}
    answer = await admin.delete("/api/keys/root")
    assert (answer.status_code, "STOPPRESS_KEYS" in answer.json()["detail"]) == (404, True)


async def test_a_key_with_patterns_sees_and_writes_only_its_blogs(node: RunningNode, admin: httpx.AsyncClient):
    secret = (await admin.post("/api/keys", json=form(role="admin", blogs=["cup-*"]))).json()["secret"]
    async with node.editor(key=secret) as client:
        assert (await client.put("/api/blogs/cup-2026", json={})).status_code == 201
        refused = await client.put("/api/blogs/league", json={})
        assert (refused.status_code, "only for cup-*" in refused.json()["detail"]) == (403, True)
        assert [one["blog"] for one in (await client.get("/api/blogs")).json()["blogs"]] == ["cup-2026"]
        mine = form(blogs=["cup-2026"])
        assert (await client.post("/api/keys", json=mine)).status_code == 201
        assert [key["name"] for key in (await client.get("/api/keys")).json()["keys"]].count(mine["name"]) == 1
        assert (await client.post("/api/keys", json=form())).status_code == 403


async def test_no_key_of_the_settings_shares_the_answers_to_a_run_time_key(start_node: StartNode):
    node = await start_node(STOPPRESS_KEYS=f"key:editor:another-secret root:admin:{ADMIN_KEY}")
    await node_with_blog(node)
    async with node.editor(key=ADMIN_KEY) as admin:
        secret = (await admin.post("/api/keys", json=form(name="cms"))).json()["secret"]
    answers = []
    for key, once in ((secret, "x"), ("another-secret", "cms:x"), ("another-secret", "key:cms:x")):
        async with node.editor(key=key) as client:
            headers = {"Idempotency-Key": once}
            answers.append(await client.post("/api/blogs/demo/entries", json={"markdown": "x"}, headers=headers))
    assert [answer.status_code for answer in answers] == [201] * 3
    assert len({answer.json()["id"] for answer in answers}) == 3


def is_in_a_file(folder: Path, text: str) -> bool:
    return any(text.encode() in path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def node_with_blog(node: RunningNode) -> None:
    async with node.editor(key=ADMIN_KEY) as admin:
        assert (await admin.put("/api/blogs/demo", json={})).status_code == 201


async def test_no_secret_is_in_the_log_or_in_the_store(tmp_path: Path):
    store = tmp_path / "blogs.db"
    keys = f"root:admin:{ADMIN_KEY}"
    async with running("serve", "--port", "0", "--store", f"sqlite:{store}", STOPPRESS_KEYS=keys) as node:
        url = (await node.line("serves")).split()[-1]
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            made = await client.post("/api/keys", json=form(), headers={"authorization": f"Bearer {ADMIN_KEY}"})
            secret = made.json()["secret"]
            for sent in (secret, secret[:-1] + "-"):
                await client.post("/api/blogs/x/entries", json={}, headers={"authorization": f"Bearer {sent}"})
        node.terminate()
        lines = node.lines + await node.rest()
    assert any("key_made" in line for line in lines)
    assert not any(secret[4:-6] in line or ADMIN_KEY in line for line in lines)
    assert not is_in_a_file(tmp_path, secret[4:-6])


async def test_a_run_time_editor_may_not_create_blogs(node: RunningNode, admin: httpx.AsyncClient):
    secret = (await admin.post("/api/keys", json=form(role="editor"))).json()["secret"]
    async with node.editor(key=secret) as client:
        answer = await client.put("/api/blogs/another", json={})
    assert (answer.status_code, "needs the role admin" in answer.json()["detail"]) == (403, True)
