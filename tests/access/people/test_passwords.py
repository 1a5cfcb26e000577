"""Passwords: their hashes, and how much work they may be."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest
from argon2 import extract_parameters

from stoppress.access.people import passwords as module
from stoppress.access.people.passwords import NOBODYS_HASH, Passwords
from stoppress.errors import TooManySignIns

PASSWORD = "correct horse battery"


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    passwords = Passwords()
    yield passwords
    passwords.close()


async def test_a_password_has_its_hash_and_no_other(passwords: Passwords):
    one, other = await passwords.hashed(PASSWORD), await passwords.hashed(PASSWORD)
    assert one != other, "salt"
    assert one.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await passwords.is_right(PASSWORD, one)
    assert not await passwords.is_right(PASSWORD + " ", one)
    assert not await passwords.is_right("", one)
    for broken in ("", "x", "$argon2id$v=19$m=19456,t=2,p=1$x$y"):
        assert not await passwords.is_right(PASSWORD, broken)


async def test_without_a_hash_the_same_work_is_done(passwords: Passwords, monkeypatch: pytest.MonkeyPatch):
    assert extract_parameters(NOBODYS_HASH) == extract_parameters(await passwords.hashed(PASSWORD))
    checked: list[str] = []

    def check(_password: str, hashed: str) -> bool:
        checked.append(hashed)
        return True

    monkeypatch.setattr(module, "_is_right", check)
    assert not await passwords.is_right(PASSWORD, None)
    assert checked == [NOBODYS_HASH]


async def test_the_event_loop_goes_on_while_passwords_are_checked(passwords: Passwords):
    hashed = await passwords.hashed(PASSWORD)
    checks = asyncio.gather(*(passwords.is_right(PASSWORD, hashed) for _ in range(10)))
    turns, began = 0, time.monotonic()
    while not checks.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert all(await checks)
    assert turns > 10, f"{turns} turns in {time.monotonic() - began:.3f} s"


async def test_few_are_checked_at_a_time_and_few_wait(passwords: Passwords, monkeypatch: pytest.MonkeyPatch):
    release, at_work, most = threading.Event(), [0], [0]

    def check(*_: object) -> bool:
        at_work[0] += 1
        most[0] = max(most[0], at_work[0])
        release.wait()
        at_work[0] -= 1
        return True

    monkeypatch.setattr(module, "_is_right", check)
    checks = [asyncio.create_task(passwords.is_right(PASSWORD, "x")) for _ in range(32)]
    await asyncio.sleep(0)
    with pytest.raises(TooManySignIns, match="Try again in a second"):
        await passwords.is_right(PASSWORD, "x")
    checks[31].cancel()
    await asyncio.gather(checks[31], return_exceptions=True)
    checks[31] = asyncio.create_task(passwords.is_right(PASSWORD, "x"))
    release.set()
    assert all(await asyncio.gather(*checks)), "one that went away left its place"
    assert most == [2]
