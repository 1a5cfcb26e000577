"""Publish in the blog `demo`, as an editor."""

from __future__ import annotations

from typing import Any

from tests.support.node import RunningNode


async def send(node: RunningNode, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    async with node.editor() as editor:
        answer = await editor.request(method, f"/api/blogs/demo{path}", json=body)
    assert answer.status_code < 300, answer.text
    return dict(answer.json())


async def post(node: RunningNode, **fields: Any) -> str:
    """Publish an entry. Return its id."""
    # Media need absolute addresses; these are on the node, so that browsers make no requests to other hosts
    fields["media"] = [
        {**one, "url": node.url + one["url"] if one["url"].startswith("/") else one["url"]}
        for one in fields.get("media", [])
    ]
    return str((await send(node, "POST", "/entries", fields))["id"])


async def edit(node: RunningNode, entry: str, **fields: Any) -> None:
    await send(node, "PATCH", f"/entries/{entry}", fields)
