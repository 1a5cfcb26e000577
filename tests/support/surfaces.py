"""Readers over each of the four live surfaces. Every message goes to a `Client`, which checks it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx
import msgpack
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.support.client import Client
from tests.support.event_stream import listening
from tests.support.node import RunningNode


class Session(NamedTuple):
    """The parameters of one session: follow a blog at a node from the client's cursor for some seconds."""

    node: RunningNode
    blog: str
    client: Client
    http: httpx.AsyncClient
    seconds: float


Surface = Callable[[Session], Awaitable[None]]
"""Follows a blog for a session. It raises `TimeoutError` at the end, or returns earlier if the server ends it."""


def _query(client: Client) -> str:
    since = client.connected()
    return f"?since={quote(since)}" if since is not None else ""


async def _websocket(session: Session, name: str, decode: Callable[[Any], Any]) -> None:
    address = f"{session.node.websocket_url}/blogs/{session.blog}/live{_query(session.client)}"
    async with connect(address, subprotocols=[Subprotocol(name)], compression=None, max_size=None) as connection:
        async with asyncio.timeout(session.seconds):
            async for data in connection:
                session.client.receive(decode(data))


async def server_sent_events(session: Session) -> None:
    session.http.base_url = httpx.URL(session.node.url)
    async with listening(session.http, session.blog, last=session.client.connected()) as events:
        async with asyncio.timeout(session.seconds):
            async for event in events:
                session.client.receive(event.json())


async def changes(session: Session) -> None:
    client, address = session.client, f"{session.node.url}/blogs/{session.blog}/changes"
    client.connected()
    async with asyncio.timeout(session.seconds):
        while True:
            query = {} if client.cursor is None else {"since": client.cursor, "wait": "5"}
            answer = await session.http.get(address, params=query)
            assert answer.status_code == 200, answer.text
            client.receive(answer.json())
            while not client.complete:
                answer = await session.http.get(address, params={"since": answer.json()["cursor"]})
                client.receive(answer.json())


SURFACES: tuple[Surface, ...] = (
    partial(_websocket, name="stoppress.v1+json", decode=json.loads),
    partial(_websocket, name="stoppress.v1+msgpack", decode=msgpack.unpackb),
    server_sent_events,
    changes,
)
