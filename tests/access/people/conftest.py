from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from stoppress.access.people.passwords import Passwords
from stoppress.access.people.people import People
from stoppress.store.accounts.port import Accounts
from tests.support.clock import Clock

NOW = datetime(2026, 11, 23, 21, 0, tzinfo=UTC).timestamp()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time of the nodes and of the store."""
    clock = Clock()
    clock.now = NOW
    monkeypatch.setattr("stoppress.store.accounts.sqlite.time.time", clock)
    return clock


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    passwords = Passwords()
    yield passwords
    passwords.close()


@pytest.fixture
def people(accounts: Accounts, passwords: Passwords, clock: Clock) -> People:
    return People(accounts, passwords, clock)
