"""After a retraction, the body is nowhere in the store: in no version, act, remembered answer, key or file."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
from redis.asyncio import Redis

from tests.conftest import Eventually, StartNode
from tests.support.node import RunningNode, sqlite_url

BLOG = "/api/blogs/council"


class Contents(Protocol):
    url: str

    async def all(self) -> bytes:
        """Return everything that the store has."""


class Files:
    """The files of an embedded store."""

    def __init__(self, folder: Path) -> None:
        self.url = sqlite_url(folder)
        self._folder = folder

    async def all(self) -> bytes:
        return b"".join(path.read_bytes() for path in sorted(self._folder.rglob("*")) if path.is_file())


class Keys:
    """All keys of a Redis."""

    def __init__(self, url: str, redis: Redis) -> None:
        self.url = url
        self.redis: Any = redis

    async def all(self) -> bytes:
        return repr([(key, await self._value(key)) for key in sorted(await self.redis.keys())]).encode()

    async def _value(self, key: bytes) -> Any:
        match (await self.redis.type(key)).decode():
            case "hash":
                return await self.redis.hgetall(key)
            case "list":
                return await self.redis.lrange(key, 0, -1)
            case "set":
                return await self.redis.smembers(key)
            case "zset":
                return await self.redis.zrange(key, 0, -1, withscores=True)
            case "stream":
                return await self.redis.xrange(key)
        return await self.redis.get(key)

    async def copy(self) -> dict[bytes, Any]:
        return {key: await self.redis.dump(key) for key in await self.redis.keys()}

    async def put_back(self, copy: dict[bytes, Any]) -> None:
        """Replace everything by an older copy, as a restored backup does."""
        async with self.redis.pipeline(transaction=True) as pipeline:
            pipeline.flushall()
            for key, value in copy.items():
                pipeline.restore(key, 0, value)
            await pipeline.execute()


@pytest.fixture
async def keys(redis_server: Any) -> AsyncIterator[Keys]:
    async with Redis.from_url(redis_server.url) as redis:
        await redis.flushall()
        yield Keys(redis_server.url, redis)


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=pytest.mark.redis)])
def contents(request: pytest.FixtureRequest, tmp_path: Path) -> Contents:
    if request.param == "sqlite":
        return Files(tmp_path)
    found: Contents = request.getfixturevalue("keys")
    return found


class Story:
    """An entry that is written as a draft, published and edited, with a word in each version that nothing else has."""

    def __init__(self, editor: httpx.AsyncClient) -> None:
        self._editor = editor
        self.words: list[str] = []
        self.entry = ""

    def word(self) -> str:
        self.words.append(secrets.token_hex(8))
        return self.words[-1]

    async def send(self, method: str, path: str, **body: object) -> httpx.Response:
        headers = {"idempotency-key": secrets.token_hex(8)}
        answer = await self._editor.request(method, BLOG + path, json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer

    async def write(self) -> None:
        await self.send("PUT", "", headline="The council votes")
        draft = await self.send("POST", "/entries", markdown=self.word(), title=self.word(), status="draft")
        self.entry = f"/entries/{draft.json()['id']}"
        await self.send("PATCH", self.entry, markdown=self.word() * 500)  # SQLite stores it on pages of its own
        await self.send("PATCH", self.entry, status="published", title=self.word())
        await self.send("PATCH", self.entry, html=f"<p>{self.word()}</p>", tags=[self.word()], pinned=True)
        await self.send("PATCH", self.entry, correction=self.word())

    async def versions(self) -> str:
        return (await self._editor.get(f"{BLOG}{self.entry}/versions", params={"limit": 50})).text

    def found(self, text: str | bytes) -> list[str]:
        data = text.encode() if isinstance(text, str) else text
        return [word for word in self.words if word.encode() in data]


async def test_a_retracted_body_is_nowhere_in_the_store(start_node: StartNode, contents: Contents):
    node = await start_node(contents.url)
    async with node.editor() as editor:
        story = Story(editor)
        await story.write()
        assert story.found(await story.versions()) == story.words
        assert story.found(await contents.all()) == story.words
        await story.send("DELETE", story.entry)
        assert story.found(await contents.all()) == []
        assert story.found(await story.versions()) == []
        assert story.found((await editor.get("/api/audit", params={"blog": "council"})).text) == []


async def test_a_removed_draft_and_a_deleted_blog_leave_no_versions(start_node: StartNode, contents: Contents):
    node = await start_node(contents.url)
    async with node.editor() as editor:
        story = Story(editor)
        await story.send("PUT", "", headline="The council votes")
        await _edited_draft(editor, story)
        await editor.delete(BLOG + story.entry)
        await story.write()
        await editor.delete(BLOG)
        assert story.found(await contents.all()) == []


async def _edited_draft(editor: httpx.AsyncClient, story: Story) -> None:
    """Without Idempotency-Keys, whose answers keep the text of a draft for a day."""
    made = await editor.post(f"{BLOG}/entries", json={"markdown": story.word(), "status": "draft"})
    story.entry = f"/entries/{made.json()['id']}"
    await editor.patch(BLOG + story.entry, json={"markdown": story.word()})


async def _nothing_more(_keys: Keys, _story: Story) -> None:
    pass


async def _write_since(_keys: Keys, story: Story) -> None:
    await story.send("POST", "/entries", markdown="since")


async def _lose_a_part(keys: Keys, _story: Story) -> None:
    await keys.redis.delete("stoppress:{council}:line")


@pytest.mark.redis
@pytest.mark.parametrize("then", [_nothing_more, _write_since, _lose_a_part])
async def test_a_retraction_that_redis_lost_erases_the_versions_again(
    start_node: StartNode, keys: Keys, eventually: Eventually, then: Callable[[Keys, Story], Awaitable[None]]
):
    node: RunningNode = await start_node(keys.url)
    async with node.editor() as editor:
        story = Story(editor)
        await story.write()
        older = await keys.copy()
        await story.send("DELETE", story.entry)
        await keys.put_back(older)
        await then(keys, story)

        async def is_erased() -> bool:
            return story.found(await keys.all()) == []

        assert await eventually(is_erased)
        assert story.found(await story.versions()) == []
