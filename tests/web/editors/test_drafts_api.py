"""Writing epochs over real HTTP, for keys and for people with a session."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest

from tests.support.node import RunningNode
from tests.support.people import make_person, sign_in


@pytest.fixture(params=["key", "person"])
async def sender(
    request: pytest.FixtureRequest, node: RunningNode, editor: httpx.AsyncClient
) -> AsyncIterator[httpx.AsyncClient]:
    if request.param == "key":
        yield editor
        return
    await make_person(node, "ann", "editor")
    async with await sign_in(node, "ann") as person:
        yield person


async def test_an_older_tab_cannot_write(sender: httpx.AsyncClient, blog: str):
    draft = str(uuid4())
    entries = f"/api/blogs/{blog}/entries"

    async def take_over() -> dict[str, str]:
        answer = await sender.put(f"/api/session/drafts/{draft}")
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store"), answer.text
        return {"stoppress-draft": f"{draft} {answer.json()['epoch']}"}

    older = await take_over()
    made = await sender.post(entries, json={"markdown": "1", "status": "draft"}, headers=older)
    assert made.status_code == 201, made.text
    newer = await take_over()
    for answer in (
        await sender.post(entries, json={"markdown": "2"}, headers=older),
        await sender.patch(made.headers["location"], json={"markdown": "2"}, headers=older),
        await sender.delete(made.headers["location"], headers=older),
    ):
        assert answer.status_code == 409, answer.text
        problem = answer.json()
        assert "Another tab or device has taken over this draft" in problem["detail"]
        assert f"{problem['draft']} {problem['epoch']}" == newer["stoppress-draft"]
    assert (await sender.get(made.headers["location"])).json()["markdown"] == "1"
    published = await sender.patch(made.headers["location"], json={"status": "published"}, headers=newer)
    assert published.status_code == 200, published.text


async def test_a_malformed_draft_is_an_error_that_says_so(editor: httpx.AsyncClient, blog: str):
    assert (await editor.put("/api/session/drafts/mine")).status_code == 400
    for header in ("1", str(uuid4()), f"{uuid4()} 0", f"{str(uuid4()).upper()} 1"):
        answer = await editor.post(
            f"/api/blogs/{blog}/entries", json={"markdown": "1"}, headers={"stoppress-draft": header}
        )
        assert answer.status_code == 400 and "Stoppress-Draft" in answer.json()["detail"]
