"""Readers over each of the four live surfaces: what comes in goes to a `Client`, which checks it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import httpx
import msgpack
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.support.client import Client
from tests.support.node import RunningNode

Surface = Callable[[RunningNode, str, Client, httpx.AsyncClient], Awaitable[None]]
"""Follows a blog at a node from the client's cursor, until cancelled or sent away."""


def _query(client: Client) -> str:
    since = client.connected()
    return f"?since={quote(since)}" if since is not None else ""


async def _websocket(node: RunningNode, blog: str, client: Client, name: str, decode: Callable[[Any], Any]) -> None:
    address = f"{node.websocket_url}/blogs/{blog}/live{_query(client)}"
    async with connect(address, subprotocols=[Subprotocol(name)], compression=None, max_size=None) as line:
        async for data in line:
            client.receive(decode(data))


async def websocket_json(node: RunningNode, blog: str, client: Client, _http: httpx.AsyncClient) -> None:
    await _websocket(node, blog, client, "stoppress.v1+json", json.loads)


async def websocket_msgpack(node: RunningNode, blog: str, client: Client, _http: httpx.AsyncClient) -> None:
    await _websocket(node, blog, client, "stoppress.v1+msgpack", msgpack.unpackb)


async def server_sent_events(node: RunningNode, blog: str, client: Client, http: httpx.AsyncClient) -> None:
    since = client.connected()
    headers = {} if since is None else {"last-event-id": since}
    async with http.stream("GET", f"{node.url}/blogs/{blog}/events", headers=headers) as stream:
        assert stream.status_code == 200
        async for line in stream.aiter_lines():
            if line.startswith("data: "):
                client.receive(json.loads(line.removeprefix("data: ")))


async def changes(node: RunningNode, blog: str, client: Client, http: httpx.AsyncClient) -> None:
    client.connected()
    while True:
        query = {} if client.cursor is None else {"since": client.cursor, "wait": "5"}
        answer = await http.get(f"{node.url}/blogs/{blog}/changes", params=query)
        assert answer.status_code == 200, answer.text
        client.receive(answer.json())
        while not client.complete:
            answer = await http.get(f"{node.url}/blogs/{blog}/changes", params={"since": answer.json()["cursor"]})
            client.receive(answer.json())


SURFACES: tuple[Surface, ...] = (websocket_json, websocket_msgpack, server_sent_events, changes)
