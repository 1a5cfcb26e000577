"""The list of all blogs follows the store, and reads no more of it than what has changed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from stoppress.newsroom import catalogue
from stoppress.newsroom.catalogue import FRESH_SECONDS, Catalogue
from stoppress.newsroom.forms import HeaderForm
from tests.support.clock import Clock
from tests.support.newsroom import ANY, BLOG, Newsroom


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def listed(newsroom: Newsroom, clock: Clock) -> Catalogue:
    return Catalogue(newsroom.store, clock)


@pytest.fixture
def reads(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the blogs whose headers are read."""
    names: list[str] = []
    item = newsroom.store.item

    async def counted(blog: str, item_id: str) -> Any:
        names.append(blog)
        return await item(blog, item_id)

    monkeypatch.setattr(newsroom.store, "item", counted)
    return names


async def headlines(listed: Catalogue) -> list[str]:
    return [header.headline for header in await listed.headers()]


async def test_it_has_what_is_there_and_follows(newsroom: Newsroom, listed: Catalogue, clock: Clock):
    assert await headlines(listed) == ["Talks in Moscow"]
    await newsroom.blogs.put("a", HeaderForm(headline="Another"), ANY)
    await newsroom.patch_header(headline="Talks are over")
    clock.now += FRESH_SECONDS
    assert await headlines(listed) == ["Another", "Talks are over"]
    await newsroom.blogs.delete("a")
    clock.now += FRESH_SECONDS
    assert await headlines(listed) == ["Talks are over"]


async def test_only_what_changed_is_read(newsroom: Newsroom, listed: Catalogue, clock: Clock, reads: list[str]):
    await newsroom.blogs.put("a", HeaderForm(headline="Another"), ANY)
    reads.clear()
    await listed.headers()
    assert reads == ["a", BLOG]
    await newsroom.post(markdown="x")
    clock.now += FRESH_SECONDS
    reads.clear()
    await listed.headers()
    assert reads == [BLOG]


async def test_many_who_ask_at_once_cost_one_look(listed: Catalogue, reads: list[str]):
    await asyncio.gather(*(listed.headers() for _ in range(20)))
    assert reads == [BLOG]


async def test_no_more_than_a_bounded_number_are_listed(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(catalogue, "MAX_BLOGS", 1)
    await newsroom.blogs.put("a", HeaderForm(headline="Another"), ANY)
    assert await headlines(Catalogue(newsroom.store)) == ["Another"]
