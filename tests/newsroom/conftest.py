from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from stoppress.newsroom.forms import HeaderForm
from tests.support.newsroom import ANY, BLOG, Newsroom


@pytest.fixture
async def newsroom(tmp_path: Path) -> AsyncIterator[Newsroom]:
    newsroom = Newsroom(tmp_path / "blogs.db")
    await newsroom.store.open()
    await newsroom.blogs.put(BLOG, HeaderForm(headline="Talks in Moscow"), ANY)
    newsroom.committed.clear()
    yield newsroom
    await newsroom.store.close()


@pytest.fixture
def eventually() -> Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]:
    """Ask again until the answer is true, for ten seconds at the most."""

    async def ask(question: Callable[[], Awaitable[Any]]) -> Any:
        async with asyncio.timeout(10):
            while not (answer := await question()):
                await asyncio.sleep(0.01)
            return answer

    return ask
