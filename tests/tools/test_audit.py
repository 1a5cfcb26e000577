"""`stoppress audit`: who did what, as lines of JSON."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import patch

import httpx
import pytest

from tests.conftest import StartNode
from tests.support.command import invoke
from tests.support.node import RunningNode


@pytest.fixture
async def audited(start_node: StartNode) -> RunningNode:
    """A node with six acts in a blog that is deleted."""
    node = await start_node(STOPPRESS_KEYS="tests:editor:secret-of-the-tests ada:admin:secret-of-ada")
    async with node.editor() as editor:
        await editor.put("/api/blogs/council", json={"headline": "The council votes"})
        for title in "abcd":
            await editor.post("/api/blogs/council/entries", json={"title": title})
        await editor.delete("/api/blogs/council", headers=[(b"stoppress-reason", "\u0418\u0437".encode())])
    return node


def run(node: RunningNode, *arguments: str) -> list[dict[str, Any]]:
    result = invoke("audit", *arguments, environ={"STOPPRESS_URL": node.url, "STOPPRESS_API_KEY": "secret-of-ada"})
    assert (result.code, result.err) == (0, "")
    return [json.loads(line) for line in result.out.splitlines()]


async def test_the_newest_acts_come_first(audited: RunningNode):
    acts = run(audited, "council")
    assert [act["action"] for act in acts] == ["delete_blog", *["publish"] * 4, "create_blog"]
    assert (acts[0]["who"], acts[0]["reason"]) == ({"kind": "key", "name": "tests"}, "\u0418\u0437")
    assert run(audited, "council", "--limit", "2") == acts[:2]
    assert run(audited) == []


async def test_with_an_id_all_later_acts_come_in_order(audited: RunningNode):
    acts = run(audited, "council")[::-1]
    with patch("stoppress.tools.desk._MAX_PAGE", 2):
        assert run(audited, "council", "--after", "0") == acts
        assert run(audited, "council", "--after", acts[2]["id"]) == acts[3:]
        assert run(audited, "council", "--after", "0", "--limit", "5") == acts[:5]


async def test_an_editor_is_told_what_is_missing(audited: RunningNode):
    result = invoke("audit", "council", environ={"STOPPRESS_URL": audited.url, "STOPPRESS_API_KEY": audited.key})
    assert "(403)" in result.error and "may not read the audit" in result.error


async def test_a_wrong_id_is_explained(audited: RunningNode):
    result = invoke(
        *("audit", "--after", "x"), environ={"STOPPRESS_URL": audited.url, "STOPPRESS_API_KEY": "secret-of-ada"}
    )
    assert "`after` must be the `id` of an act" in result.error


async def test_acts_of_the_site_need_no_blog(audited: RunningNode):
    async with httpx.AsyncClient(base_url=audited.url, headers={"authorization": "Bearer secret-of-ada"}) as ada:
        assert (await ada.get("/api/audit")).json() == {"acts": []}
