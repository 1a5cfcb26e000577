"""Files go with the items that name them, also after a crash, and no others go."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stoppress.errors import BlogNotFound, MediaUnavailable, StoreUnavailable
from stoppress.media.cleaner import ERASED, LOOK_SECONDS, SWEEP, UNUSED_SECONDS, MediaCleaner
from stoppress.media.names import address, new_id
from stoppress.media.storage import MediaStorage, storage_from
from stoppress.model import Media
from stoppress.newsroom.blogs import Blogs
from stoppress.newsroom.commits import Committer, Request
from stoppress.newsroom.entries import Entries
from stoppress.newsroom.forms import EntryForm, HeaderForm
from stoppress.store.accounts.port import RecordWrite
from stoppress.store.port import Store
from stoppress.store.redis.store import RedisStore
from stoppress.store.sqlite.store import SQLiteStore

BLOG = "demo"


class Desk:
    """The use cases on a store, with files in memory and a clock that can be moved."""

    def __init__(self, store: Store) -> None:
        storage = storage_from("memory:", "sqlite:blogs.db")
        assert storage is not None
        self.storage: MediaStorage = storage
        self.store = store
        self.later = 0.0
        self.cleaner = MediaCleaner(storage, store, lambda: time.time() + self.later)
        committer = Committer(store, self, self.cleaner)
        self.blogs = Blogs(store, committer, self._deleted)
        self.entries = Entries(store, committer, self._newest)

    def committed(self, *_: object) -> None: ...

    async def reach(self, *_: object) -> None: ...

    def compare_soon(self, _blog: str) -> None: ...

    async def _newest(self, _blog: str) -> str:
        return ""

    async def _deleted(self, _blog: str) -> bool:
        return False

    async def upload(self, blog: str = BLOG) -> Media:
        """Return an image with two files."""
        upload = new_id()
        for name in (f"{upload}-320.avif", f"{upload}-400.jpg"):
            await self.storage.put(blog, name, b"pixels")
        return Media("image", address(blog, f"{upload}-400.jpg"))

    async def post(self, blog: str = BLOG, **fields: Any) -> str:
        form = msgspec.convert({"title": "T", **msgspec.to_builtins(fields)}, EntryForm)
        written = await self.entries.create(blog, form, Request())
        return str(getattr(written.content, "id", ""))

    async def patch(self, entry: str, **fields: Any) -> None:
        form = msgspec.convert(msgspec.to_builtins(fields), EntryForm)
        await self.entries.patch(BLOG, entry, form, Request())

    async def retract(self, entry: str) -> None:
        await self.entries.retract(BLOG, entry, None, Request())
        await self.done()

    async def done(self) -> None:
        """Wait for what goes on in the background: it does so on a busy machine."""
        async with asyncio.timeout(60):
            while self.cleaner.is_busy:
                await asyncio.sleep(0.01)

    async def make_blog(self, blog: str = BLOG, **fields: Any) -> None:
        await self.blogs.put(blog, msgspec.convert(msgspec.to_builtins(fields), HeaderForm), Request())

    async def has(self, media: Media, blog: str = BLOG) -> bool:
        """Return whether both files are there; it is an error if only one is."""
        upload = media.url.rpartition("/")[2].partition("-")[0]
        number = sum(file.name.startswith(upload) for file in await self.storage.files(blog))
        assert number in (0, 2)
        return number == 2

    async def notes(self) -> int:
        return len(await self.store.accounts.records(ERASED))

    @contextmanager
    def crash(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Keep everything that follows a write from being done."""

        async def nothing(*_: object) -> None: ...

        with monkeypatch.context() as patched:
            patched.setattr(MediaCleaner, "_clean", nothing)
            yield


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=pytest.mark.redis)])
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Desk]:
    store: Store
    if request.param == "sqlite":
        store = SQLiteStore(tmp_path / "blogs.db")
    else:
        server = request.getfixturevalue("redis_server")
        server.flush()
        store = RedisStore(server.url)
    await store.open()
    desk = Desk(store)
    await desk.make_blog()
    yield desk
    await store.close()


async def test_a_retraction_takes_the_files_that_nothing_else_names(desk: Desk):
    own, of_entry, of_draft, of_text, of_header = [await desk.upload() for _ in range(5)]
    unused = await desk.upload()
    entry = await desk.post(media=[own, of_entry, of_draft, of_text, of_header])
    await desk.post(media=[of_entry])
    await desk.post(media=[of_draft], status="draft")
    await desk.post(markdown=f"See ![a picture]({of_text.url})")
    await desk.make_blog(image=of_header)
    await desk.retract(entry)
    assert [await desk.has(one) for one in (own, of_entry, of_draft, of_text, of_header)] == [False, *[True] * 4]
    assert await desk.has(unused), "somebody may be about to name it"
    assert await desk.notes() == 0


