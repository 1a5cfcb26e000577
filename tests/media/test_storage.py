"""Every kind of storage keeps its contract; those of clouds against a service with the API of S3."""

from __future__ import annotations

import stat
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stoppress.errors import MediaUnavailable, StartError
from stoppress.media.storage import MediaStorage, storage_from
from tests.support.object_server import ObjectServer

A, B = "a" * 26 + "-320.avif", "b" * 26 + "-320.jpg"


@pytest.fixture(params=["directory", "memory", "s3"])
async def storage(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[MediaStorage]:
    setting = {"directory": f"file:{tmp_path / 'media'}", "memory": "memory:", "s3": "s3://bucket/images"}[
        request.param
    ]
    if request.param != "s3":
        yield some(storage_from(setting, "sqlite:blogs.db"))
        return
    async with ObjectServer() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield some(storage_from(setting, "redis://127.0.0.1"))


def some(storage: MediaStorage | None) -> MediaStorage:
    assert storage is not None
    return storage


async def content(storage: MediaStorage, blog: str, name: str) -> bytes | None:
    found = await storage.open(blog, name)
    if found is None:
        return None
    data = b"".join([piece async for piece in found.pieces])
    assert len(data) == found.size == await storage.size(blog, name)
    return data


async def test_it_keeps_lists_and_deletes_files(storage: MediaStorage):
    assert await storage.blogs() == [] == await storage.files("one")
    large = bytes(range(256)) * 2_000
    await storage.put("one", A, large)
    await storage.put("one", B, b"b")
    await storage.put("one-2", A, b"other")
    assert [await content(storage, "one", A), await content(storage, "one", B)] == [large, b"b"]
    assert await storage.blogs() == ["one", "one-2"]
    files = await storage.files("one")
    assert sorted(file.name for file in files) == [A, B]
    assert all(abs(file.modified - time.time()) < 60 for file in files)
    await storage.delete("one", [B, "missing-1.jpg", A])
    assert await storage.files("one") == []
    assert await content(storage, "one", A) is None is await storage.size("one", A)
    assert await content(storage, "one-2", A) == b"other"


async def test_no_name_leads_out_of_it(storage: MediaStorage):
    for blog, name in (("..", A), ("one", "../../secret"), ("one/..", "x")):
        with pytest.raises(MediaUnavailable):
            await storage.open(blog, name)


async def test_a_directory_is_for_its_user_alone_and_made_when_it_is_needed(tmp_path: Path):
    storage = some(storage_from("", f"sqlite:{tmp_path / 'blogs.db'}"))
    folder = tmp_path / "blogs.db-media"
    assert not folder.exists()
    await storage.put("one", A, b"a")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    await storage.delete("one", [A])
    assert list(folder.iterdir()) == []


async def test_a_directory_that_cannot_be_written_is_unavailable(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(MediaUnavailable):
        await some(storage_from(f"file:{tmp_path / 'file' / 'media'}", "sqlite:x")).put("one", A, b"a")


def test_with_redis_there_is_none_by_default():
    assert storage_from("", "redis://127.0.0.1") is None
    assert storage_from("off", "sqlite:blogs.db") is None


@pytest.mark.parametrize("setting", ["file:", "images", "ftp://host/x", "s3:", "s3://", "memory:x", "/srv/media"])
def test_what_is_no_storage_is_named(setting: str):
    with pytest.raises(StartError, match="use file:PATH"):
        storage_from(setting, "sqlite:blogs.db")


def test_a_mistake_in_the_address_of_a_cloud_shows_at_the_start(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)
    with pytest.raises(StartError, match="Account must be specified"):
        storage_from("az://container/path", "sqlite:blogs.db")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "account")
    assert storage_from("az://container/path", "sqlite:blogs.db") is not None
    assert storage_from("gs://bucket/path", "sqlite:blogs.db") is not None


def test_memory_is_for_one_process():
    with pytest.raises(StartError, match="one process"):
        storage_from("memory:", "redis://127.0.0.1")
