"""Search in the entries of a blog, by editors and contributors."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec
import pytest

from stoppress.access.identity import Identity
from stoppress.errors import NotNow
from stoppress.live.replica import Replica
from stoppress.model import START, Cursor, Item, Person, Segment, Source, StoredEntry
from stoppress.newsroom.commits import Request
from stoppress.newsroom.desk import search
from stoppress.newsroom.desk.search import EntryFilter, EntryLists
from stoppress.newsroom.entries import Entries
from tests.support.newsroom import BLOG, Newsroom

EDITOR = Identity("key", "ed", "editor")
ANN, BEA = (Identity("person", name, "contributor", scope=f"person:{name}") for name in ("ann", "bea"))


async def found(newsroom: Newsroom, **wanted: str) -> list[str | None]:
    return [entry.title for entry in await newsroom.listed(**wanted)]


async def test_all_words_are_found_wherever_they_are(newsroom: Newsroom):
    await newsroom.post(
        title="Tram", markdown="The **STRASSE** is closed.", authors=[{"name": "Zoë Ö"}], tags=["Verkehr"]
    )
    await newsroom.post(title="Bus", markdown="Nothing.", source={"name": "Anadolu"}, status="draft")
    for q in ("straße", "tram closed", "CLOSED zoë", "verk ö", "tram strasse verkehr zoë"):
        assert await found(newsroom, q=q) == ["Tram"], q
    assert await found(newsroom, q="anadolu bus") == ["Bus"]
    assert await found(newsroom, q="tram bus") == []
    assert await found(newsroom, q="**") == [], "text is searched, not markup"


@pytest.mark.parametrize(
    ("wanted", "titles"),
    [
        ({}, ["draft", "c", "b", "a"]),
        ({"source": "anadolu"}, ["draft", "b", "a"]),
        ({"source": "Ana"}, []),
        ({"tag": "X"}, ["b"]),
        ({"author": "ann LEE"}, ["a"]),
        ({"source": "Anadolu", "status": "published"}, ["b", "a"]),
        ({"source": "Anadolu", "q": "A"}, ["draft", "b", "a"]),
        ({"status": "draft"}, ["draft"]),
        ({"status": "retracted"}, [None]),
        ({"status": "scheduled"}, []),
    ],
)
async def test_what_is_asked_for_goes_together(newsroom: Newsroom, wanted: dict[str, str], titles: list[str | None]):
    anadolu = {"name": "Anadolu"}
    gone = await newsroom.post(title="gone", source=anadolu, tags=["x"])
    await newsroom.retract(gone)
    await newsroom.post(title="a", source=anadolu, authors=[{"name": "Ann Lee"}])
    await newsroom.post(title="b", source=anadolu, tags=["x", "y"])
    await newsroom.post(title="c")
    await newsroom.post(title="draft", source=anadolu, status="draft")
    assert await found(newsroom, **wanted) == titles + ([None] if not wanted else [])


async def test_a_contributor_finds_no_drafts_of_others(newsroom: Newsroom):
    for who in (ANN, BEA):
        await newsroom.post(Request(who=who), title=f"secret of {who.name}", status="draft")
    await newsroom.post(title="no secret")

    async def seen(who: Identity) -> list[str | None]:
        page = await newsroom.lists.page(who, BLOG, EntryFilter(q="secret"), None, 10)
        return [entry.title for entry in page.entries]

    assert await seen(ANN) == ["secret of ann", "no secret"]
    assert await seen(EDITOR) == ["secret of bea", "secret of ann", "no secret"]


async def test_pages_together_are_the_list(newsroom: Newsroom, monkeypatch):
    monkeypatch.setattr(search, "_CHUNK_ENTRIES", 3)
    for number in range(12):
        status = ("published", "draft", "published")[number % 3]
        moved: dict[str, Any] = {"published_at": f"2020-10-09T06:{number:02}:00Z"} if number % 2 else {}
        await newsroom.post(title=f"n{number}", markdown="odd" if number % 2 else "even", status=status, **moved)
    for wanted in (EntryFilter(), EntryFilter(q="odd"), EntryFilter(status="published"), EntryFilter(status="draft")):
        whole = (await newsroom.lists.page(EDITOR, BLOG, wanted, None, 500)).entries
        assert whole == sorted(whole, key=Entries.list_position, reverse=True)
        pages: list[StoredEntry] = []
        before = None
        while True:
            page = await newsroom.lists.page(EDITOR, BLOG, wanted, before, 2)
            pages += page.entries
            if not page.has_more:
                break
            before = Entries.list_position(page.entries[-1])
        assert pages == whole and len(whole) in (12, 6, 8, 4)


async def test_a_page_is_bounded(newsroom: Newsroom, monkeypatch):
    monkeypatch.setattr(search, "MAX_PAGE_BYTES", 1_000)
    for _ in range(4):
        await newsroom.post(markdown="x" * 300)
    page = await newsroom.lists.page(EDITOR, BLOG, EntryFilter(), None, 500)
    assert (len(page.entries), page.has_more) == (1, True)


async def test_a_bounded_number_of_searches_wait(newsroom: Newsroom, monkeypatch):
    monkeypatch.setattr(search, "MAX_WAITING", 2)
    searches = [newsroom.lists.page(EDITOR, BLOG, EntryFilter(q="x"), None, 5) for _ in range(3)]
    results = await asyncio.gather(*searches, return_exceptions=True)
    assert [isinstance(result, NotNow) for result in results] == [False, False, True]
    assert (await newsroom.lists.page(EDITOR, BLOG, EntryFilter(q="x"), None, 5)).entries == []


def long_blog(entries: int) -> Replica:
    """Return a blog whose entries have 2 KB of text each."""

    def item(number: int) -> Item:
        entry = StoredEntry(
            id=f"00000000-0000-7000-8000-{number:012d}",
            version=1,
            status="published",
            title=f"Entry {number}",
            text="words of an entry " * 110,
            authors=[Person("Ann Lee")],
            source=Source("Anadolu"),
            published_at=f"2020-10-09T{number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d}.000Z",
        )
        return Item(entry.id, number, 1, msgspec.json.encode(entry))

    replica = Replica(BLOG)
    items = tuple(item(number) for number in range(1, entries + 1))
    replica.absorb(Segment(START, tuple(Cursor.new_tag() for _ in items), items))
    return replica


async def test_a_search_through_a_long_blog_does_not_hold_up_the_event_loop(newsroom: Newsroom, figure: Any):
    replica = long_blog(10_000)

    async def give(_blog: str) -> Replica:
        return replica

    lists, gaps = EntryLists(newsroom.store, give), [0.0]

    async def watch() -> None:
        while True:
            begun = time.thread_time()
            await asyncio.sleep(0)
            gaps.append(time.thread_time() - begun)

    watching = asyncio.create_task(watch())
    begun = time.thread_time()
    page = await lists.page(EDITOR, BLOG, EntryFilter(q="lee words anadolu 9999"), None, 5)
    used = time.thread_time() - begun
    watching.cancel()
    assert [entry.title for entry in page.entries] == ["Entry 9999"]
    figure(f"search in 10,000 entries: {1000 * used:.0f} ms of CPU, at most {1000 * max(gaps):.1f} ms at once")
    assert max(gaps) < 0.020
    plain = time.thread_time()
    await lists.page(EDITOR, BLOG, EntryFilter(), None, 50)
    assert time.thread_time() - plain < 0.020
