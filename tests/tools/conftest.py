"""A node for commands that talk to one."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.node import RunningNode, sqlite_url


@pytest.fixture(scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningNode]:
    """One for all tests of a module, with the blog `demo`."""
    async with RunningNode(sqlite_url(tmp_path_factory.mktemp("store"))) as node:
        await node.make_blog("demo")
        yield node
