"""Passwords that are tried for one name, on all nodes together."""

from __future__ import annotations

import asyncio

from stoppress.access.people.name_limit import MAX_TRIES, WINDOW_SECONDS, NameLimit
from stoppress.store.accounts.port import Accounts
from tests.support.clock import Clock


async def test_many_addresses_do_not_get_more_tries(accounts: Accounts, clock: Clock):
    nodes = [NameLimit(accounts, clock, is_on=True) for _ in range(2)]
    tries = [nodes[number % 2].take("ann", f"192.0.2.{number}") for number in range(30)]
    waits = await asyncio.gather(*tries)
    assert sorted(waits)[:MAX_TRIES] == [0] * MAX_TRIES
    assert all(0 < wait <= WINDOW_SECONDS for wait in sorted(waits)[MAX_TRIES:])
    assert await nodes[0].take("bob", "192.0.2.1") == 0


async def test_others_cannot_lock_out_who_has_signed_in_from_an_address_before(accounts: Accounts, clock: Clock):
    limit = NameLimit(accounts, clock, is_on=True)
    assert await limit.take("ann", "192.0.2.1") == 0
    await limit.succeeded("ann", "192.0.2.1")
    for _ in range(2 * MAX_TRIES):
        await limit.take("ann", "198.51.100.7")
    assert await limit.take("ann", "198.51.100.8") > 0
    own = [await limit.take("ann", "192.0.2.1") for _ in range(MAX_TRIES + 1)]
    assert own[:-1] == [0] * MAX_TRIES and own[-1] > 0, "there is a limit here as well"
    assert await limit.take("bob", "192.0.2.1") == 0, "it is known for ann alone"
    clock.now += 30 * 24 * 3600
    assert await limit.take("ann", "192.0.2.1") > 0, "it is not known for ever"


async def test_names_of_any_form_are_counted(accounts: Accounts, clock: Clock):
    limit = NameLimit(accounts, clock, is_on=True)
    for name in ("", "a\x00b", "é" * 300, "\ud800", "a/b c"):
        assert await limit.take(name, "192.0.2.1") == 0
        assert [await limit.take(name, "") for _ in range(MAX_TRIES)][-1] > 0


async def test_it_can_be_switched_off(accounts: Accounts, clock: Clock):
    limit = NameLimit(accounts, clock, is_on=False)
    await limit.succeeded("ann", "192.0.2.1")
    assert {await limit.take("ann", "192.0.2.1") for _ in range(3 * MAX_TRIES)} == {0}