async def test_a_retraction_takes_what_only_earlier_versions_named(desk: Desk):
    first, second = await desk.upload(), await desk.upload()
    entry = await desk.post(media=[first])
    await desk.patch(entry, media=[second])
    assert await desk.has(first)
    await desk.retract(entry)
    assert not await desk.has(first) and not await desk.has(second)


async def test_a_removed_draft_takes_its_files(desk: Desk):
    media = await desk.upload()
    draft = await desk.post(media=[media], status="draft")
    await desk.retract(draft)
    assert not await desk.has(media)


async def test_a_deleted_blog_takes_all_files_and_those_of_others_stay(desk: Desk):
    await desk.make_blog("other")
    others = await desk.upload("other")
    media, unused = await desk.upload(), await desk.upload()
    await desk.post(media=[media])
    await desk.blogs.delete(BLOG)
    await desk.done()
    assert await desk.storage.files(BLOG) == []
    assert await desk.has(others, "other") and not await desk.has(unused)
    assert await desk.notes() == 0


async def test_a_write_that_is_rejected_takes_nothing(desk: Desk):
    media = await desk.upload()
    entry = await desk.post(media=[media])
    with pytest.raises(BlogNotFound):
        await desk.blogs.delete("nowhere")
    await desk.patch(entry, title="Still there")
    assert await desk.has(media)


async def test_a_crash_after_a_retraction_is_made_up_for(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    media = await desk.upload()
    entry = await desk.post(media=[media])
    with desk.crash(monkeypatch):
        await desk.retract(entry)
    assert (await desk.has(media), await desk.notes()) == (True, 1)
    await desk.cleaner.look()
    assert await desk.has(media), "another node may be in the middle of the write"
    desk.later = LOOK_SECONDS + 1
    await desk.cleaner.look()
    assert (await desk.has(media), await desk.notes()) == (False, 0)


async def test_a_crash_before_a_retraction_takes_nothing(desk: Desk):
    media = await desk.upload()
    entry = await desk.post(media=[media])
    with pytest.raises(KeyboardInterrupt):
        async with desk.cleaner.erasing(BLOG, [entry]):
            raise KeyboardInterrupt
    desk.later = LOOK_SECONDS + 1
    await desk.cleaner.look()
    assert (await desk.has(media), await desk.notes()) == (True, 0)


async def test_a_crash_after_a_deletion_is_made_up_for_also_if_the_blog_is_there_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    old = await desk.upload()
    await desk.post(media=[old])
    with desk.crash(monkeypatch):
        await desk.blogs.delete(BLOG)
    await asyncio.sleep(0.01)  # the storage notes times in milliseconds
    await desk.make_blog()
    fresh, named = await desk.upload(), await desk.upload()
    await desk.post(media=[named])
    desk.later = LOOK_SECONDS + 1
    await desk.cleaner.look()
    assert [await desk.has(one) for one in (old, fresh, named)] == [False, True, True]
    assert await desk.notes() == 0


async def test_a_storage_that_fails_does_not_hold_up_a_retraction(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    media = await desk.upload()
    entry = await desk.post(media=[media])

    async def fail(*_: object) -> None:
        raise MediaUnavailable()

    with monkeypatch.context() as patched:
        patched.setattr(MediaStorage, "delete", fail)
        await desk.retract(entry)
    assert await desk.notes() == 1
    desk.later = LOOK_SECONDS + 1
    await desk.cleaner.look()
    assert not await desk.has(media)


async def test_a_store_that_fails_keeps_the_note(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    media = await desk.upload()
    entry = await desk.post(media=[media])
    with desk.crash(monkeypatch):
        await desk.retract(entry)

    async def fail(*_: object) -> None:
        raise StoreUnavailable("The store has lost the blog.")

    desk.later = LOOK_SECONDS + 1
    with monkeypatch.context() as patched:
        patched.setattr(type(desk.store), "read", fail)
        await desk.cleaner.look()
    assert (await desk.has(media), await desk.notes()) == (True, 1)


async def test_the_sweep_takes_old_files_that_nothing_names(desk: Desk):
    unused, named = await desk.upload(), await desk.upload()
    elsewhere = await desk.upload("unknown")
    await desk.post(media=[named], status="draft")
    await desk.cleaner.sweep()
    assert await desk.has(unused), "it is younger than a day"
    await desk.store.accounts.write([RecordWrite(SWEEP, "turn", None)])
    desk.later = UNUSED_SECONDS + 10
    await desk.cleaner.sweep()
    assert [await desk.has(one) for one in (unused, named)] == [False, True]
    assert await desk.has(elsewhere, "unknown"), "it may belong to another store"


async def test_one_node_sweeps_an_hour(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    swept = []

    async def note(_self: object, blog: str) -> None:
        swept.append(blog)

    monkeypatch.setattr(MediaCleaner, "_sweep_blog", note)
    await desk.upload()
    other = MediaCleaner(desk.storage, desk.store, time.time)
    await desk.cleaner.sweep()
    await other.sweep()
    assert swept == [BLOG]
