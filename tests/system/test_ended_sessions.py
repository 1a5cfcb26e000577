"""Ended sessions, removed people and changed roles are effective on all nodes within seconds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import httpx
import pytest

from loadtest.chaos.stage.proxy import NetworkLink
from tests.support.node import ADMIN_KEY, RunningNode
from tests.support.people import browser, make_person, sign_in
from tests.support.tries import tries
from tests.system.conftest import BLOG

pytestmark = [pytest.mark.redis, pytest.mark.slow]

PEOPLE = tries(6)
"""Of each kind of revocation."""

LIMIT = 5.0
"""Seconds within which a revocation is effective everywhere."""

Revoke = Callable[[httpx.AsyncClient, str, httpx.AsyncClient], Awaitable[httpx.Response]]


async def write(person: httpx.AsyncClient) -> httpx.Response:
    return await person.post(f"/api/blogs/{BLOG}/entries", json={"markdown": "x"})


async def pair(nodes: list[RunningNode], name: str) -> list[httpx.AsyncClient]:
    """Return a person's browser at each node, with one session."""
    first = await sign_in(nodes[0], name)
    secret, token = first.headers["cookie"].partition("=")[2], first.headers["stoppress-csrf"]
    return [first, browser(nodes[1], secret, token)]


async def end_session(admin: httpx.AsyncClient, _name: str, person: httpx.AsyncClient) -> httpx.Response:
    session = (await person.get("/api/session")).json()["session"]
    return await admin.delete(f"/api/sessions/{session}")


async def sign_out(_admin: httpx.AsyncClient, _name: str, person: httpx.AsyncClient) -> httpx.Response:
    return await person.delete("/api/session")


async def remove_person(admin: httpx.AsyncClient, name: str, _person: httpx.AsyncClient) -> httpx.Response:
    return await admin.delete(f"/api/people/{name}")


async def disable_person(admin: httpx.AsyncClient, name: str, _person: httpx.AsyncClient) -> httpx.Response:
    return await admin.put(f"/api/people/{name}", json={"role": "editor", "disabled": True})


async def change_role(admin: httpx.AsyncClient, name: str, _person: httpx.AsyncClient) -> httpx.Response:
    return await admin.put(f"/api/people/{name}", json={"role": "contributor"})


async def change_blogs(admin: httpx.AsyncClient, name: str, _person: httpx.AsyncClient) -> httpx.Response:
    return await admin.put(f"/api/people/{name}", json={"role": "editor", "blogs": ["sport-*"]})


@pytest.mark.parametrize(
    ("what", "revoke", "status"),
    [
        ("sessions ended by an admin", end_session, 401),
        ("sessions ended by signing out", sign_out, 401),
        ("removed people", remove_person, 401),
        ("disabled people", disable_person, 401),
        ("changed roles", change_role, 403),
        ("changed blogs", change_blogs, 403),
    ],
)
async def test_a_revocation_is_effective_on_both_nodes(
    nodes: list[RunningNode], figure: Callable[[str], None], what: str, revoke: Revoke, status: int
):
    async with nodes[0].editor(key=ADMIN_KEY) as admin:
        people = {}
        for number in range(PEOPLE):
            await make_person(nodes[0], f"person-{number}")
            people[f"person-{number}"] = await pair(nodes, f"person-{number}")

        async def measure(name: str) -> float:
            assert [(await write(browser)).status_code for browser in people[name]] == [201, 201]
            assert (await revoke(admin, name, people[name][0])).status_code in (200, 204)
            began = time.monotonic()
            return max(await asyncio.gather(*(refused_after(browser, status, began) for browser in people[name])))

        taken = sorted(await asyncio.gather(*map(measure, people)))
        for browsers in people.values():
            for one in browsers:
                await one.aclose()
    median, slowest = taken[PEOPLE // 2], taken[-1]
    figure(f"{what} on two nodes with open connections: {PEOPLE}; median {median:.2f} s, slowest {slowest:.2f} s")
    assert slowest <= LIMIT


async def refused_after(person: httpx.AsyncClient, status: int, began: float) -> float:
    """Return the seconds until a node refuses a person who goes on writing over one connection."""
    while (answer := await write(person)).status_code == 201:
        await asyncio.sleep(0.02)
    assert answer.status_code == status, answer.text
    return time.monotonic() - began


async def test_a_node_that_cannot_ask_the_store_refuses_what_it_cannot_check(
    nodes: list[RunningNode], link: NetworkLink, eventually, figure: Callable[[str], None]
):
    await make_person(nodes[0], "ann")
    here, there = await pair(nodes, "ann")
    async with here, there:
        assert [(await write(browser)).status_code for browser in (here, there)] == [201, 201]
        link.refuses = True
        link.cut()
        began = time.monotonic()
        assert (await here.delete("/api/session")).status_code == 204

        async def status() -> int:
            return (await there.get("/api/session")).status_code

        while (found := await status()) == 200:
            await asyncio.sleep(0.02)
        taken = time.monotonic() - began
        assert found == 503, "it does not know"
        figure(f"a session ended while a node could not reach Redis: refused there with 503 after {taken:.2f} s")
        assert taken <= LIMIT
        link.heal()
        await eventually(lambda: _is(status, 401))


async def _is(status: Callable[[], Awaitable[int]], expected: int) -> bool:
    return await status() == expected
