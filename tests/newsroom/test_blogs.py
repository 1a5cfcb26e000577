"""Whole blogs: made, replaced, changed, listed, deleted; and the pin from the header's side."""

from __future__ import annotations

import asyncio

import pytest

from stoppress.errors import BadInput, BlogNotFound, PreconditionFailed
from stoppress.model import HEADER
from stoppress.newsroom.commits import Request
from stoppress.newsroom.forms import EntryForm, HeaderForm
from stoppress.store.port import Once
from tests.support.newsroom import ANY, BLOG, Newsroom


async def test_putting_again_replaces_the_whole_header_and_keeps_the_entries(newsroom: Newsroom):
    entry = await newsroom.post(title="x")
    await newsroom.patch_header(standfirst="Old.", tags=["old"])
    await newsroom.blogs.put(BLOG, HeaderForm(headline="New"), ANY)
    header = await newsroom.header()
    assert (header.headline, header.standfirst, header.tags) == ("New", None, [])
    assert (await newsroom.get(entry)).title == "x"


async def test_a_patch_changes_what_it_names(newsroom: Newsroom):
    await newsroom.patch_header(standfirst="Follow the day.")
    header = await newsroom.patch_header(status="ended")
    assert (header.headline, header.standfirst, header.status) == ("Talks in Moscow", "Follow the day.", "ended")


async def test_what_is_not_there_cannot_be_patched_read_or_deleted(newsroom: Newsroom):
    for work in (
        newsroom.blogs.patch("nowhere", HeaderForm(), ANY),
        newsroom.blogs.get("nowhere"),
        newsroom.blogs.delete("nowhere"),
    ):
        with pytest.raises(BlogNotFound):
            await work


async def test_a_patch_for_another_version_loses(newsroom: Newsroom):
    await newsroom.patch_header(headline="New")
    with pytest.raises(PreconditionFailed) as refusal:
        await newsroom.patch_header(Request(if_match=frozenset({1})), headline="Newer")
    assert refusal.value.current.headline == "New"
    with pytest.raises(PreconditionFailed, match="does not exist yet"):
        await newsroom.blogs.put("new", HeaderForm(), Request(if_match=frozenset({1})))


async def test_concurrent_patches_are_all_applied(newsroom: Newsroom):
    await asyncio.gather(
        newsroom.patch_header(standfirst="Follow."),
        newsroom.patch_header(language="en"),
        newsroom.patch_header(timezone="Europe/Skopje"),
    )
    header = await newsroom.header()
    assert (header.standfirst, header.language, header.timezone) == ("Follow.", "en", "Europe/Skopje")


async def test_a_blog_made_anew_has_nothing_of_the_old_one(newsroom: Newsroom):
    request = Request(once=Once("tests:k", "x"))
    old = await newsroom.entries.create(BLOG, EntryForm(title="x"), request)
    await newsroom.blogs.delete(BLOG)
    made = await newsroom.blogs.put(BLOG, HeaderForm(), ANY)
    assert (made.version, made.cursor.seq) == (1, 1)
    assert await newsroom.listed() == []
    new = await newsroom.entries.create(BLOG, EntryForm(title="x"), request)
    assert new.content is not None and old.content is not None
    assert new.cursor != old.cursor


# The pin, set in the header


async def test_the_header_pins_another_entry(newsroom: Newsroom):
    old, new = await newsroom.post(title="old"), await newsroom.post(title="new")
    newsroom.changes.clear()
    await newsroom.patch_header(pinned=old.id)
    await newsroom.patch_header(pinned=new.id)
    first, second = ([item.id for item in told.items] for told in newsroom.changes)
    assert (first, second) == ([old.id, HEADER], [old.id, new.id, HEADER])
    assert (not (await newsroom.get(old)).pinned) and (await newsroom.get(new)).pinned


async def test_the_header_unpins(newsroom: Newsroom):
    entry = await newsroom.post(title="x", pinned=True)
    await newsroom.patch_header(pinned=None)
    assert (await newsroom.get(entry)).pinned is False


async def test_a_replaced_header_keeps_the_pin_that_it_names_and_no_other(newsroom: Newsroom):
    entry = await newsroom.post(title="x", pinned=True)
    await newsroom.blogs.put(BLOG, HeaderForm(headline="New", pinned=entry.id), ANY)
    assert (await newsroom.header()).pinned == entry.id
    assert (await newsroom.get(entry)).pinned is True
    await newsroom.blogs.put(BLOG, HeaderForm(headline="New"), ANY)
    assert (await newsroom.get(entry)).pinned is False


async def test_what_is_no_published_entry_cannot_be_pinned(newsroom: Newsroom):
    draft = await newsroom.post(title="x", status="draft")
    for name in ("nothing", HEADER, draft.id):
        with pytest.raises(BadInput, match="id of a published entry") as refusal:
            await newsroom.patch_header(pinned=name)
        assert refusal.value.field == "pinned"
    with pytest.raises(BadInput, match="has no entries yet"):
        await newsroom.blogs.put("new", HeaderForm(pinned="x"), ANY)
