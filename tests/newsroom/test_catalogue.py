"""The list of all blogs follows the store, and reads no more of it than what has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
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
    headers = newsroom.store.headers

    async def counted(blogs: Sequence[str]) -> Any:
        names.extend(blogs)
        return await headers(blogs)

    monkeypatch.setattr(newsroom.store, "headers", counted)
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


async def test_a_look_reads_new_blogs_and_a_bounded_number_of_others_in_turn(
    newsroom: Newsroom, listed: Catalogue, clock: Clock, reads: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(catalogue, "READ_AGAIN_BLOGS", 2)
    for name in "abcd":
        await newsroom.blogs.put(name, HeaderForm(headline=name), ANY)
    assert await headlines(listed) == [*"abcd", "Talks in Moscow"]
    assert reads == [*"abcd", BLOG]
    await newsroom.blogs.put("c", HeaderForm(headline="changed"), ANY)
    for expected in ("ab", "cd", f"{BLOG} a"):
        reads.clear()
        clock.now += FRESH_SECONDS
        await listed.headers()
        assert reads == (expected.split() if " " in expected else [*expected])
    assert await headlines(listed) == ["a", "b", "changed", "d", "Talks in Moscow"]


async def test_the_list_is_the_same_object_until_it_changes(newsroom: Newsroom, listed: Catalogue, clock: Clock):
    before = await listed.headers()
    clock.now += FRESH_SECONDS
    assert await listed.headers() is before
    await newsroom.patch_header(headline="Talks are over")
    clock.now += FRESH_SECONDS
    assert await listed.headers() is not before


async def test_a_blog_that_comes_back_is_listed_again(newsroom: Newsroom, listed: Catalogue, clock: Clock):
    for is_there in (True, False, True):
        if is_there:
            await newsroom.blogs.put("a", HeaderForm(headline="Another"), ANY)
        else:
            await newsroom.blogs.delete("a")
        clock.now += FRESH_SECONDS
        assert ("Another" in await headlines(listed)) is is_there


async def test_many_who_ask_at_once_cost_one_look(listed: Catalogue, reads: list[str]):
    await asyncio.gather(*(listed.headers() for _ in range(20)))
    assert reads == [BLOG]


async def test_no_more_than_a_bounded_number_are_listed(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(catalogue, "MAX_BLOGS", 1)
    await newsroom.blogs.put("a", HeaderForm(headline="Another"), ANY)
    assert await headlines(Catalogue(newsroom.store)) == ["Another"]
