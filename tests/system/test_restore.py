"""A node that was killed and whose store is restored from an older backup: the state of then, and resets (P1, P4)."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.conftest import StartNode
from tests.support.command import invoke
from tests.support.node import RunningNode, sqlite_url

ROUNDS = 20
BLOG = "/api/blogs/demo"


async def changes(editor: httpx.AsyncClient, since: str | None = None) -> dict[str, Any]:
    answer = await editor.get("/blogs/demo/changes", params={"since": since} if since else {})
    assert answer.status_code == 200, answer.text
    update: dict[str, Any] = answer.json()
    return update


async def post(editor: httpx.AsyncClient, number: int) -> str:
    answer = await editor.post(f"{BLOG}/entries", json={"markdown": f"entry {number} " * 50})
    assert answer.status_code == 201, answer.text
    return answer.headers["stoppress-cursor"]


async def first_message(node: RunningNode, since: str) -> dict[str, Any]:
    async with connect(f"{node.websocket_url}/blogs/demo/live?since={since}") as reader:
        message: dict[str, Any] = json.loads(await reader.recv())
    return message


async def one_round(node: RunningNode, store: str, backup: Path) -> None:
    async with node.editor() as editor:
        known = [await post(editor, number) for number in range(3)]
        draft = await editor.post(f"{BLOG}/entries", json={"markdown": "a draft", "status": "draft"})
        assert invoke("backup", "--store", store, str(backup)).code == 0
        then = await changes(editor)
        later = [await post(editor, number) for number in range(3, 6)]
        assert "in use by another stoppress" in invoke("restore", "--store", store, str(backup)).error
        writing = [asyncio.create_task(post(editor, number)) for number in range(6, 9)]
        await asyncio.wait(writing, return_when=asyncio.FIRST_COMPLETED)
        await node.stop(signal.SIGKILL)
        await asyncio.gather(*writing, return_exceptions=True)
    assert invoke("restore", "--store", store, str(backup)).code == 0
    await node.start()
    async with node.editor() as editor:
        assert (await editor.get("/readyz")).status_code == 200
        assert await changes(editor) == then
        assert (await editor.get(f"{BLOG}/entries/{draft.json()['id']}")).status_code == 200
        for written in range(2):  # cursors beyond the head, then cursors with the seqs of other changes
            for cursor in later:
                assert (await changes(editor, cursor))["from"] is None
                assert (await first_message(node, cursor))["from"] is None
            assert (await first_message(node, known[-1]))["from"] == known[-1]
            for number in range(5 * (1 - written)):
                await post(editor, number)


@pytest.mark.slow
async def test_a_killed_node_goes_on_from_an_older_backup(start_node: StartNode, tmp_path, figure):
    store = sqlite_url(tmp_path)
    node = await start_node(store)
    await node.make_blog("demo")
    for number in range(ROUNDS):
        await one_round(node, store, tmp_path / f"backup-{number % 2}.db")
    figure(f"restores of an older backup after kill -9, later readers reset: {ROUNDS} of {ROUNDS}")
