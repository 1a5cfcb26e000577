"""The use case of an import, through the editors' API of a node."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.conftest import StartNode
from tests.support.node import ADMIN_KEY

TOMBSTONE = {
    "status": "retracted",
    "published_at": "2020-10-09T06:12:00.000Z",
    "retracted_at": "2020-10-09T07:00:00.000Z",
    "note": "Wrong.",
}


@pytest.fixture
async def admin(empty_node: StartNode) -> AsyncIterator[httpx.AsyncClient]:
    node = await empty_node()
    await node.make_blog()
    async with node.editor(key=ADMIN_KEY) as client:
        yield client


def address(entry: str = "") -> str:
    return f"/api/blogs/demo/entries/{entry or uuid.uuid4()}"


async def test_an_entry_keeps_its_id_its_times_and_its_version(admin: httpx.AsyncClient):
    fields: dict[str, Any] = {
        "markdown": "**A**",
        "published_at": "2020-10-09T06:12:00.000Z",
        "updated_at": "2020-10-09T06:15:00.000Z",
    }
    fields |= {"version": 7, "key": True, "corrections": [{"text": "B.", "at": "2020-10-09T06:15:00.000Z"}]}
    path = address()
    answer = await admin.put(path, json=fields)
    assert (answer.status_code, answer.headers["location"], answer.headers["etag"]) == (201, path, '"7"')
    entry = answer.json()
    assert entry["id"] == path.rpartition("/")[2]
    assert {name: entry[name] for name in fields} == fields
    assert "<strong>A</strong>" in entry["html"]


async def test_an_import_is_repeated_without_a_trace_and_changes_nothing_that_is_there(admin: httpx.AsyncClient):
    path, fields = address(), {"html": "<p>A</p>", "published_at": "2020-10-09T06:12:00.000Z"}
    first = await admin.put(path, json=fields)
    again = await admin.put(path, json=first.json())
    assert (again.status_code, again.headers["idempotency-replayed"]) == (200, "true")
    assert again.json() == first.json()
    assert again.headers["stoppress-cursor"] == first.headers["stoppress-cursor"]
    await admin.patch(path, json={"html": "<p>B</p>"})
    refused = await admin.put(path, json=fields)
    assert refused.status_code == 409 and "exists" in refused.json()["detail"]
    assert "B" in (await admin.get(path)).json()["html"]


async def test_a_retracted_entry_does_not_come_back(admin: httpx.AsyncClient):
    path, fields = address(), {"html": "<p>Secret</p>", "published_at": "2020-10-09T06:12:00.000Z"}
    await admin.put(path, json=fields)
    await admin.delete(path)
    assert (await admin.put(path, json=fields)).status_code == 409
    assert "Secret" not in (await admin.get(path)).text


async def test_a_tombstone_is_imported_as_such_and_may_have_no_body(admin: httpx.AsyncClient):
    path = address()
    answer = await admin.put(path, json=TOMBSTONE)
    assert answer.status_code == 201
    assert {name: answer.json()[name] for name in TOMBSTONE} == TOMBSTONE
    refused = await admin.put(address(), json=TOMBSTONE | {"html": "<p>x</p>"})
    assert (refused.status_code, refused.json()["field"]) == (422, "html")
    public = await admin.get(path.replace("/api", ""))
    assert public.json()["retracted_at"] == TOMBSTONE["retracted_at"]


async def test_a_pinned_entry_is_pinned_in_the_header(admin: httpx.AsyncClient):
    path = address()
    await admin.put(path, json={"markdown": "x", "pinned": True})
    assert (await admin.get("/api/blogs/demo")).json()["pinned"] == path.rpartition("/")[2]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"markdown": "x", "published_at": "2999-01-01T00:00:00Z"}, "published_at"),
        ({"markdown": "x", "updated_at": "2999-01-01T00:00:00Z"}, "updated_at"),
        ({"markdown": "x", "retracted_at": "2020-01-01T00:00:00Z"}, "retracted_at"),
        ({"markdown": "x", "note": "y"}, "note"),
        ({"markdown": "x", "status": "scheduled"}, "publish_at"),
        ({"markdown": "x", "id": str(uuid.UUID(int=1))}, "id"),
        ({"status": "retracted"}, "published_at"),
        ({}, "markdown"),
    ],
)
async def test_a_wrong_field_is_named(admin: httpx.AsyncClient, fields: dict[str, Any], field: str):
    answer = await admin.put(address(), json=fields)
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text


async def test_an_id_that_is_not_a_uuid_and_a_precondition_are_checked(admin: httpx.AsyncClient):
    assert (await admin.put(address("post-17"), json={"markdown": "x"})).json()["field"] == "entry"
    answer = await admin.put(address(), json={"markdown": "x"}, headers={"If-Match": '"1"'})
    assert answer.status_code == 412


async def test_an_import_is_in_the_audit(admin: httpx.AsyncClient):
    path = address()
    await admin.put(path, json={"markdown": "x", "version": 3})
    (act,) = (await admin.get("/api/audit?blog=demo&limit=1")).json()["acts"]
    assert (act["action"], act["item"], act["version"]) == ("import", path.rpartition("/")[2], 3)
