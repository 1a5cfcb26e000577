"""A store that is measured does what the other one does, and counts it."""

from __future__ import annotations

import inspect
from typing import Any, cast

import pytest

from stoppress.errors import StoreUnavailable, VersionConflict
from stoppress.store.accounts import timed
from stoppress.store.accounts.port import Accounts
from stoppress.store.past.port import Past
from stoppress.store.port import Store
from stoppress.store.timed import TimedStore
from stoppress.telemetry.counts import Counts
from stoppress.telemetry.tracing import Tracing

METHODS, PAST = (
    {name: method for name, method in vars(port).items() if inspect.isfunction(method) and name[0] != "_"}
    for port in (Store, Past)
)
OPERATIONS = sorted((METHODS | PAST).keys() - {"open", "close", "hints"})
OF_ACCOUNTS = {name: method for name, method in vars(Accounts).items() if name in timed.OPERATIONS}


class Recording:
    """Takes any call."""

    nodes_share_it = True

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.error: Exception | None = None

    @property
    def accounts(self) -> Recording:
        return self

    def __getattr__(self, name: str) -> Any:
        if name == "past":
            return self

        async def take(*arguments: Any, **options: Any) -> str:
            self.calls.append((name, (*arguments, *options.values())))
            if self.error:
                raise self.error
            return f"result of {name}"

        return take


@pytest.fixture
def below() -> Recording:
    return Recording()


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture
def store(below: Recording, counts: Counts) -> Store:
    return TimedStore(cast(Store, below), counts, Tracing())


def test_it_has_the_signatures_of_the_port():
    for name, method in METHODS.items():
        assert inspect.signature(getattr(TimedStore, name)) == inspect.signature(method), name


def test_its_past_has_the_signatures_of_the_port(store: Store):
    for name, method in PAST.items():
        assert inspect.signature(getattr(type(store.past), name)) == inspect.signature(method), name


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_an_operation_is_counted(below: Recording, counts: Counts, store: Store, operation: str):
    parameters = list(inspect.signature((METHODS | PAST)[operation]).parameters.values())[1:]
    given = [f"{one.name}!" for one in parameters if one.kind is not one.KEYWORD_ONLY]
    options = {one.name: f"{one.name}!" for one in parameters if one.kind is one.KEYWORD_ONLY}
    work = getattr(store if operation in METHODS else store.past, operation)
    assert await work(*given, **options) in (f"result of {operation}", None)
    assert below.calls == [(operation, (*given, *options.values()))]
    assert {name: histogram.count for name, histogram in counts.store.items()} == {operation: 1}
    assert counts.store_errors[operation] == 0
    below.error = StoreUnavailable("away")
    with pytest.raises(StoreUnavailable):
        await work(*given, **options)
    assert +counts.store_errors == {operation: 1}
    assert counts.store[operation].count == 2


def test_accounts_have_the_signatures_of_their_port():
    assert set(timed.OPERATIONS) == {name for name in vars(Accounts) if name[0] != "_"}
    for name, method in OF_ACCOUNTS.items():
        assert inspect.signature(getattr(timed.TimedAccounts, name)) == inspect.signature(method), name


@pytest.mark.parametrize("method", OF_ACCOUNTS)
async def test_an_operation_of_accounts_is_counted(below: Recording, counts: Counts, store: Store, method: str):
    given = [f"{name}!" for name in inspect.signature(OF_ACCOUNTS[method]).parameters if name != "self"]
    assert await getattr(store.accounts, method)(*given) == f"result of {method}"
    assert below.calls == [(method, tuple(given))]
    below.error = StoreUnavailable("away")
    with pytest.raises(StoreUnavailable):
        await getattr(store.accounts, method)(*given)
    assert +counts.store_errors == {timed.OPERATIONS[method]: 1}
    assert counts.store[timed.OPERATIONS[method]].count == 2


async def test_what_the_store_refuses_is_no_error_of_the_store(below: Recording, counts: Counts, store: Store):
    below.error = VersionConflict("x", 1)
    with pytest.raises(VersionConflict):
        await store.commit("demo", [])
    assert +counts.store_errors == {}


def test_every_counter_of_failures_is_there_from_the_start(counts: Counts, store: Store):
    assert dict(counts.store_errors) == dict.fromkeys([*OPERATIONS, *timed.OPERATIONS.values()], 0)
