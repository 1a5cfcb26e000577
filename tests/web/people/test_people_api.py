"""People over HTTP, and the commands for them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.support.node import ADMIN_KEY, RunningNode, sqlite_url
from tests.support.people import PASSWORD, make_person, post_password, sign_in


@pytest.fixture(scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningNode]:
    async with RunningNode(sqlite_url(tmp_path_factory.mktemp("store")), None, STOPPRESS_MAX_GUESSES="0") as node:
        yield node


@pytest.fixture
async def root(node: RunningNode) -> AsyncIterator[httpx.AsyncClient]:
    async with node.editor(key=ADMIN_KEY) as client:
        yield client


async def test_a_person_is_added_changed_and_removed(root: httpx.AsyncClient):
    address = "/api/people/bob"
    made = await root.put(address, json={"role": "contributor", "blogs": ["sport-*"]}, headers={"If-None-Match": "*"})
    assert (made.status_code, made.headers["location"], made.headers["etag"]) == (201, address, '"1"')
    assert made.headers["cache-control"] == "no-store"
    assert made.json() == {
        "name": "bob",
        "display_name": "bob",
        "role": "contributor",
        "blogs": ["sport-*"],
        "disabled": False,
        "has_password": False,
        "created_at": made.json()["created_at"],
        "created_by": "root",
    }
    assert (await root.put(address, json={"role": "editor"}, headers={"If-None-Match": "*"})).status_code == 412
    changed = await root.put(address, json={"role": "editor", "display_name": "Bob"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"], changed.json()["blogs"]) == (200, '"2"', ["*"])
    assert (await root.get(address)).json() == changed.json()
    assert changed.json() in (await root.get("/api/people")).json()["people"]
    assert (await root.delete(address)).status_code == 204
    for gone in (root.get(address), root.delete(address), root.put(f"{address}/password", json={"password": PASSWORD})):
        answer = await gone
        assert answer.status_code == 404
        assert answer.json()["detail"].startswith("There is no person 'bob'.")


async def test_a_password_is_nowhere_to_read(node: RunningNode, root: httpx.AsyncClient):
    await make_person(node, "ann")
    for address in ("/api/people", "/api/people/ann"):
        text = (await root.get(address)).text
        assert PASSWORD not in text and "argon2" not in text and "epoch" not in text
    assert (await root.put("/api/people/ann/password", json={"password": PASSWORD + "!"})).status_code == 204
    assert (await post_password(node, "ann")).status_code == 401
    assert (await post_password(node, "ann", PASSWORD + "!")).status_code == 201


@pytest.mark.parametrize(
    ("name", "body", "detail"),
    [
        ("ann", {}, "The body needs the field `role`."),
        ("ann", {"role": "king"}, "`role` must be admin, contributor, editor or reader"),
        ("ann", {"role": "editor", "blogs": []}, "`blogs` must be a list of 1 to 100 items"),
        ("ann", {"role": "editor", "blogs": ["a/b"]}, "`blogs[0]` must be the name of a blog, or a pattern"),
        ("ann", {"role": "editor", "password": "short"}, "`password` must be text of 12 to 200 characters or null"),
        ("ann", {"role": "editor", "name": "bob"}, "Unknown field `name`."),
        ("a b", {"role": "editor"}, "Names of people have 1 to 64 letters"),
    ],
)
async def test_a_malformed_person_is_told_what_to_do(root: httpx.AsyncClient, name: str, body: object, detail: str):
    answer = await root.put(f"/api/people/{name}", json=body)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(detail)


async def test_an_admin_signed_in_manages_people_as_one_with_a_key(node: RunningNode):
    await make_person(node, "chief", "admin", blogs=["sport-*"])
    async with await sign_in(node, "chief") as chief:
        assert (await chief.put("/api/people/new", json={"role": "admin", "blogs": ["sport-1"]})).status_code == 201
        assert (await chief.get("/api/people/new")).json()["created_by"] == "person:chief"
        refused = await chief.put("/api/people/newer", json={"role": "reader"})
        assert refused.status_code == 403
        assert "Person 'chief' may only be used for sport-*" in refused.json()["detail"]
        assert (await chief.put("/api/people/chief", json={"role": "reader", "blogs": ["sport-*"]})).status_code == 200
        assert (await chief.get("/api/people")).status_code == 403, "at once on this node"


async def lines_about(admin: httpx.AsyncClient, person: str) -> list[dict[str, Any]]:
    acts = (await admin.get("/api/audit", params={"limit": 100})).json()["acts"]
    return [act for act in acts if act["item"] == person]


async def test_a_malformed_reason_stops_a_change_of_people(node: RunningNode, root: httpx.AsyncClient):
    headers = {"Stoppress-Reason": "x" * 501}
    assert (await root.put("/api/people/hugo", json={"role": "editor"}, headers=headers)).status_code == 400
    assert (await root.get("/api/people/hugo")).status_code == 404
    await make_person(node, "hugo")
    assert (await post_password(node, "hugo", **headers)).status_code == 400
    assert [act["action"] for act in await lines_about(root, "hugo")] == ["put_person"]
    assert [one for one in (await root.get("/api/sessions")).json()["sessions"] if one["person"] == "hugo"] == []


async def test_the_audit_tells_who_changed_people_and_who_signed_in(node: RunningNode, root: httpx.AsyncClient):
    await make_person(node, "dora")
    async with await sign_in(node, "dora") as first, await sign_in(node, "dora") as second:
        other = (await second.get("/api/session")).json()["session"]
        assert (await root.delete(f"/api/sessions/{other}")).status_code == 204
        assert (await first.delete("/api/session")).status_code == 204
        assert (await first.delete("/api/session")).status_code == 401
    assert (await root.put("/api/people/dora/password", json={"password": PASSWORD})).status_code == 204
    await post_password(node, "dora", "wrong password")
    assert (await root.delete("/api/people/dora", headers={"Stoppress-Reason": "left the house"})).status_code == 204
    acts = await lines_about(root, "dora")
    told = [(act["action"], act["who"]["kind"], act["who"]["name"]) for act in reversed(acts)]
    assert told == [
        ("put_person", "key", "root"),
        ("sign_in", "person", "dora"),
        ("sign_in", "person", "dora"),
        ("end_session", "key", "root"),
        ("sign_out", "person", "dora"),
        ("set_password", "key", "root"),
        ("remove_person", "key", "root"),
    ]
    assert {act["address"] for act in acts} == {"127.0.0.1"}
    assert acts[0]["reason"] == "left the house" and "blog" not in acts[0]
    assert (await root.delete("/api/people/dora")).status_code == 404
    assert await lines_about(root, "dora") == acts, "what was refused has no line"
