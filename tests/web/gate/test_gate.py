"""The gate with rights that are taken away, and the origins of pages."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any, cast
from unittest.mock import AsyncMock

import pytest
from starlette.requests import Request

from stoppress.access.identity import Identity
from stoppress.errors import Forbidden, StoppressError, StoreUnavailable, TokenNeeded
from stoppress.live.hub import Hub, Timing
from stoppress.live.passes import FOREVER
from stoppress.live.replica import Replica
from stoppress.store.sqlite.store import SQLiteStore
from stoppress.sync.follower import Follower
from stoppress.telemetry.counts import Counts
from stoppress.web.admission.addresses import Addresses
from stoppress.web.editors.auth import Authentication, Checks, Keys
from stoppress.web.editors.guess_limit import GuessLimit, TooManyGuesses
from stoppress.web.editors.origin import Origins
from stoppress.web.gate import gate as module
from stoppress.web.gate.credentials import ReaderOrigins, credential_of
from stoppress.web.gate.gate import Gate
from stoppress.web.gate.pass_check import PassCheck
from stoppress.web.problems import HTTPError
from tests.live.reader import Reader


def request(query: str = "", **headers: str) -> Request:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": query.encode(), "headers": raw})


class RevocableKeys(Authentication):
    """Keys of which one can be revoked, or not be checked for a while."""

    def __init__(self) -> None:
        addresses, accounts = Addresses(""), cast(Any, None)  # there is no limit of guesses, and no other key
        guesses = GuessLimit(0, accounts, addresses, Counts())
        checks = Checks(*cast(Any, (None, None, None)))
        super().__init__(Keys("rita:reader:secret-of-rita"), checks, guesses, Origins(addresses))
        self.error: StoppressError | None = None

    async def identify(self, request: Request) -> Identity:
        if self.error is not None:
            raise self.error
        return await super().identify(request)


class Held:
    """A held request that nothing happens to."""

    close_reason = None

    async def change(self, _hub: Hub, _cursor: Any, seconds: float) -> bool:
        await asyncio.sleep(min(seconds, 0.01))
        return False


class Fixture:
    def __init__(self, folder: Path) -> None:
        loop = asyncio.get_running_loop()
        self.keys = RevocableKeys()
        self.now = 1_000.0
        self.hub = Hub(Replica("closed"), Timing(loop.call_later, loop.time), os.write)
        self.hub.replica.opens_at = float("inf")
        follower = Follower(SQLiteStore(folder / "blogs.db"), lambda _blog: self.hub)
        self.gate = Gate(follower, self.keys, None, ReaderOrigins(), "stoppress_token", lambda: self.now)
        self.hub.passes.is_private = lambda: self.gate.is_private(self.hub.replica.opens_at)
        follower._ready["closed"] = self.hub

        follower.hub = AsyncMock(return_value=self.hub)  # type: ignore[method-assign]


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fixture:
    monkeypatch.setattr(module, "CHECK_SECONDS", 0.01)
    monkeypatch.setattr(module, "RECHECK_SECONDS", 0.01)
    return Fixture(tmp_path)


RITA = {"authorization": "Bearer secret-of-rita"}
REVOKED = HTTPError(401, "The API key is missing or wrong.")


async def test_a_connection_is_closed_when_its_key_is_revoked(world: Fixture, eventually):
    asked = request(**RITA)
    admitted = await world.gate.admit(asked, "closed")
    assert admitted.ends == FOREVER
    reader = Reader(1)
    reader.ends = FOREVER
    world.hub.join(reader)
    world.gate.watch_reader(reader, world.hub, asked)
    watching = asyncio.create_task(world.gate.watch())
    world.keys.error = StoreUnavailable("Redis is away.")
    await asyncio.sleep(0.1)
    assert reader.closed is None, "it may be valid"
    world.keys.error = REVOKED

    async def is_closed() -> bool:
        return reader.closed == 4403

    await eventually(is_closed)
    assert world.gate._revocable == {}
    watching.cancel()


async def test_a_reader_that_has_left_is_not_watched(world: Fixture, eventually):
    reader = Reader(1)
    reader.ends = FOREVER
    world.gate.watch_reader(reader, world.hub, request(**RITA))
    watching = asyncio.create_task(world.gate.watch())

    async def is_forgotten() -> bool:
        return world.gate._revocable == {}

    await eventually(is_forgotten)
    watching.cancel()


@pytest.mark.parametrize(
    ("error", "code"),
    [(REVOKED, 4403), (Forbidden("x"), 4403), (TokenNeeded("x"), 4401), (TooManyGuesses("token", 9), 4401)],
)
async def test_a_held_request_ends_when_its_right_is_taken_away(world: Fixture, error: StoppressError, code: int):
    asked = request(**RITA)
    check = PassCheck(world.gate, asked, await world.gate.admit(asked, "closed"), Held())  # type: ignore[arg-type]
    assert await check.close_reason() is None
    world.keys.error = error
    assert await check.close_reason() is None, "it was checked a moment ago"
    world.now += 2
    reason = await check.close_reason()
    assert reason is not None and reason.code == code
    world.hub.replica.opens_at = 0.0
    assert await check.close_reason() is None, "everybody may read now"


async def test_a_held_request_goes_on_while_its_right_cannot_be_checked(world: Fixture):
    asked = request(**RITA)
    check = PassCheck(world.gate, asked, await world.gate.admit(asked, "closed"), Held())  # type: ignore[arg-type]
    world.now += 2
    world.keys.error = StoreUnavailable("Redis is away.")
    assert await check.close_reason() is None
    assert await check.last(0.05) is False


async def test_a_check_that_becomes_due_between_two_looks_is_not_put_off(world: Fixture):
    asked, seconds = request(**RITA), []

    class WaitingHeld(Held):
        async def change(self, _hub: Hub, _cursor: Any, longest: float) -> bool:
            seconds.append(longest)
            return False

    held = cast(Any, WaitingHeld())
    check = PassCheck(world.gate, asked, await world.gate.admit(asked, "closed"), held)
    assert await check.close_reason() is None
    world.now += 2
    await check.change(None, 60)
    world.hub.replica.opens_at = 0.0
    await check.change(None, 60)
    assert seconds == [0.25, 60], "only a private blog has checks"


async def test_a_server_without_keys_for_tokens_says_so(world: Fixture):
    with pytest.raises(TokenNeeded, match="STOPPRESS_TOKEN_SECRET_FILE"):
        await world.gate.admit(request("token=x"), "closed")


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"origin": "https://live.example.org"}, True),
        ({"origin": "https://www.example.org"}, True),
        ({"origin": "HTTPS://WWW.example.org"}, True),
        ({"origin": "http://proxied:8000", "host": "proxied:8000"}, True),
        ({"origin": "https://proxied", "host": "proxied:8000"}, False),
        ({"origin": "https://www.example.org.evil.example"}, False),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "http://www.example.org"}, False),
        ({"origin": "null"}, False),
        ({"origin": "null", "host": ""}, False),
        ({"origin": ""}, False),
    ],
)
def test_only_some_pages_may_read_private_blogs(headers: dict[str, str], allowed: bool):
    origins = ReaderOrigins("https://www.example.org", "https://live.example.org")
    assert origins.may_read(request(**headers)) is allowed


@pytest.mark.parametrize(
    ("query", "headers", "found"),
    [
        ("", {}, None),
        ("token=a", {}, ("a", True)),
        ("token=", {"cookie": "t=b"}, ("b", True)),
        ("token=a", {"cookie": "t=b"}, ("a", True)),
        ("token=a", {"authorization": "Bearer eyJx.y.z", "cookie": "t=b"}, ("eyJx.y.z", True)),
        ("", {"authorization": "bearer  a.key.with-dots "}, ("a.key.with-dots", False)),
        ("token=a", {"authorization": "Basic x"}, ("a", True)),
        ("", {"cookie": "other=b"}, None),
    ],
)
def test_a_request_carries_one_token_or_key(query: str, headers: dict[str, str], found: object):
    assert credential_of(request(query, **headers), "t") == found
