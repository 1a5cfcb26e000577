from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stoppress.newsroom.forms import HeaderForm
from tests.support.newsroom import ANY, BLOG, Newsroom


@pytest.fixture
async def newsroom(tmp_path: Path) -> AsyncIterator[Newsroom]:
    newsroom = Newsroom(tmp_path / "blogs.db")
    await newsroom.store.open()
    await newsroom.blogs.put(BLOG, HeaderForm(headline="Talks in Moscow"), ANY)
    newsroom.changes.clear()
    yield newsroom
    await newsroom.store.close()
