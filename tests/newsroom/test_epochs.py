"""Writing epochs: a tab that was taken over writes nothing more."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from stoppress.access.identity import Identity
from stoppress.errors import DraftTakenOver
from stoppress.newsroom.commits import Request
from stoppress.newsroom.desk.epochs import KEEP_SECONDS, MAX_DRAFTS, DraftEpoch, DraftEpochs, require_current
from stoppress.store.port import Once
from tests.support.newsroom import Newsroom

ANN = Identity("person", "ann", "editor", scope="person:ann")
BEA = Identity("person", "bea", "editor", scope="person:bea")
DRAFT = str(uuid4())


class _Clock:
    now = 1_700_000_000.0


@pytest.fixture
def epochs(newsroom: Newsroom) -> DraftEpochs:
    return DraftEpochs(newsroom.store.accounts, lambda: _Clock.now + 3e9)  # records have not ended for the store


def from_draft(epoch: int, who: Identity = ANN, once: Once | None = None) -> Request:
    return Request(who=who, draft=DraftEpoch(DRAFT, epoch), once=once)


async def test_the_newest_epoch_alone_writes(newsroom: Newsroom, epochs: DraftEpochs):
    first = await epochs.take_over(ANN, DRAFT)
    entry = await newsroom.post(from_draft(first), markdown="1")
    second = await epochs.take_over(ANN, DRAFT)
    assert second > first
    with pytest.raises(DraftTakenOver, match="nothing was written") as error:
        await newsroom.patch(entry, from_draft(first), markdown="2")
    assert (error.value.draft, error.value.epoch) == (DRAFT, second)
    with pytest.raises(DraftTakenOver):
        await newsroom.retract(entry, request=from_draft(first))
    assert (await newsroom.get(entry)).markdown == "1"
    assert (await newsroom.patch(entry, from_draft(second), markdown="2")).markdown == "2"


async def test_a_tab_that_was_taken_over_hears_of_that_first(newsroom: Newsroom, epochs: DraftEpochs):
    first = await epochs.take_over(ANN, DRAFT)
    entry = await newsroom.post(from_draft(first), markdown="1")
    await epochs.take_over(ANN, DRAFT)
    with pytest.raises(DraftTakenOver):
        await newsroom.patch(entry, from_draft(first)._replace(if_match={7}), markdown="2")


async def test_a_repeated_request_gets_its_answer_whatever_its_epoch(newsroom: Newsroom, epochs: DraftEpochs):
    request = from_draft(await epochs.take_over(ANN, DRAFT), once=Once("ann:1", "print"))
    entry = await newsroom.post(request, markdown="1")
    await epochs.take_over(ANN, DRAFT)
    assert await newsroom.post(request, markdown="1") == entry


async def test_epochs_belong_to_one_person(newsroom: Newsroom, epochs: DraftEpochs):
    epoch = await epochs.take_over(ANN, DRAFT)
    with pytest.raises(DraftTakenOver, match="not taken over"):
        await newsroom.post(from_draft(epoch, BEA), markdown="1")
    await epochs.take_over(BEA, DRAFT)
    await newsroom.post(from_draft(epoch), markdown="1")


async def test_tabs_that_take_over_at_once_get_different_epochs(newsroom: Newsroom, epochs: DraftEpochs):
    taken = await asyncio.gather(*(epochs.take_over(ANN, DRAFT) for _ in range(4)))
    assert len(set(taken)) == 4
    await require_current(newsroom.store.accounts, ANN, DraftEpoch(DRAFT, max(taken)))


async def test_an_ended_draft_is_refused_and_goes_on_with_a_higher_epoch(newsroom: Newsroom):
    accounts = newsroom.store.accounts
    old = await DraftEpochs(accounts, lambda: 1_600_000_000.0).take_over(ANN, DRAFT)  # ended long ago
    with pytest.raises(DraftTakenOver, match="7 days"):
        await newsroom.post(from_draft(old), markdown="1")
    assert await DraftEpochs(accounts, lambda: 1_600_000_000.0 + KEEP_SECONDS).take_over(ANN, DRAFT) > old


async def test_a_person_has_a_bounded_number_of_drafts(newsroom: Newsroom, epochs: DraftEpochs):
    for n in range(MAX_DRAFTS + 3):
        await epochs.take_over(ANN, f"{n:032d}")
    await epochs.take_over(BEA, DRAFT)
    records = await newsroom.store.accounts.records("draft_epoch")
    assert len(records) == MAX_DRAFTS + 1
    for n, ended in ((0, True), (2, True), (3, False), (MAX_DRAFTS + 2, False)):
        assert (await _epoch(newsroom, f"{n:032d}") is None) == ended


async def _epoch(newsroom: Newsroom, draft: str) -> int | None:
    with pytest.raises(DraftTakenOver) as error:
        await require_current(newsroom.store.accounts, ANN, DraftEpoch(draft, 1))
    return error.value.epoch
