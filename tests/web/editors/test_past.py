"""The audit and the earlier versions of entries, as the editors' API gives them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.conftest import StartNode
from tests.support.node import RunningNode

KEYS = {name: f"secret-of-{name}" for name in ("ada", "ed", "cy", "rea")}
ROLES = {"ada": "admin", "ed": "editor", "cy": "contributor", "rea": "reader"}


class People:
    """Clients with the keys of several roles."""

    def __init__(self, node: RunningNode) -> None:
        self.node = node
        self.clients = {
            name: httpx.AsyncClient(
                base_url=node.url, headers={"authorization": f"Bearer {key}"}, timeout=20, trust_env=False
            )
            for name, key in KEYS.items()
        }

    async def send(self, name: str, method: str, path: str, **options: Any) -> httpx.Response:
        answer = await self.clients[name].request(method, f"/api/blogs/council{path}", **options)
        assert answer.is_success, answer.text
        return answer

    async def post(self, name: str, **fields: Any) -> str:
        entry: str = (await self.send(name, "POST", "/entries", json={"markdown": "x"} | fields)).json()["id"]
        return entry

    async def acts(self, name: str = "ada", **query: str | int) -> list[dict[str, Any]]:
        answer = await self.clients[name].get("/api/audit", params={"blog": "council", **query})
        assert answer.status_code == 200, answer.text
        acts: list[dict[str, Any]] = answer.json()["acts"]
        return acts

    async def versions(self, entry: str, name: str = "ed") -> list[dict[str, Any]]:
        answer = await self.send(name, "GET", f"/entries/{entry}/versions")
        versions: list[dict[str, Any]] = answer.json()["versions"]
        return versions


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=pytest.mark.redis)])
async def people(request: pytest.FixtureRequest, start_node: StartNode) -> AsyncIterator[People]:
    url = None
    if request.param == "redis":
        server = request.getfixturevalue("redis_server")
        server.flush()
        url = server.node_url
    keys = " ".join(f"{name}:{ROLES[name]}:{key}" for name, key in KEYS.items())
    people = People(await start_node(url, STOPPRESS_KEYS=keys, STOPPRESS_TRUSTED_PROXIES="127.0.0.1"))
    await people.send("ada", "PUT", "", json={"headline": "The council votes"})
    yield people
    for client in people.clients.values():
        await client.aclose()


async def test_every_write_has_one_act_that_says_who_and_what(people: People):
    draft = await people.post("cy", status="draft")
    await people.send("cy", "PATCH", f"/entries/{draft}", json={"title": "T"})
    await people.send("ed", "PATCH", f"/entries/{draft}", json={"status": "published"})
    await people.send("ed", "PATCH", f"/entries/{draft}", json={"pinned": True})
    later = await people.post("ed", status="scheduled", publish_at="2999-01-01T00:00:00Z")
    await people.send("ed", "DELETE", f"/entries/{later}")
    await people.send("ed", "DELETE", f"/entries/{draft}", json={"note": "It was wrong."})
    await people.send("ed", "DELETE", f"/entries/{draft}")  # changes nothing
    await people.send("ed", "PATCH", "", json={"headline": "The council has voted"})
    await people.send("ada", "DELETE", "")
    acts = await people.acts()
    assert [(act["who"]["name"], act["action"], act.get("item"), act.get("version")) for act in reversed(acts)] == [
        ("ada", "create_blog", "header", 1),
        ("cy", "draft", draft, 1),
        ("cy", "draft", draft, 2),
        ("ed", "publish", draft, 3),
        ("ed", "edit", draft, 4),
        ("ed", "schedule", later, 1),
        ("ed", "remove_draft", later, 2),
        ("ed", "retract", draft, 5),
        ("ed", "change_blog", "header", 4),
        ("ada", "delete_blog", None, None),
    ]
    assert {act["blog"] for act in acts} == {"council"}
    assert "It was wrong." not in str(acts)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"Asked for by the police.", "Asked for by the police."),
        ("Изборна тишина".encode(), "Изборна тишина"),
        (b"UTF-8''%D0%98%D0%B7%D0%B1%D0%BE%D1%80", "Избор"),
        ("café".encode("latin-1"), "café"),
    ],
)
async def test_an_act_has_the_address_of_the_client_and_its_reason(people: People, sent: bytes, reason: str):
    headers = [(b"Stoppress-Reason", sent), (b"X-Forwarded-For", b"192.0.2.7")]
    await people.send("ed", "POST", "/entries", json={"markdown": "x"}, headers=headers)
    act, *_ = await people.acts()
    assert (act["address"], act["reason"]) == ("192.0.2.7", reason)


@pytest.mark.parametrize("reason", ["x" * 501, "UTF-8''a%0Ab"])
async def test_a_reason_is_one_line_of_a_limited_length(people: People, reason: str):
    answer = await people.clients["ed"].post(
        "/api/blogs/council/entries", json={"markdown": "x"}, headers={"stoppress-reason": reason}
    )
    assert answer.status_code == 400
    assert "one line of at most 500 characters" in answer.json()["detail"]
    assert [act["action"] for act in await people.acts()] == ["create_blog"]


async def test_what_was_refused_or_repeated_is_in_no_act(people: People):
    for _ in range(3):
        await people.send("ed", "POST", "/entries", json={"markdown": "x"}, headers={"idempotency-key": "k"})
    for name, status in (("cy", 403), ("rea", 403)):
        answer = await people.clients[name].post("/api/blogs/council/entries", json={"markdown": "x"})
        assert answer.status_code == status
    refused = {"if-match": '"7"'}
    assert (await people.clients["ed"].patch("/api/blogs/council", json={}, headers=refused)).status_code == 412
    assert [act["action"] for act in await people.acts()] == ["publish", "create_blog"]


async def test_acts_are_read_in_pages_in_both_directions(people: People):
    for number in range(7):
        await people.post("ed", title=str(number))
    client = people.clients["ada"]
    for begin in ("/api/audit?blog=council&limit=3", "/api/audit?blog=council&limit=3&after=0"):
        ids, address = [], begin
        while address:
            page = (await client.get(address)).json()
            ids += [act["id"] for act in page["acts"]]
            address = page.get("next")
        assert len(set(ids)) == len(ids) == 8
        assert ids == sorted(ids, reverse="after" not in begin)


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("after=x", "`after`"),
        ("before=-1", "`before`"),
        ("before=", "`before`"),
        ("limit=0", "`limit`"),
        ("x=1", "Unknown parameter"),
    ],
)
async def test_a_wrong_query_of_the_audit_is_explained(people: People, query: str, detail: str):
    answer = await people.clients["ada"].get(f"/api/audit?{query}")
    assert answer.status_code == 400
    assert detail in answer.json()["detail"]


@pytest.mark.parametrize("name", ["ed", "cy", "rea"])
async def test_only_admins_read_the_audit(people: People, name: str):
    answer = await people.clients[name].get("/api/audit", params={"blog": "council"})
    assert answer.status_code == 403
    assert "may not read the audit. That needs the role admin." in answer.json()["detail"]


async def test_a_scheduled_entry_is_published_by_the_server(people: People, eventually):
    await people.post("ed", status="scheduled", publish_at="2020-01-01T00:00:00Z")

    async def published() -> dict[str, Any] | None:
        act, *_ = await people.acts()
        return act if act["action"] == "publish" else None

    act = await eventually(published)
    assert act["who"] == {"kind": "node", "name": "stoppress"}
    assert "address" not in act


async def test_versions_have_author_time_and_content(people: People):
    entry = await people.post("cy", status="draft", markdown="one")
    await people.send("ed", "PATCH", f"/entries/{entry}", json={"markdown": "two"})
    await people.send("ed", "PATCH", f"/entries/{entry}", json={"status": "published"})
    versions = await people.versions(entry)
    shown = [(one["version"], one["who"]["name"], one["entry"]["status"], one["entry"]["markdown"]) for one in versions]
    assert shown == [(3, "ed", "published", "two"), (2, "ed", "draft", "two"), (1, "cy", "draft", "one")]
    assert [one["entry"]["version"] for one in versions] == [3, 2, 1]
    assert sorted((one["at"] for one in versions), reverse=True) == [one["at"] for one in versions]


async def test_versions_are_read_in_pages(people: People):
    entry = await people.post("ed")
    for number in range(6):
        await people.send("ed", "PATCH", f"/entries/{entry}", json={"title": str(number)})
    numbers, address = [], f"/api/blogs/council/entries/{entry}/versions?limit=3"
    while address:
        page = (await people.clients["ed"].get(address)).json()
        numbers += [one["version"] for one in page["versions"]]
        address = page.get("next")
    assert numbers == [7, 6, 5, 4, 3, 2, 1]


async def test_a_contributor_reads_versions_of_its_own_drafts_only(people: People):
    own, other = await people.post("cy", status="draft"), await people.post("ed", status="draft")
    assert len(await people.versions(own, "cy")) == 1
    await people.send("ed", "PATCH", f"/entries/{own}", json={"status": "published"})
    for name in ("cy", "rea"):
        for entry in (own, other):
            answer = await people.clients[name].get(f"/api/blogs/council/entries/{entry}/versions")
            assert answer.status_code == 403, name


async def test_a_retracted_entry_has_only_its_tombstone(people: People):
    entry = await people.post("ed", markdown="secret")
    await people.send("ed", "PATCH", f"/entries/{entry}", json={"markdown": "secret too"})
    await people.send("ed", "DELETE", f"/entries/{entry}")
    (only,) = await people.versions(entry)
    assert (only["version"], only["who"]["name"], only["entry"]["status"]) == (3, "ed", "retracted")
    assert "secret" not in str(only)


@pytest.mark.parametrize("address", ["nowhere/entries/x/versions", "council/entries/header/versions"])
async def test_there_are_no_versions_of_what_does_not_exist(people: People, address: str):
    assert (await people.clients["ed"].get(f"/api/blogs/{address}")).status_code == 404
