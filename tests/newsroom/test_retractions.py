"""Retractions of several entries at once."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from stoppress.access.identity import Identity
from stoppress.errors import BadInput, BlogNotFound, EntryNotFound, Forbidden, KeyReused, StoreUnavailable
from stoppress.model import StoredEntry
from stoppress.newsroom.commits import Request
from stoppress.newsroom.desk import retractions
from stoppress.newsroom.desk.retractions import RetractedEntries, RetractionsForm
from stoppress.store.port import Once
from tests.support.newsroom import ANY, BLOG, Newsroom

ED = Request(who=Identity("key", "ed", "editor"))
ANADOLU = {"name": "Anadolu"}


async def retract(newsroom: Newsroom, request: Request = ED, **form: Any) -> RetractedEntries:
    return await newsroom.retractions.retract(BLOG, msgspec.convert(form, RetractionsForm), request)


async def statuses(newsroom: Newsroom, entries: list[StoredEntry]) -> list[str]:
    return [(await newsroom.get(entry)).status for entry in entries]


async def test_all_of_a_source_are_retracted(newsroom: Newsroom, monkeypatch):
    monkeypatch.setattr(retractions, "COMMIT_ENTRIES", 2)
    entries = [await newsroom.post(markdown="x", source=ANADOLU) for _ in range(5)]
    other = await newsroom.post(markdown="x", source={"name": "Reuters"}, pinned=True)
    pinned = await newsroom.patch(entries[2], pinned=True)
    draft = await newsroom.post(markdown="x", source=ANADOLU, status="draft")
    newsroom.changes.clear()
    done = await retract(newsroom, source="anadolu", note="It was wrong.")
    assert [entry.id for entry in done.entries] == [entry.id for entry in reversed(entries)]
    assert {(entry.status, entry.note, entry.html) for entry in done.entries} == {("retracted", "It was wrong.", None)}
    assert (done.pending, done.has_more, done.replayed) == ([draft.id], False, False)
    assert [len(change.items) for change in newsroom.changes] == [2, 3, 1], "the header goes with the pinned entry"
    assert (await newsroom.header()).pinned is None and pinned.pinned
    assert await statuses(newsroom, [other, draft]) == ["published", "draft"]
    acts = await newsroom.store.past.acts(BLOG, after=None, before=None, limit=6)
    assert [(act.action, act.item, act.version, act.who.name) for act in acts[:5]] == [
        ("retract", entry.id, 3 if entry is entries[2] else 2, "ed")
        for entry in (*entries[:1], *entries[1:3], *entries[3:])
    ]
    assert acts[5].action == "draft"


async def test_chosen_entries_are_retracted_once(newsroom: Newsroom):
    entries = [await newsroom.post(markdown="x") for _ in range(3)]
    await newsroom.retract(entries[0], "before")
    done = await retract(newsroom, entries=[entries[0].id, entries[1].id, entries[1].id])
    assert [(entry.id, entry.note) for entry in done.entries] == [(entries[1].id, None), (entries[0].id, "before")]
    assert await statuses(newsroom, entries) == ["retracted", "retracted", "published"]
    assert (await newsroom.get(entries[1])).version == 2


async def test_a_repeated_request_retracts_no_others(newsroom: Newsroom):
    request = ED._replace(once=Once("ed:1", "print"))
    first = await newsroom.post(markdown="x", source=ANADOLU)
    done = await retract(newsroom, request, source="Anadolu")
    later = await newsroom.post(markdown="y", source=ANADOLU)
    again = await retract(newsroom, request, source="Anadolu")
    assert (again.replayed, again.entries) == (True, done.entries)
    assert await statuses(newsroom, [first, later]) == ["retracted", "published"]
    with pytest.raises(KeyReused):
        await retract(newsroom, ED._replace(once=Once("ed:1", "other")), source="Reuters")


async def test_an_interrupted_request_goes_on(newsroom: Newsroom, monkeypatch):
    monkeypatch.setattr(retractions, "COMMIT_ENTRIES", 1)
    entries = [await newsroom.post(markdown="x", source=ANADOLU) for _ in range(3)]
    request, commit, calls = ED._replace(once=Once("ed:1", "print")), newsroom.store.commit, []

    async def fail_the_second(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 2:
            raise StoreUnavailable("The store failed.")
        return await commit(*arguments)

    monkeypatch.setattr(newsroom.store, "commit", fail_the_second)
    with pytest.raises(StoreUnavailable):
        await retract(newsroom, request, source="Anadolu")
    assert sorted(await statuses(newsroom, entries)) == ["published", "published", "retracted"]
    assert len((await retract(newsroom, request, source="Anadolu")).entries) == 3
    assert set(await statuses(newsroom, entries)) == {"retracted"}


async def test_one_request_is_bounded(newsroom: Newsroom, monkeypatch):
    monkeypatch.setattr(retractions, "MAX_RETRACTIONS", 2)
    entries = [await newsroom.post(markdown="x", source=ANADOLU) for _ in range(3)]
    done = await retract(newsroom, source="Anadolu")
    assert ([entry.id for entry in done.entries], done.has_more) == ([entries[2].id, entries[1].id], True)
    assert not (await retract(newsroom, source="Anadolu")).has_more
    assert set(await statuses(newsroom, entries)) == {"retracted"}


async def test_what_is_refused_retracts_nothing(newsroom: Newsroom):
    entry, draft = await newsroom.post(markdown="x"), await newsroom.post(markdown="x", status="draft")
    both = {"source": "Anadolu", "entries": [entry.id]}
    nobody = "00000000-0000-7000-8000-000000000000"
    for form, error in (
        ({}, BadInput),
        (both, BadInput),
        ({"entries": [entry.id, draft.id]}, BadInput),
        ({"entries": [entry.id, nobody]}, EntryNotFound),
    ):
        with pytest.raises(error):
            await retract(newsroom, **form)
    contributor = Request(who=Identity("key", "cora", "contributor"))
    with pytest.raises(Forbidden):
        await retract(newsroom, contributor, entries=[entry.id])
    with pytest.raises(BlogNotFound):
        await newsroom.retractions.retract("nowhere", RetractionsForm(source="x"), ANY)
    assert await statuses(newsroom, [entry, draft]) == ["published", "draft"]
