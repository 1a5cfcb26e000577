"""Signing in with a password, requests by cookie, and signing out."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.conftest import StartNode
from tests.support.node import ADMIN_KEY, RunningNode, sqlite_url
from tests.support.people import (
    COOKIE,
    PASSWORD,
    browser,
    cookie_of,
    make_person,
    post_password,
    sign_in,
    stranger,
)

BLOG = "election"
ENTRIES = f"/api/blogs/{BLOG}/entries"
DRAFT = {"markdown": "x", "status": "draft"}


@pytest.fixture(scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningNode]:
    # All people here sign in from one address; the limits have nodes of their own below.
    settings = {"STOPPRESS_MAX_GUESSES": "0", "STOPPRESS_API_ORIGINS": "https://cms.example.org"}
    async with RunningNode(sqlite_url(tmp_path_factory.mktemp("store")), None, **settings) as node:
        await node.make_blog(BLOG)
        for name, role in (("ann", "editor"), ("cora", "contributor"), ("root", "admin")):
            await make_person(node, name, role)
        yield node


@pytest.fixture
async def ann(node: RunningNode) -> AsyncIterator[httpx.AsyncClient]:
    async with await sign_in(node, "ann") as client:
        yield client


async def test_a_sign_in_gives_a_cookie_that_only_this_host_gets(node: RunningNode):
    answer = await post_password(node, "ann")
    assert answer.status_code == 201
    cookie, *attributes = answer.headers["set-cookie"].split("; ")
    assert cookie.startswith(f"{COOKIE}=")
    assert attributes == ["Path=/", "Max-Age=43200", "HttpOnly", "Secure", "SameSite=Strict"]
    assert answer.headers["cache-control"] == "no-store"
    session = answer.json()
    assert cookie_of(answer) not in answer.text
    shown = {name: session[name] for name in ("name", "display_name", "kind", "role", "blogs")}
    assert shown == {"name": "ann", "display_name": "ann", "kind": "person", "role": "editor", "blogs": ["*"]}
    async with browser(node, cookie_of(answer)) as client:
        assert (await client.get("/api/session")).json() == session


async def test_a_person_works_with_a_cookie_as_with_a_key(node: RunningNode, ann: httpx.AsyncClient):
    made = await ann.post(ENTRIES, json=DRAFT)
    assert (made.status_code, made.json()["created_by"]) == (201, "person:ann")
    assert (await ann.patch(made.headers["location"], json={"status": "published"})).status_code == 200
    assert (await ann.get("/api/people")).status_code == 403
    async with await sign_in(node, "cora") as cora:
        assert (await cora.post(ENTRIES, json=DRAFT)).status_code == 201
        refused = await cora.post(ENTRIES, json={"markdown": "x"})
    assert refused.status_code == 403
    assert refused.json()["detail"].startswith("Person 'cora' has the role contributor")


async def test_a_key_says_who_it_is_and_counts_before_a_cookie(node: RunningNode, ann: httpx.AsyncClient):
    async with node.editor(key=ADMIN_KEY) as root:
        current = (await root.get("/api/session")).json()
        assert (current["kind"], current["name"], current["csrf_token"]) == ("key", "root", None)
        signed_out = await root.delete("/api/session")
        assert (signed_out.status_code, "set-cookie" in signed_out.headers) == (204, False)
    both = await ann.get("/api/session", headers={"authorization": f"Bearer {ADMIN_KEY}"})
    assert both.json()["name"] == "root"
    wrong = await ann.get("/api/session", headers={"authorization": "Bearer wrong"})
    assert wrong.status_code == 401


# Wrong names and passwords


async def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(node: RunningNode):
    await make_person(node, "gone", disabled=True)
    answers = [
        await post_password(node, name, password)
        for name, password in (("ann", "wrong password"), ("nobody", PASSWORD), ("gone", PASSWORD), ("\x00", ""))
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["detail"] == "The name or the password is wrong."
    kept = [{name: value for name, value in one.headers.items() if name != "date"} for one in answers]
    assert kept[0] == kept[1] == kept[2] and "set-cookie" not in kept[0]


async def test_a_wrong_name_takes_as_long_as_a_wrong_password(node: RunningNode, figure):
    times: dict[str, list[float]] = {"ann": [], "nobody": []}
    for _ in range(15):
        for name, taken in times.items():
            began = time.perf_counter()
            await post_password(node, name, "wrong password")
            taken.append(time.perf_counter() - began)
    known, unknown = (statistics.median(taken) for taken in times.values())
    figure(f"sign-in: wrong password {known * 1000:.0f} ms, wrong name {unknown * 1000:.0f} ms, median of 15")
    assert 0.5 < known / unknown < 2


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        ({}, 422, "The body needs the field `name`."),
        ({"name": "ann"}, 422, "The body needs the field `password`."),
        ({"name": 1, "password": "x"}, 422, "`name` must be text of at most 200 characters; got 1."),
        ({"name": "a" * 201, "password": "x"}, 422, "`name` must be text of at most 200 characters"),
        ({"name": "ann", "password": "x" * 1001}, 422, "`password` must be text of at most 1000 characters"),
        ({"name": "ann", "password": "x", "more": 1}, 422, "Unknown field `more`."),
        ([], 422, "The body must be an object"),
    ],
)
async def test_a_malformed_sign_in_is_told_what_to_do(node: RunningNode, body: object, status: int, detail: str):
    async with stranger(node) as client:
        answer = await client.post("/api/session", json=body)
    assert answer.status_code == status
    assert answer.json()["detail"].startswith(detail)
    async with stranger(node) as client:
        form = await client.post("/api/session", data={"name": "ann", "password": PASSWORD})
    assert form.status_code == 415, "forms of other sites cannot send JSON"


async def test_pages_of_other_sites_cannot_sign_anybody_in(node: RunningNode):
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site", "origin": node.url},
        {"sec-fetch-site": "same-site"},
    ):
        answer = await post_password(node, "ann", **headers)
        assert answer.status_code == 403
        assert "another site" in answer.json()["detail"]
    assert (await post_password(node, "ann", **{"sec-fetch-site": "same-origin"})).status_code == 201


# Writes by cookie


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"origin": None}, "must come from a page of this site"),
        ({"origin": "https://evil.example"}, "must come from a page of this site"),
        ({"origin": "null"}, "must come from a page of this site"),
        ({"origin": "http://[evil"}, "must come from a page of this site"),
        ({"sec-fetch-site": "cross-site"}, "must come from a page of this site"),
        ({"sec-fetch-site": "same-site"}, "must come from a page of this site"),
        ({"sec-fetch-site": "none"}, "must come from a page of this site"),
        ({"stoppress-csrf": None}, "The header `Stoppress-CSRF` is missing."),
        ({"stoppress-csrf": "wrong"}, "The header `Stoppress-CSRF` is not that of this session."),
    ],
)
async def test_a_write_by_cookie_needs_the_right_origin_and_the_token(
    ann: httpx.AsyncClient, changes: dict[str, str | None], detail: str
):
    for name, value in changes.items():
        if value is None:
            del ann.headers[name]
        else:
            ann.headers[name] = value
    for write in (ann.post(ENTRIES, json=DRAFT), ann.delete("/api/session")):
        answer = await write
        assert answer.status_code == 403, answer.text
        assert detail in answer.json()["detail"]
    assert (await ann.get(ENTRIES)).status_code == 200, "reading needs neither"


async def test_sec_fetch_site_is_enough_without_an_origin(ann: httpx.AsyncClient):
    del ann.headers["origin"]
    ann.headers["sec-fetch-site"] = "same-origin"
    assert (await ann.post(ENTRIES, json=DRAFT)).status_code == 201


async def test_the_token_of_another_session_is_refused(node: RunningNode, ann: httpx.AsyncClient):
    async with await sign_in(node, "ann") as other:
        ann.headers["stoppress-csrf"] = other.headers["stoppress-csrf"]
    assert (await ann.post(ENTRIES, json=DRAFT)).status_code == 403


async def test_pages_of_other_origins_never_get_credentials(ann: httpx.AsyncClient):
    asked = {
        "origin": "https://cms.example.org",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
    }
    answers = [
        await ann.options("/api/session", headers=asked),
        await ann.get("/api/session", headers={"origin": "https://cms.example.org"}),
    ]
    assert all("access-control-allow-credentials" not in answer.headers for answer in answers)
    asked["access-control-request-headers"] = "stoppress-csrf"
    assert (await ann.options(ENTRIES, headers=asked)).status_code == 400


# The end of sessions


async def test_signing_out_ends_the_session_everywhere(node: RunningNode, ann: httpx.AsyncClient):
    async with browser(node, ann.headers["cookie"].partition("=")[2]) as copy:
        assert (await copy.get("/api/session")).status_code == 200
        answer = await ann.delete("/api/session")
        assert answer.status_code == 204
        assert answer.headers["set-cookie"].startswith(f"{COOKIE}=; Path=/; Max-Age=0;")
        for client in (ann, copy):
            refused = await client.get("/api/session")
            assert refused.status_code == 401
            assert refused.json()["detail"] == "The session has ended. Sign in again."
            assert "Max-Age=0" in refused.headers["set-cookie"]


async def test_nobody_can_choose_the_session_of_somebody_else(node: RunningNode):
    """Session fixation."""
    async with stranger(node) as attacker:
        chosen = "A" * 43
        attacker.headers["cookie"] = f"{COOKIE}={chosen}"
        answer = await attacker.post("/api/session", json={"name": "ann", "password": PASSWORD})
        assert answer.status_code == 201
        assert cookie_of(answer) != chosen
        assert (await attacker.get("/api/session")).status_code == 401


async def test_a_sign_in_renews_the_session(node: RunningNode, ann: httpx.AsyncClient):
    before = ann.headers["cookie"]
    answer = await ann.post("/api/session", json={"name": "cora", "password": PASSWORD})
    assert answer.status_code == 201
    assert cookie_of(answer) not in before
    assert answer.json()["csrf_token"] != ann.headers["stoppress-csrf"]
    assert (await ann.get("/api/session")).status_code == 401, "the one before has ended"


async def test_a_cookie_that_was_never_given_is_refused(node: RunningNode):
    for secret in ("x", "A" * 43, '"quoted"', "A" * 5_000):
        async with browser(node, secret) as client:
            assert (await client.get("/api/session")).status_code == 401


async def test_people_see_and_end_their_sessions(node: RunningNode):
    agent = {"user-agent": "Firefox on the other desk"}
    async with (
        await sign_in(node, "cora", **agent) as cora,
        await sign_in(node, "cora") as here,
        await sign_in(node, "root") as root,
        await sign_in(node, "ann") as ann,
    ):
        sessions = (await here.get("/api/sessions")).json()["sessions"]
        assert {one["person"] for one in sessions} == {"cora"}
        (other,) = [one for one in sessions if one["user_agent"] == agent["user-agent"]]
        assert other["address"] == "127.0.0.1"
        refused = await ann.delete(f"/api/sessions/{other['id']}")
        assert refused.status_code == 403
        assert (await here.delete(f"/api/sessions/{other['id']}")).status_code == 204
        assert (await cora.get("/api/session")).status_code == 401
        first = (await root.get("/api/sessions", params={"limit": 1})).json()
        assert len(first["sessions"]) == 1 and (await root.get(first["next"])).status_code == 200
        everybody = (await root.get("/api/sessions", params={"limit": 500})).json()["sessions"]
        assert {"ann", "cora", "root"} <= {one["person"] for one in everybody}
        for wrong in ("", "x", "\x00", "0" * 65):
            assert (await root.get("/api/sessions", params={"after": wrong})).status_code == 400
        own = (await here.get("/api/session")).json()["session"]
        assert (await root.delete(f"/api/sessions/{own}")).status_code == 204
        assert (await here.get("/api/session")).status_code == 401
        assert (await root.delete(f"/api/sessions/{own}")).status_code == 404


async def test_readers_never_get_a_cookie(node: RunningNode, ann: httpx.AsyncClient):
    await ann.post(ENTRIES, json={"markdown": "x"})
    async with stranger(node) as reader:
        for address in ("/", f"/blogs/{BLOG}", f"/blogs/{BLOG}/changes", f"/blogs/{BLOG}.atom", "/blogs", "/nothing"):
            for client in (reader, ann):
                assert "set-cookie" not in (await client.get(address)).headers
    cookie = {"cookie": ann.headers["cookie"]}
    async with connect(f"{node.websocket_url}/blogs/{BLOG}/live", additional_headers=cookie) as connection:
        assert connection.response is not None and "set-cookie" not in connection.response.headers


# Guessing is slow


async def test_wrong_passwords_from_an_address_are_limited_on_all_nodes(start_node: StartNode, redis_server):
    redis_server.flush()
    nodes = [await start_node(f"redis://127.0.0.1:{redis_server.port}/0", STOPPRESS_MAX_GUESSES="4") for _ in range(2)]
    await make_person(nodes[0], "ann")
    answers = await asyncio.gather(*(post_password(nodes[n % 2], f"name-{n}", "wrong password") for n in range(16)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses.count(401) <= 2 * 4 and statuses[-1] == 429
    refused = await post_password(nodes[1], "ann")
    assert refused.status_code == 429, "also the right one"
    assert 0 < int(refused.headers["retry-after"]) <= 60
    samples = await nodes[1].samples()
    assert samples["stoppress_refusals_total", "too_many_guesses"] > 0


async def test_passwords_for_a_name_are_limited_on_all_nodes(start_node: StartNode, redis_server):
    redis_server.flush()
    store = f"redis://127.0.0.1:{redis_server.port}/0"
    nodes = [await start_node(store, STOPPRESS_TRUSTED_PROXIES="127.0.0.0/8") for _ in range(2)]
    await make_person(nodes[0], "ann")
    home = {"x-forwarded-for": "192.0.2.1"}
    assert (await post_password(nodes[0], "ann", **home)).status_code == 201
    for name, left in (("ann", 9), ("nobody", 10)):  # the right one counts as well
        guesses = [
            post_password(nodes[n % 2], name, "wrong password", **{"x-forwarded-for": f"198.51.100.{n}"})
            for n in range(20)
        ]
        answers = await asyncio.gather(*guesses)
        assert sorted(answer.status_code for answer in answers) == [401] * left + [429] * (20 - left)
    refused = await post_password(nodes[0], "ann", **{"x-forwarded-for": "198.51.100.99"})
    assert refused.status_code == 429
    assert refused.json()["detail"].startswith("Too many passwords were tried for this name. Wait ")
    assert 0 < int(refused.headers["retry-after"]) <= 600
    assert (await post_password(nodes[1], "ann", **home)).status_code == 201, "nobody can lock ann out at home"


async def test_many_sign_ins_at_once_leave_the_node_responsive(start_node: StartNode, figure):
    node = await start_node(STOPPRESS_MAX_GUESSES="0")
    await node.make_blog(BLOG)
    taken = []
    async with stranger(node) as reader, stranger(node) as crowd:
        names = ({"name": f"name-{number}", "password": "wrong password"} for number in range(100))
        tries = asyncio.gather(*(crowd.post("/api/session", json=form) for form in names))
        while not tries.done():
            began = time.monotonic()
            assert (await reader.get(f"/blogs/{BLOG}/changes")).status_code == 200
            taken.append(time.monotonic() - began)
        answers = await tries
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {401, 503}
    assert all(answer.headers["retry-after"] == "1" for answer in answers if answer.status_code == 503)
    median, slowest = statistics.median(taken), max(taken)
    figure(
        f"100 sign-ins at once: {statuses.count(503)} told to come back; a reader's {len(taken)} requests took "
        f"{median * 1000:.0f} ms in the median, {slowest * 1000:.0f} ms at most"
    )
    assert median < 0.25


async def test_the_desk_learns_how_long_it_may_take_back_a_publication(node: RunningNode, start_node: StartNode):
    async with node.editor() as editor:
        assert (await editor.get("/api/session")).json()["undo_seconds"] == 0
    other = await start_node(STOPPRESS_UNDO_SECONDS="10")
    async with other.editor() as editor:
        assert (await editor.get("/api/session")).json()["undo_seconds"] == 10
