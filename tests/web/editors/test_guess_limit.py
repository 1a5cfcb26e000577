"""Guessing is slow: wrong keys are limited by address, on all nodes together."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import httpx
import pytest
from starlette.requests import Request

from stoppress.access.secret import new_secret
from stoppress.errors import StoreUnavailable
from stoppress.store.accounts.port import Accounts, Counted
from stoppress.telemetry.counts import Counts
from stoppress.web.admission.addresses import Addresses
from stoppress.web.editors import guess_limit
from stoppress.web.editors.guess_limit import GuessLimit
from stoppress.web.problems import HTTPError
from tests.conftest import StartNode
from tests.support.clock import Clock
from tests.support.node import ADMIN_KEY, RunningNode
from tests.support.redis_servers import RedisServer

ANN, BOB = "192.0.2.1", "192.0.2.2"


class Away:
    """Accounts that do not answer."""

    async def count(self, *_: object) -> Counted:
        raise StoreUnavailable("away")


def limit_of(accounts: object, clock: Clock | None = None, counts: Counts | None = None) -> GuessLimit:
    """Return the limit of one node: three wrong keys a minute."""
    return GuessLimit(3, cast(Accounts, accounts), Addresses("10.0.0.0/8"), counts or Counts(), clock=clock or Clock())


def request(address: str = ANN, forwarded_for: str = "") -> Request:
    headers = [(b"x-forwarded-for", forwarded_for.encode())] if forwarded_for else []
    return Request({"type": "http", "client": (address, 1234), "headers": headers})


async def is_refused(limit: GuessLimit, secret: str, *, right: bool = False, of: Request | None = None) -> bool:
    """Send a key, right or wrong, and return whether the address was refused before anyone looked at it."""
    attempt = limit.attempt(of or request(), secret)
    refusal: HTTPError | None = None
    try:
        await attempt.begin()
    except HTTPError as error:
        refusal = error
    if refusal:
        assert refusal.status == 429
        assert 1 <= int(refusal.headers["retry-after"]) <= 60
        return True
    if right:
        attempt.right()
    else:
        await attempt.wrong()
    return False


async def refused(limit: GuessLimit, number: int, **options: Any) -> int:
    return sum([await is_refused(limit, f"wrong-{guess}", **options) for guess in range(number)])


async def test_an_address_with_too_many_wrong_keys_is_refused_whatever_it_sends(accounts: Accounts):
    counts = Counts()
    limit = limit_of(accounts, counts=counts)
    assert await refused(limit, 10) == 7
    assert counts.rejections["too_many_guesses"] == 7
    assert await is_refused(limit, "right", right=True), "else guessing would go on"
    assert not await is_refused(limit, "right", right=True, of=request(BOB))


async def test_the_nodes_count_together(accounts: Accounts):
    nodes = [limit_of(accounts) for _ in range(4)]
    assert [await is_refused(node, f"wrong-{number}") for number, node in enumerate(nodes)] == [False] * 3 + [True]
    assert [await is_refused(node, "right", right=True) for node in nodes] == [True] * 4


async def test_without_the_store_each_node_counts_for_itself():
    nodes = [limit_of(Away()) for _ in range(2)]
    assert [await refused(node, 10) for node in nodes] == [7, 7]


async def test_the_limit_ends_with_the_window(monkeypatch: pytest.MonkeyPatch, accounts: Accounts, eventually):
    monkeypatch.setattr(guess_limit, "WINDOW_SECONDS", 1)
    clock = Clock()
    limit = limit_of(accounts, clock)
    assert await refused(limit, 4) == 1

    async def store_has_forgotten() -> bool:
        return (await accounts.count(limit._counter(ANN), 1, 0)).events == 0

    await eventually(store_has_forgotten)
    assert await is_refused(limit, "wrong")
    clock.now += 1.1
    assert await refused(limit, 4) == 1


async def test_a_key_that_has_worked_goes_on_working_and_right_keys_do_not_count(accounts: Accounts):
    clock = Clock()
    limit = limit_of(accounts, clock)
    assert not any([await is_refused(limit, "known", right=True) for _ in range(10)])
    assert not any([await is_refused(limit, f"right-{number}", right=True) for number in range(10)])
    assert await refused(limit, 4) == 1
    assert not await is_refused(limit, "known", right=True)
    assert await is_refused(limit, "known", right=True, of=request("10.1.2.3", ANN)) is False, "the proxy is believed"
    assert not await is_refused(limit, "known", right=True, of=request(BOB)), "another address"
    assert not await is_refused(limit, "known", right=False), "it was revoked meanwhile"
    assert await is_refused(limit, "known", right=False), "and is now like any other"


async def test_a_key_is_forgotten_if_it_is_not_used(accounts: Accounts):
    clock = Clock()
    limit = limit_of(accounts, clock)
    assert not await is_refused(limit, "known", right=True)
    clock.now += 12 * 3600 + 1
    assert await refused(limit, 4) == 1
    assert await is_refused(limit, "known", right=True)


async def test_requests_at_the_same_time_do_not_pass_together(accounts: Accounts):
    limit = limit_of(accounts)
    attempts = [limit.attempt(request(), f"wrong-{number}") for number in range(50)]
    outcomes = await asyncio.gather(*(attempt.begin() for attempt in attempts), return_exceptions=True)
    assert [outcome for outcome in outcomes if outcome is None] == [None] * 3


async def test_a_right_key_may_begin_with_many_requests_at_once(accounts: Accounts):
    limit = limit_of(accounts)
    attempts = [limit.attempt(request(), "right") for _ in range(50)]
    await asyncio.gather(*(attempt.begin() for attempt in attempts))
    for attempt in attempts:
        attempt.right()
    assert await refused(limit, 10) == 7, "none of them counts"


async def test_a_key_that_cannot_be_checked_does_not_count(accounts: Accounts):
    limit = limit_of(accounts)
    for number in range(10):
        attempt = limit.attempt(request(), f"key-{number}")
        await attempt.begin()
        attempt.unknown()
    assert await refused(limit, 10) == 7


async def test_one_household_counts_as_one_address(accounts: Accounts):
    limit = limit_of(accounts)
    found = [await is_refused(limit, f"w{n}", of=request(f"2001:db8::{n}")) for n in range(1, 6)]
    assert found == [False] * 3 + [True] * 2
    lies = [await is_refused(limit, f"w{n}", of=request(BOB, f"198.51.100.{n}")) for n in range(5)]
    assert lies == [False] * 3 + [True] * 2, "a client that is not a proxy is not believed"


async def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(guess_limit, "_MAX_ADDRESSES", 5)
    monkeypatch.setattr(guess_limit, "_MAX_PROVEN", 5)
    limit = limit_of(Away())
    for number in range(20):
        await is_refused(limit, "wrong", of=request(f"198.51.100.{number}"))
        await is_refused(limit, "right", right=True, of=request(f"198.51.100.{number}"))
    assert (len(limit._windows), len(limit._proven), len(limit._pending)) == (5, 5, 0)


async def test_no_limit():
    limit = GuessLimit(0, cast(Accounts, Away()), Addresses(), Counts())
    assert await refused(limit, 100) == 0


# Over HTTP


async def answer_to(node: RunningNode, key: str, **headers: str) -> httpx.Response:
    async with node.editor(key=key) as client:
        return await client.get("/api/blogs", headers=headers)


@pytest.mark.redis
async def test_two_nodes_refuse_an_address_together(start_node: StartNode, redis_server: RedisServer):
    redis_server.flush()
    settings = {"STOPPRESS_MAX_GUESSES": "4", "STOPPRESS_TRUSTED_PROXIES": "127.0.0.1"}
    nodes = [await start_node(redis_server.node_url, **settings) for _ in range(2)]
    ann, bob = {"x-forwarded-for": ANN}, {"x-forwarded-for": BOB}
    assert (await answer_to(nodes[0], ADMIN_KEY, **ann)).status_code == 200
    wrong = [
        await answer_to(nodes[number % 2], secret, **ann) for number, secret in enumerate(["a", "b", new_secret()])
    ]
    wrong += [await answer_to(nodes[1], new_secret()[:-1] + "-", **ann)]
    assert [answer.status_code for answer in wrong] == [401] * 4
    refused = [await answer_to(nodes[1], key, **ann) for key in (ADMIN_KEY, "c", new_secret())]
    assert [answer.status_code for answer in refused] == [429] * 3
    assert len({answer.json()["detail"].partition("Wait")[0] for answer in refused}) == 1, "equal words"
    assert all(1 <= int(answer.headers["retry-after"]) <= 60 for answer in refused)
    assert (await answer_to(nodes[0], ADMIN_KEY, **ann)).status_code == 200, "it has worked there before"
    assert (await answer_to(nodes[0], "c", **ann)).status_code == 429
    assert (await answer_to(nodes[1], ADMIN_KEY, **bob)).status_code == 200
    async with nodes[1].editor() as client:
        del client.headers["authorization"]
        assert (await client.get("/api/blogs", headers=ann)).status_code == 401, "no key is not a guess"
        assert (await client.get("/", headers=ann)).status_code == 200, "readers are not concerned"
