"""A store for keys, people and sessions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stoppress.store.accounts.port import Accounts
from stoppress.store.sqlite.store import SQLiteStore


@pytest.fixture
async def accounts(tmp_path: Path) -> AsyncIterator[Accounts]:
    store = SQLiteStore(tmp_path / "blogs.db")
    await store.open()
    yield store.accounts
    await store.close()
